"""How a described model is asked: by requests, or by a function of a library in this process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from modelhub.base.splitting import ask
from modelhub.engine.building import FAILURES, locate
from modelhub.engine.call import Call
from modelhub.engine.effects import Flow
from modelhub.engine.extras import take_extras
from modelhub.late import late

if TYPE_CHECKING:
    from modelhub.engine import event_stream, in_process
    from modelhub.engine.library import LibraryCall
else:
    event_stream = late("modelhub.engine.event_stream")
    in_process = late("modelhub.engine.in_process")


def converse(call: Call) -> Flow[Any]:
    """The flow of a whole answer."""
    call.model.fit_call(call)
    library = _build_library_call(call, False)
    start = partial(ask, call) if library is None else partial(in_process.answer, call, library)
    return start() if call.guards is None else _guarded(call, library, start, False)


def stream(call: Call) -> Flow[Any]:
    """The flow of a streamed answer."""
    call.model.fit_call(call)
    library = _build_library_call(call, True)
    start = partial(event_stream.stream, call) if library is None else partial(in_process.answer, call, library)
    return start() if call.guards is None else _guarded(call, library, start, True)


def _guarded(call: Call, library: LibraryCall | None, start: Callable[[], Flow[Any]], streamed: bool) -> Flow[Any]:
    from modelhub.base.keys import build_http_key, build_library_key  # only configs with limits and the like need it

    guards = call.model.home.guards
    if guards.batches is not None and library is None and call.model.task == "embedding":
        from modelhub.base.batched import batched

        start = partial(batched, call, guards.batches, start)

    def find_key() -> str | None:
        return build_http_key(call) if library is None else build_library_key(call)

    flow: Flow[Any] = guards.called(call, find_key, start, streamed)
    return flow


def _build_library_call(call: Call, streamed: bool) -> LibraryCall | None:
    """The call of a library's function; None for a model over HTTP, whose requests get the extras of the call."""
    model = call.model
    try:
        library: LibraryCall | None = model.build_library_call(call.input, call.options, streamed)
    except FAILURES as error:
        raise locate(error, lambda input, options: model.build_library_call(input, options, streamed), call) from None
    if library is None and call.options:
        call.extras = take_extras(call.options, model.place_extra)
    return library
