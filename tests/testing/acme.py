"""A wrapper of a private API, as an author writes it, whose every step can be got wrong."""

from __future__ import annotations

from typing import Any

from modelhub.base import (
    Accumulator,
    ChatWrapper,
    Endpoint,
    Event,
    ModelResponse,
    Reply,
    Request,
    ToolCallDelta,
    Usage,
    build_tool_call,
    override,
)
from modelhub.errors import ResponseParsingError


class AcmeChatWrapper(ChatWrapper):
    """A chat of a made-up vendor."""

    model_type = "acme_conforming_chat"

    @override
    def build_endpoint(self) -> Endpoint:
        key = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        return Endpoint("https://acme.invalid/v1/ask", self.build_headers(key))

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        body = {"talk": input, "model": self.model_name, **options}
        return self.build_post({**body, "stream": True} if stream else body, stream)

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        data = reply.json()
        answer = data.get("answer") if isinstance(data, dict) else None
        calls = data.get("calls") if isinstance(data, dict) else None
        if not isinstance(answer, str) and not calls:
            raise ResponseParsingError("the reply has no answer")
        read = [build_tool_call(call["id"], call["fn"], call["args"]) for call in calls or ()]
        return ModelResponse(
            answer,
            tool_calls=read or None,
            finish_reason="tool_calls" if read else "stop",
            usage=read_usage(data.get("tokens")),
            raw=data,
        )

    @override
    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        data = event.data
        if data == "[DONE]":
            so_far.ended = True
            return None
        calls = [
            ToolCallDelta(n, call["id"], call["fn"], call["args"]) for n, call in enumerate(data.get("calls") or ())
        ]
        return ModelResponse(
            data.get("piece"),
            tool_calls=calls or None,
            finish_reason=data.get("why"),
            usage=read_usage(data.get("tokens")),
        )


def read_usage(tokens: Any) -> Usage | None:
    """The usage that a reply tells."""
    return Usage(tokens["in"], tokens["out"], tokens["in"] + tokens["out"]) if isinstance(tokens, dict) else None
