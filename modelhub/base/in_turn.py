"""Models that are asked one after the other until one answers, and the errors after which the next is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from modelhub import errors
from modelhub.base.composite import ask
from modelhub.base.wrapper import ModelWrapperBase
from modelhub.engine.call import Call
from modelhub.engine.effects import Flow
from modelhub.errors import ConfigError, ModelCallError

ON_ERROR = (
    *("RateLimitError", "QuotaExceededError", "ServerError", "TimeoutError", "ConnectionError"),
    *("CircuitOpenError", "ResponseParsingError"),
)
"""The errors after which the next model is asked, unless a config says otherwise."""

Errors = tuple[type[ModelCallError], ...]


def find_errors(names: Iterable[str]) -> Errors:
    """The classes of errors of these names; raises ConfigError for a name that none has."""
    return tuple(map(_find_error, names))


def _find_error(name: str) -> type[ModelCallError]:
    found = getattr(errors, name, None)
    if isinstance(found, type) and issubclass(found, ModelCallError):
        return found
    raise ConfigError(f"on_error: modelhub has no error of a call that is called {name!r}")


def ask_in_turn(
    call: Call,
    targets: Sequence[ModelWrapperBase],
    on_error: Errors,
    ask: Callable[[Call, ModelWrapperBase], Flow[Any]] = ask,
) -> Flow[Any]:
    """The answer of the first of ``targets`` that gives one.

    It goes on after the errors of ``on_error``, and only as long as nothing of an answer has been handed to the caller.
    When none answers, the error of the last one is raised: its message has the errors of all.
    """
    failures: list[ModelCallError] = []
    for n, target in enumerate(targets, 1):
        try:
            return (yield from ask(call, target))
        except ModelCallError as error:
            call.join(error, target)
            if error.delivered or not isinstance(error, on_error) or _is_over(call):
                raise
            if n == len(targets):
                raise tell(call.model, [*failures, error]) from None
            call.remember(error)
            failures.append(error)
            if call.listener is not None:
                call.listener.fell_back(call, target.config_name, targets[n].config_name, error)
    raise AssertionError("unreachable")


def _is_over(call: Call) -> bool:
    """Whether the time of the whole call is over, so that no other can be asked."""
    return call.deadline is not None and call.deadline.at <= call.deadline.clock()


def tell(model: ModelWrapperBase, failures: list[ModelCallError]) -> ModelCallError:
    """The last of ``failures``, with the words of all, as the error of ``model``."""
    last = failures[-1]
    if len(failures) > 1:
        last.message = f"none of {len(failures)} models answered: {'; '.join(map(str, failures))}"
        last.config_name, last.model_type = model.config_name, model.model_type
    return last
