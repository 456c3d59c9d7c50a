"""Hands what happens to those who watch: one that fails is logged once, and none costs an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from modelhub.engine.effects import Flow, Invoke

if TYPE_CHECKING:
    from modelhub.events import Event

Observer = Callable[["Event"], Any]
"""Who is told events. One whose attribute ``blocking`` is true may wait for a disk or a network.

Such a one is told all events of a call at its end, right before the answer is given to the caller, and never in an
event loop; only of a stream that was left it is told wherever the stream is closed.
"""

_FAILED: WeakSet[Any] = WeakSet()


def hand(observer: Observer, event: Event) -> None:
    """Hand ``event`` to ``observer``; whatever it raises is its own affair."""
    try:
        observer(event)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        _note(observer, error)


def ask(observer: Observer, action: Callable[[], Any]) -> Any:
    """What ``action``, which is a part of ``observer``, gives; None if it fails, which is its own affair."""
    try:
        return action()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        _note(observer, error)
        return None


def _note(observer: Observer, error: BaseException) -> None:
    if observer in _FAILED:
        return
    _FAILED.add(observer)
    import logging  # only programs with an observer that fails need it

    what = "an observer failed and may have missed something: %r: %s: %s"
    logging.getLogger("modelhub").warning(what, observer, type(error).__name__, error, exc_info=error)


def handed_over(hand_over: Callable[[], None]) -> Flow[None]:
    """A flow that calls ``hand_over``, in a thread where the caller must not block; it does so once or goes on."""
    try:
        yield Invoke(hand_over)
    except (Exception, GeneratorExit) as error:  # nothing could be asked for any more
        hand_over()
        if isinstance(error, GeneratorExit):
            raise
