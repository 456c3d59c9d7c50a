"""Observers: functions that are told the events of every call of a registry."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from modelhub import events
from modelhub.engine.call import Call
from modelhub.engine.effects import Flow
from modelhub.response import ModelResponse

Observer = Callable[[events.Event], Any]


def observed(
    call: Call,
    arguments: dict[str, Any],
    stream: bool,
    observers: Sequence[Observer],
    start: Callable[[Call], Flow[Any]],
) -> Flow[Any]:
    """The flow of ``call`` that ``start`` makes; ``observers`` are told its beginning, its events, and its end."""
    model = call.model
    clock = call.clock = model.home.drivers.clock
    call.id = os.urandom(8).hex()
    call.tell = tell = Teller(observers)
    name, kind, called, task = model.config_name, model.model_type or type(model).__name__, model.model_name, model.task
    began = clock()
    tell(events.CallStarted(name, call.id, began, call.parent_id, time.time(), kind, called, task, stream, arguments))
    answer: Any = None
    error: str | None = None
    try:
        answer = yield from start(call)
        return answer
    except GeneratorExit:  # the caller has left the stream
        raise
    except BaseException as failure:
        error = type(failure).__name__
        raise
    finally:
        now = clock()
        response = answer if isinstance(answer, ModelResponse) else None
        tell(
            events.CallEnded(
                name,
                call.id,
                now,
                parent_id=call.parent_id,
                model_type=kind,
                model=called,
                task=task,
                seconds=now - began,
                first_token_seconds=tell.first_token - began if tell.first_token is not None else None,
                attempts=call.attempts,
                error=error,
                finish_reason=response.finish_reason if response is not None else None,
                usage=response.usage if response is not None else None,
                request_id=response.request_id if response is not None else None,
                stream=stream or call.so_far is not None,
                response=response,
                arguments=arguments,
            )
        )


class Teller:
    """Tells observers about events; the first error of an observer is logged, and no error affects an answer."""

    __slots__ = ("_observers", "first_token")

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers
        self.first_token: float | None = None

    def __call__(self, event: events.Event) -> None:
        if type(event) is events.FirstToken:
            self.first_token = event.time
        for observer in tuple(self._observers):
            try:
                observer(event)
            except Exception as error:
                _log_once(observer, error)


_FAILED: set[int] = set()


def _log_once(observer: Observer, error: Exception) -> None:
    if id(observer) in _FAILED:
        return
    _FAILED.add(id(observer))
    import logging  # only programs with an observer that fails need it

    what = "an observer failed and may have missed something: %r: %s: %s"
    logging.getLogger("modelhub").warning(what, observer, type(error).__name__, error, exc_info=error)
