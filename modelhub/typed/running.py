"""Runs what a model asks for: the function that a tool call names, with arguments that were checked first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modelhub.errors import BadRequestError, ResponseParsingError
from modelhub.printable import printable, shorten
from modelhub.typed.faults import Misfit, NoForm, join
from modelhub.typed.functions import describe_function, is_function, name_function


def run(name: str, arguments: Mapping[str, Any], functions: Any) -> Any:
    """What the function called ``name`` returns, an awaitable of an async one.

    ``functions`` may be what was given as ``tools``: one function or several; what is no function is passed over.
    Raises ResponseParsingError, and calls nothing, if there is no such function or an argument is wrong or missing;
    BadRequestError for functions that cannot be tools.
    """
    function = _find(name, functions)
    try:
        bound = describe_function(function).bind(arguments)
    except NoForm as error:
        raise BadRequestError(f"{name} cannot be called by a model: {error}") from None
    except Misfit as flaw:
        raise ResponseParsingError(
            f"{name} cannot be called: its argument {printable(flaw.place)} {flaw.why}"
        ) from None
    except RecursionError:
        raise ResponseParsingError(f"{name} cannot be called: its arguments are nested too deep") from None
    return function(*bound.args, **bound.kwargs)


def _find(name: str, functions: Any) -> Any:
    given: Iterable[Any] = [functions] if is_function(functions) else functions
    named: dict[str, Any] = {}
    for one in given.values() if isinstance(given, Mapping) else given:
        if is_function(one):
            known = name_function(one)
            if named.setdefault(known, one) is not one and named[known] != one:
                raise BadRequestError(f"two functions are called {known!r}: pass one of them, or name them differently")
    if name in named:
        return named[name]
    what = f"there are {join(sorted(named))}" if named else "there are none"
    raise ResponseParsingError(f"the model called {shorten(printable(name), 80)!r}, which is no function here: {what}")
