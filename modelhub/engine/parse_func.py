"""AgentScope's ``parse_func``: a caller's function that reads the answer; if it cannot, the model is asked again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from modelhub.engine.effects import Flow, Sleep
from modelhub.engine.passing_on import passed_on
from modelhub.errors import BadRequestError, ResponseParsingError
from modelhub.response.accumulator import Accumulator

PARSING = frozenset({"parse_func", "fault_handler", "max_retries"})
PARSE_WAIT = 1.0  # seconds, times the number of the try: AgentScope's pace


def take_parsing(kwargs: dict[str, Any], taken: Collection[str] = PARSING) -> dict[str, Any]:
    """Remove the arguments of ``parsed`` that are in ``taken`` from the arguments of a call, and return them."""
    return {name: kwargs.pop(name) for name in taken if name in kwargs}


def parsed(
    ask: Callable[[], Flow[Any]],
    parse_func: Callable[[Any], Any] | None = None,
    fault_handler: Callable[[Any], Any] | None = None,
    max_retries: int | None = None,
) -> Flow[Any]:
    """Ask again while ``parse_func`` raises ResponseParsingError, up to ``max_retries`` (3) times.

    The result is what ``parse_func`` returns. If the last try fails, it is what ``fault_handler`` returns; without one,
    or with one that cannot be called, the error is raised. The pauses between tries are 1, 2, 3... seconds. Without a
    ``parse_func``, the result is the answer itself.
    """
    if parse_func is None:
        return (yield from ask())
    if not callable(parse_func):
        raise BadRequestError(f"parse_func is {type(parse_func).__name__}: pass a function of the response")
    if max_retries is not None and not (type(max_retries) is int and max_retries >= 0):
        raise BadRequestError(f"max_retries is {max_retries!r}: pass how often the model is asked in all")
    tries = max_retries or 3
    for attempt in range(1, tries + 1):
        response = yield from passed_on(ask(), _is_handed_over)
        try:
            return parse_func(response)
        except ResponseParsingError:
            if attempt == tries:
                if callable(fault_handler):
                    return fault_handler(response)
                raise
        yield Sleep(attempt * PARSE_WAIT)
    raise AssertionError("unreachable")


def _is_handed_over(effect: Any) -> bool:
    """Whether an effect gives the caller a part of an answer, which is kept back until the whole is parsed."""
    return isinstance(effect, list | Accumulator)
