"""A call with the hooks of plugins in it and around it."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from modelhub.plugins.callers import Caller
from modelhub.telemetry.call_hooks import CallHooks
from modelhub.telemetry.observers import Observer, observed
from modelhub.telemetry.told import CallInfo, Outcome

if TYPE_CHECKING:
    from modelhub.engine.call import Call
    from modelhub.engine.effects import Flow

Around = Generator[Any, Outcome, Any]


def hooked(
    call: Call,
    arguments: dict[str, Any],
    stream: bool,
    observers: Sequence[Observer],
    hooks: CallHooks,
    start: Callable[[Call], Flow[Any]],
) -> Flow[Any]:
    """The flow of ``call`` that ``start`` makes, with ``hooks`` in it and around it, and with ``observers``."""
    call.id = os.urandom(8).hex()
    if observers or hooks.observe or hooks.on_retry:
        flow = observed(call, arguments, stream, observers, start, hooks)
    else:
        flow = start(call)
    return _around(call, arguments, stream, hooks, flow) if hooks.around_call else flow


def _around(call: Call, arguments: dict[str, Any], stream: bool, hooks: CallHooks, flow: Flow[Any]) -> Flow[Any]:
    """``flow`` with the generators of plugins around it; the last one that has begun ends first."""
    clock = call.model.home.drivers.clock
    began = clock()
    running: list[tuple[Caller, Around]] = []
    for caller in hooks.around_call:
        around = hooks.run(caller, partial(_begin, caller, CallInfo(call, arguments, stream)))
        if around is not None:
            running.append((caller, around))
    answer: Any = None
    failure: BaseException | None = None
    try:
        answer = yield from flow
        return answer
    except GeneratorExit:  # the caller has left the stream
        raise
    except BaseException as error:
        failure = error
        raise
    finally:
        seconds = clock() - began
        for caller, around in reversed(running):
            hooks.run(caller, partial(_end, around, Outcome(answer, failure, seconds)))
        failure = None  # which would hold itself by its traceback


def _begin(caller: Caller, info: CallInfo) -> Around | None:
    """The generator of a plugin at its ``yield``; None if it has nothing to do after the call."""
    around: Around | None = caller(call=info)
    try:
        if around is not None:
            next(around)
    except StopIteration:
        return None
    return around


def _end(around: Around, outcome: Outcome) -> None:
    try:
        around.send(outcome)
    except StopIteration:
        return
    around.close()
    raise RuntimeError("around_call has to yield once")
