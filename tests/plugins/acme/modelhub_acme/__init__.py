"""Acme's chat API: https://acme.example/docs/talk."""

from __future__ import annotations

from typing import Any

from modelhub.base import (
    Accumulator,
    ChatWrapper,
    Endpoint,
    Event,
    LineDecoder,
    ModelResponse,
    Reply,
    Request,
    Usage,
    override,
)
from modelhub.messages import normalize_messages

SPEAKERS = {"system": "director", "user": "guest", "assistant": "acme"}


class AcmeChatWrapper(ChatWrapper):
    """``POST /talk``, which streams JSON lines."""

    model_type = "acme_chat"
    decoder = LineDecoder

    def __init__(self, *args: Any, host: str = "https://api.acme.example", mood: str = "calm", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.host = host
        self.mood = mood

    @override
    def build_endpoint(self) -> Endpoint:
        return Endpoint(f"{self.host}/talk", self.build_headers({"X-Acme-Key": self.api_key or ""}))

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        lines = [{"by": SPEAKERS[message["role"]], "says": message["content"]} for message in normalize_messages(input)]
        body = {"model": self.model_name, "mood": self.mood, "lines": lines, "live": stream, **options}
        return self.build_post(body, stream)

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        data = reply.json()
        return ModelResponse(text=data["says"], finish_reason="stop", usage=parse_usage(data), raw=data)

    @override
    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse:
        data = event.data
        if "says" in data:
            return ModelResponse(text=data["says"], raw=data)
        return ModelResponse(text="", finish_reason="stop", usage=parse_usage(data), raw=data)


def parse_usage(data: dict[str, Any]) -> Usage:
    """Acme counts words heard and words said."""
    return Usage(data["words"]["heard"], data["words"]["said"])
