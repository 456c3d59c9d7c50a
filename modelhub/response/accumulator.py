"""What has arrived of a stream so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from modelhub.response.tool_calls import ArrivingCall, ToolCall, ToolCallDelta, build_tool_calls, make_call_id
from modelhub.response.usage import Usage
from modelhub.wire import Reply, decode_json

if TYPE_CHECKING:
    from modelhub.response.origin import Origin
    from modelhub.response.response import ModelResponse
    from modelhub.trail import Entry


class Sent(Protocol):
    """What of the tools of a call was sent in another form than the caller's."""

    names: dict[str, str]

    def restore(self, calls: Any) -> None:
        """Give tool calls the form that the caller's tools have."""


class Accumulator:
    """Gathers deltas; ``state`` is a wrapper's own memory between events.

    ``delivered`` says that some of it has been handed to the caller, ``ended`` that no more will come, ``reply`` what
    an HTTP stream comes in.
    """

    __slots__ = (
        "before",
        "calls",
        "delivered",
        "ended",
        "finish_reason",
        "image_urls",
        "model",
        "origin",
        "parsed",
        "raw",
        "reasoning",
        "refusal",
        "reply",
        "request_id",
        "sent",
        "state",
        "text",
        "trail",
        "usage",
    )

    def __init__(self, origin: Origin | None = None, sent: Sent | None = None) -> None:
        self.origin = origin
        self.sent = sent
        self.before: tuple[Entry, ...] = ()  # what the call that this is a part of had tried
        self.trail: tuple[Entry, ...] = ()
        self.restart()

    def restart(self) -> None:
        """Forget what came of a try that is repeated."""
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.refusal: list[str] = []
        self.calls: list[ArrivingCall] = []
        self.raw: list[Any] = []
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.reply: Reply | None = None
        self.request_id: str | None = None
        self.model: str | None = None
        self.parsed: Any = None
        self.image_urls: list[str] = []
        self.delivered = False
        self.ended = False
        self.state: dict[str, Any] = {}

    def add(self, delta: ModelResponse) -> None:
        """Take in one delta; raises TypeError for a piece of text that is none."""
        if text := delta.text:
            if not isinstance(text, str):
                raise _no_text("text", text)
            self.text.append(text)
        if reasoning := delta.reasoning:
            if not isinstance(reasoning, str):
                raise _no_text("reasoning", reasoning)
            self.reasoning.append(reasoning)
        if delta.refusal:
            if not isinstance(delta.refusal, str):
                raise _no_text("refusal", delta.refusal)
            self.refusal.append(delta.refusal)
        if delta.tool_calls:
            pieces: Any = delta.tool_calls
            for piece in pieces:
                self._add_call(piece)
        if delta.finish_reason is not None:
            self.finish_reason = delta.finish_reason
        if delta.usage is not None:
            self.usage = delta.usage
        if delta.raw is not None:
            self.raw.append(delta.raw)
        if delta.model:
            self.model = delta.model
        if delta.image_urls:
            self.image_urls += delta.image_urls

    def _add_call(self, piece: ToolCallDelta) -> None:
        if self.sent is not None and piece.name:
            piece.name = self.sent.names.get(piece.name, piece.name)
        call = None
        if piece.index is None:
            call = self.calls[-1] if self.calls else None
        else:
            call = next((c for c in reversed(self.calls) if c.index == piece.index), None)
        if call is None or _begins(piece, call):
            self.calls.append(ArrivingCall(piece))
        else:
            call.add(piece)

    def tool_calls(self) -> list[ToolCall] | None:
        """The calls with decoded arguments; those that cannot be run are a ``MalformedToolCall``."""
        if not self.calls:
            return None
        for call in self.calls:
            if call.name or call.arguments:
                call.id = call.id or make_call_id()  # once, so that each look at a stream sees the same
        calls = build_tool_calls(
            (call.id, call.name, {"input": call.arguments} if call.custom else call.arguments) for call in self.calls
        )
        if self.sent is not None and calls:
            self.sent.restore(calls)
        return calls

    def has_told(self) -> bool:
        """Whether anything of an answer has come: text, reasoning, a tool call, an image or a refusal."""
        return bool(any(self.text) or any(self.reasoning) or self.calls or self.image_urls or self.refusal)

    def grow(self, before: str, text: str) -> str:
        """The text so far, when ``before`` came first and a delta brings ``text``."""
        return before + text


def _begins(piece: ToolCallDelta, call: ToolCallDelta) -> bool:
    """Whether ``piece`` begins another call than ``call``, although it has the same index or none.

    Some gateways give parallel calls one index, or none; others give each piece of one call an id of its own. So a call
    begins where another id comes with a name, or a name without an id after arguments that are whole.
    """
    if not piece.name or not call.name:
        return False
    if piece.id and call.id:
        return piece.id != call.id
    return not piece.id and not call.custom and _is_whole(call.arguments)


def _no_text(what: str, piece: Any) -> TypeError:
    return TypeError(f"its {what} is a {type(piece).__name__}, not a str")


def _is_whole(arguments: str) -> bool:
    """Whether these are all arguments of a call."""
    try:
        return isinstance(decode_json(arguments), dict)
    except ValueError:
        return False
