"""Models in a Python library of this process: how its results, iterators and exceptions are read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from modelhub.engine.in_process import PythonCall
from modelhub.engine.interruptions import find_among
from modelhub.engine.parsing import MISSHAPEN
from modelhub.errors import ModelHubError, ResponseParsingError, StreamInterruptedError
from modelhub.overriding import override
from modelhub.response import ModelResponse
from modelhub.response.accumulator import Accumulator


class LibraryCall(PythonCall):
    """A function of a library, blocking and async.

    ``parse`` turns its result into a response. For a stream, ``parse_chunk`` turns each chunk, with what came before
    it, into a delta or None. ``parse_failure`` is given an exception with its causes, the outermost first, and returns
    the error to raise.
    """

    __slots__ = ("_parse", "_parse_chunk", "_parse_failure", "_stream")

    def __init__(
        self,
        call: Callable[[], Any],
        acall: Callable[[], Awaitable[Any]],
        *,
        load: Callable[[], Any] | None = None,
        stream: bool,
        parse: Callable[[Any], ModelResponse],
        parse_chunk: Callable[[Any, Accumulator], ModelResponse | None],
        parse_failure: Callable[[list[BaseException]], ModelHubError],
    ) -> None:
        super().__init__(call, acall, load)
        self._stream = stream
        self._parse = parse
        self._parse_chunk = parse_chunk
        self._parse_failure = parse_failure

    @override
    def is_stream(self, outcome: Any) -> bool:
        """Whether ``outcome`` is an iterator of chunks: where that was asked for."""
        return self._stream

    @override
    def build_accumulator(self, outcome: Any) -> Accumulator:
        """What the chunks gather in."""
        return Accumulator()

    @override
    def parse(self, outcome: Any) -> ModelResponse:
        """The response; raises ResponseParsingError for an outcome of the wrong shape."""
        response: ModelResponse = _read(self._parse, outcome)
        return response

    @override
    def parse_piece(self, piece: Any, so_far: Accumulator) -> ModelResponse | None:
        """The delta of one chunk; raises ResponseParsingError for one of the wrong shape."""
        delta: ModelResponse | None = _read(self._parse_chunk, piece, so_far)
        return delta

    @override
    def parse_end(self, outcome: Any, returned: Any, so_far: Accumulator) -> None:
        """Nothing more comes; raises StreamInterruptedError when the answer had not finished."""
        if so_far.finish_reason is None:
            raise StreamInterruptedError("the stream ended before the answer did", retryable=True)

    @override
    def explain(self, error: Exception, outer: BaseException | None) -> BaseException:
        """Our error for one of the library's; what only interrupted the library stays as it is."""
        if isinstance(error, ModelHubError):
            return error
        causes = find_causes(error, outer)
        interruption = find_among(causes)
        return self._parse_failure(causes) if interruption is None else interruption


def find_causes(error: BaseException, outer: BaseException | None = None) -> list[BaseException]:
    """``error`` and its causes, without ``outer``, which the caller was already handling."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause is not outer and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    return causes


def _read(parse: Callable[..., Any], *outcome: Any) -> Any:
    try:
        return parse(*outcome)
    except MISSHAPEN as error:
        what = f"there is no {error}" if isinstance(error, KeyError | IndexError) else str(error)
        raise ResponseParsingError(f"the answer does not have the expected shape: {what}") from None
