"""What a stream gathers costs time in proportion to its pieces."""

from __future__ import annotations

import time

import pytest

from modelhub import ModelResponse, ToolCallDelta
from modelhub.response.accumulator import Accumulator
from modelhub.response.cumulative import CumulativeAccumulator

PIECES = {
    "text": (Accumulator, lambda: ModelResponse("ten chars!")),
    "reasoning": (Accumulator, lambda: ModelResponse(reasoning="ten chars!")),
    "arguments": (Accumulator, lambda: ModelResponse(tool_calls=[ToolCallDelta(0, arguments="ten chars!")])),
    "texts of a generator": (CumulativeAccumulator, lambda: ModelResponse("ten chars!")),
    "thoughts of a generator": (CumulativeAccumulator, lambda: ModelResponse("x", reasoning="ten chars!")),
}


def measure(kind: type[Accumulator], piece: ModelResponse, count: int) -> float:
    """The CPU time for so many pieces."""
    so_far, start = kind(), time.process_time()
    so_far.add(ModelResponse("first", reasoning="first"))
    for _ in range(count):
        so_far.add(piece)
    took = time.process_time() - start
    sizes = [len("".join(so_far.text)), len("".join(so_far.reasoning)), *(len(call.arguments) for call in so_far.calls)]
    assert 10 * count in (size - 5 for size in sizes) or 10 * count in sizes
    return took


@pytest.mark.parametrize("name", PIECES)
def test_many_pieces_cost_in_proportion(name: str) -> None:
    kind, build = PIECES[name]
    small, large = (min(measure(kind, build(), 20_000 * times) for _ in range(3)) for times in (1, 4))
    assert large < 8 * small + 0.02


def test_arguments_can_be_read_and_set_while_they_arrive() -> None:
    so_far = Accumulator()
    for text in ('{"a"', ":", "1}"):
        so_far.add(ModelResponse("", tool_calls=[ToolCallDelta(0, "c", "n", text)]))
        assert so_far.calls[0].arguments.endswith(text)
    assert so_far.tool_calls()[0].arguments == {"a": 1}  # type: ignore[index]
    so_far.calls[0].arguments = "{}"
    assert so_far.tool_calls()[0].arguments == {}  # type: ignore[index]
