"""How a streamed answer begins and ends; it is the same for every source of pieces."""

from __future__ import annotations

from modelhub.engine.call import Call
from modelhub.engine.parsing import check_calls
from modelhub.engine.structured import parse_structured
from modelhub.response import ModelResponse
from modelhub.response.accumulator import Accumulator
from modelhub.response.streamed import build_response
from modelhub.response.tool_calls import split_tool_calls


def deliver(call: Call, so_far: Accumulator) -> Accumulator:
    """The effect that gives a stream to the caller: the first deltas come right after it; then nothing is retried."""
    so_far.delivered = True
    call.arrived = (call.clock or call.model.clock)()
    if call.listener is not None:
        call.listener.first_token(call)
    return so_far


def tells(delta: ModelResponse) -> bool:
    """Whether a delta has a part of the answer: text, reasoning, tool calls, images or a refusal.

    What comes before the first of them is kept back, since the stream may still be asked for again.
    """
    return bool(delta.text or delta.reasoning or delta.tool_calls or delta.image_urls or delta.refusal)


def conclude(call: Call, so_far: Accumulator, status: int | None = None) -> ModelResponse:
    """The whole answer of a stream that has ended.

    Raises ResponseParsingError for tool calls or a structured answer that cannot be read.
    """
    response = build_response(so_far)
    check_calls(response, so_far.tool_calls(), status)
    if call.response_format is not None:
        so_far.parsed = response.parsed = parse_structured(response, call.response_format)
    if call.listener is not None:
        call.listener.stream_ended(call)
    return response


def as_delta(response: ModelResponse) -> ModelResponse:
    """A whole response as the only delta of a stream."""
    if response.tool_calls:
        response.tool_calls = split_tool_calls(response.tool_calls)  # type: ignore[assignment]
    return response
