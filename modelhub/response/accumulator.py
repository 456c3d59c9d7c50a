"""What has arrived of a stream so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelhub.response.tool_calls import ArrivingCall, ToolCall, ToolCallDelta, build_tool_call
from modelhub.response.usage import Usage

if TYPE_CHECKING:
    from modelhub.response.response import ModelResponse


class Accumulator:
    """Gathers deltas; ``state`` is a wrapper's own memory between events.

    ``delivered`` says that some of it has been handed to the caller, ``ended`` that no more will come.
    """

    __slots__ = (
        "calls",
        "delivered",
        "ended",
        "finish_reason",
        "image_urls",
        "model",
        "parsed",
        "raw",
        "reasoning",
        "request_id",
        "state",
        "text",
        "usage",
    )

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget what came of a try that is repeated."""
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.calls: list[ArrivingCall] = []
        self.raw: list[Any] = []
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.request_id: str | None = None
        self.model: str | None = None
        self.parsed: Any = None
        self.image_urls: list[str] = []
        self.delivered = False
        self.ended = False
        self.state: dict[str, Any] = {}

    def add(self, delta: ModelResponse) -> None:
        """Take in one delta."""
        if delta.text:
            self.text.append(delta.text)
        if delta.reasoning:
            self.reasoning.append(delta.reasoning)
        if delta.tool_calls:
            for piece in delta.tool_calls:
                self._add_call(piece)
        if delta.finish_reason is not None:
            self.finish_reason = delta.finish_reason
        if delta.usage is not None:
            self.usage = delta.usage
        if delta.raw is not None:
            self.raw.append(delta.raw)
        if delta.model is not None:
            self.model = delta.model
        if delta.image_urls:
            self.image_urls += delta.image_urls

    def _add_call(self, piece: ToolCallDelta) -> None:
        call = None
        if piece.index is None:
            call = self.calls[-1] if self.calls else None
        else:
            call = next((c for c in reversed(self.calls) if c.index == piece.index), None)
        # Some gateways give parallel calls one index, or none: another id is another call.
        if call is None or (piece.id and call.id and piece.id != call.id):
            self.calls.append(ArrivingCall(piece))
        else:
            call.add(piece)

    def tool_calls(self) -> list[ToolCall] | None:
        """The calls with decoded arguments; raises ValueError for arguments that are not a JSON object."""
        if not self.calls:
            return None
        return [build_tool_call(call.id, call.name, call.arguments, n) for n, call in enumerate(self.calls)]

    def grow(self, before: str, text: str) -> str:
        """The text so far, when ``before`` came first and a delta brings ``text``."""
        return before + text
