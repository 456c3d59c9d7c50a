"""Observers that do more than listen: they meet the model of a call, surround its code, and add to its requests.

An observer may have ``meet(call_id, model)``, called before it is told that the call begins; ``enter(call_id)``, whose
context manager surrounds code of the model while it runs; and ``carry(call_id)``, whose headers go along with the
requests of the call if its config says ``propagate``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from modelhub.telemetry.handing import Observer, ask

if TYPE_CHECKING:
    from modelhub.engine.call import Call


def introduce(observers: Sequence[Observer], call: Call) -> None:
    """Let those meet the model of ``call`` who want to."""
    for observer, meet in _find(observers, "meet"):
        ask(observer, partial(meet, call.id, call.model))


def enter(observers: Sequence[Observer], call: Call) -> Callable[[], object] | None:
    """Let those surround code of the model who want to; gives what to call when it has stopped."""
    entered = []
    for observer, enter in _find(observers, "enter"):
        around = ask(observer, partial(enter, call.id))
        if around is not None:
            ask(observer, around.__enter__)
            entered.append(partial(ask, observer, partial(around.__exit__, None, None, None)))
    return (lambda: [leave() for leave in reversed(entered)]) if entered else None


def carry(observers: Sequence[Observer], call: Call) -> dict[str, str]:
    """The headers that they want to go along with the requests of ``call``."""
    headers: dict[str, str] = {}
    for observer, carry in _find(observers, "carry"):
        headers |= ask(observer, partial(carry, call.id)) or {}
    return headers


def _find(observers: Sequence[Observer], name: str) -> Iterator[tuple[Observer, Any]]:
    for observer in tuple(observers):
        part = getattr(observer, name, None)
        if part is not None:
            yield observer, part
