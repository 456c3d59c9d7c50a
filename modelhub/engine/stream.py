"""How a streamed answer begins and ends; it is the same for every source of pieces."""

from __future__ import annotations

from modelhub.engine.call import Call
from modelhub.engine.structured import parse_structured
from modelhub.errors import ResponseParsingError
from modelhub.response import ModelResponse
from modelhub.response.accumulator import Accumulator
from modelhub.response.streamed import build_response
from modelhub.response.tool_calls import split_tool_calls


def deliver(call: Call, so_far: Accumulator) -> Accumulator:
    """The effect that gives a stream to the caller: the first deltas come right after it; then nothing is retried."""
    so_far.delivered = True
    if call.listener is not None:
        call.listener.first_token(call)
    return so_far


def conclude(call: Call, so_far: Accumulator, status: int | None = None) -> ModelResponse:
    """The whole answer of a stream that has ended.

    Raises ResponseParsingError for tool calls or a structured answer that cannot be read.
    """
    try:
        so_far.tool_calls()
    except ValueError as error:
        raise ResponseParsingError(str(error), status=status) from None
    if call.response_format is not None:
        so_far.parsed = parse_structured(build_response(so_far), call.response_format)
    if call.listener is not None:
        call.listener.stream_ended(call)
    return build_response(so_far)


def as_delta(response: ModelResponse) -> ModelResponse:
    """A whole response as the only delta of a stream."""
    if response.tool_calls:
        response.tool_calls = split_tool_calls(response.tool_calls)
    return response
