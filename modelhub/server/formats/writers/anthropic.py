"""Writes Anthropic's messages: https://platform.claude.com/docs/en/api/messages"""

from __future__ import annotations

from itertools import takewhile
from typing import Any

import orjson

from modelhub.overriding import override
from modelhub.response import ModelResponse, ToolCall, ToolCallDelta, Usage
from modelhub.response.tool_calls import make_call_id
from modelhub.server.formats.protocol import Wanted, Writer
from modelhub.server.formats.replies import Failure, Json
from modelhub.server.formats.writers.anthropic_errors import build_error_body
from modelhub.server.formats.writers.calls import Numbering, list_pieces
from modelhub.server.formats.writers.claude import find_stop, find_thoughts, order_blocks
from modelhub.server.formats.writers.pictures import write_pictures
from modelhub.wire import encode_json

_STOP_REASONS = {"length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}


def build_event(kind: str, **facts: Any) -> bytes:
    """A server-sent event with its name."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), encode_json({"type": kind, **facts}))


class MessageWriter(Writer):
    """Writes one message; its blocks come one after the other."""

    def __init__(self, ident: str, model: str) -> None:
        self.head = {"id": ident, "type": "message", "role": "assistant", "model": model}
        self._calls = Numbering()
        self._places: list[int] = []  # the blocks of the calls
        self._block = -1
        self._kind = ""  # of the block that is open
        self._before = b""  # of the text of a delta that goes on with an open block of text
        self._thoughts = 0  # the signed ones that have been written
        self._answered = False
        self._response: ModelResponse | None = None
        self._told: Json = {}

    @override
    def build_whole(self, response: ModelResponse) -> Json:
        usage = build_usage(response.usage or Usage())
        return {**self.head, "content": build_blocks(response), **build_end(response), "usage": usage}

    @override
    def build_opening(self, response: ModelResponse | None = None) -> bytes:
        self._response = response
        known = response.usage if response is not None else None
        self._told = {**build_usage(known or Usage()), "output_tokens": 1}
        empty: Json = {"content": [], "stop_reason": None, "stop_sequence": None}
        start = build_event("message_start", message={**self.head, **empty, "usage": self._told})
        return start + build_event("ping")

    @override
    def build_delta(self, delta: ModelResponse) -> bytes:
        text = delta.text
        if self._kind == "text" and text and not (delta.tool_calls or delta.reasoning or delta.refusal):
            try:
                return b"%b%b}}\n\n" % (self._before, orjson.dumps(text))
            except TypeError:  # half a character
                pass
        events: list[bytes] = []
        if delta.reasoning:
            self._enter(events, "thinking", {"type": "thinking", "thinking": "", "signature": ""})
            events.append(self._build_piece("thinking_delta", "thinking", delta.reasoning))
        said = f"{text or ''}{delta.refusal or ''}{write_pictures(delta.image_urls)}"
        if said:
            self._enter(events, "text", {"type": "text", "text": ""})
            events.append(self._build_piece("text_delta", "text", said))
        for piece in list_pieces(delta):
            self._add_call(events, piece)
        return b"".join(events)

    def _add_call(self, events: list[bytes], piece: ToolCallDelta) -> None:
        n, first = self._calls.number(piece)
        if first:
            block = {"type": "tool_use", "id": piece.id or make_call_id(), "name": piece.name or "", "input": {}}
            self._enter(events, f"tool_use {n}", block)
            self._places.append(self._block)
        text = piece.arguments
        if text:
            delta = {"type": "input_json_delta", "partial_json": text}
            events.append(build_event("content_block_delta", index=self._places[n], delta=delta))

    def _build_piece(self, kind: str, name: str, text: str) -> bytes:
        return build_event("content_block_delta", index=self._block, delta={"type": kind, name: text})

    def _enter(self, events: list[bytes], kind: str, empty: Json) -> None:
        """Begin a block of another kind than the open one."""
        if self._kind == kind:
            return
        self._leave(events)
        if kind != "thinking":
            self._answered = True
        self._start(events, kind, empty)
        start = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,' % self._block
        self._before = start + b'"delta":{"type":"text_delta","text":'

    def _start(self, events: list[bytes], kind: str, block: Json) -> None:
        self._kind = kind
        self._block += 1
        events.append(build_event("content_block_start", index=self._block, content_block=block))

    def _leave(self, events: list[bytes]) -> None:
        """End the open block, a thought with its signature; thoughts that are hidden follow it."""
        raw = self._response.raw if self._response is not None else None
        signed = find_thoughts(raw)[self._thoughts :] if raw else []
        if self._kind == "thinking" and signed and signed[0]["type"] == "thinking":
            self._thoughts += 1
            events.append(self._build_piece("signature_delta", "signature", signed.pop(0)["signature"]))
        if self._kind:
            events.append(build_event("content_block_stop", index=self._block))
        for block in takewhile(lambda block: block["type"] == "redacted_thinking", signed):
            self._thoughts += 1
            self._start(events, "redacted", block)
            events.append(build_event("content_block_stop", index=self._block))
        self._kind = ""

    @override
    def build_closing(self, response: ModelResponse) -> bytes:
        events: list[bytes] = []
        if not self._answered:
            self._enter(events, "text", {"type": "text", "text": ""})
        self._leave(events)
        usage = build_usage(response.usage or Usage())
        told = {name: count for name, count in usage.items() if self._told.get(name) != count}
        told["output_tokens"] = usage["output_tokens"]
        return b"".join(
            (*events, build_event("message_delta", delta=build_end(response), usage=told), build_event("message_stop"))
        )

    @override
    def build_error_event(self, failure: Failure) -> bytes:
        return b"event: error\ndata: %b\n\n" % encode_json(build_error_body(failure))


class CountWriter(Writer):
    """Writes how many tokens a prompt has."""

    @override
    def build_whole(self, response: ModelResponse) -> Json:
        return {"input_tokens": (response.usage or Usage()).prompt_tokens}


def build_message_writer(wanted: Wanted, ident: str, created: int) -> MessageWriter:
    """The writer of the reply to a request."""
    return MessageWriter(f"msg_{ident}", wanted.model)


def build_count_writer(wanted: Wanted, ident: str, created: int) -> CountWriter:
    """The writer of a count."""
    return CountWriter()


def build_end(response: ModelResponse) -> Json:
    """Why an answer ended."""
    reason = response.finish_reason
    if reason in (None, "stop", "other") and response.tool_calls:
        reason = "tool_calls"
    if reason == "stop" and (stop := find_stop(response.raw)) is not None:
        return {"stop_reason": "stop_sequence", "stop_sequence": stop}
    return {"stop_reason": _STOP_REASONS.get(reason or "", "end_turn"), "stop_sequence": None}


def build_blocks(response: ModelResponse) -> list[Json]:
    """The content of a whole reply: as Claude gave it where Claude did, else thoughts, text and calls."""
    signed = find_thoughts(response.raw)
    calls = [build_call(call) for call in response.tool_calls or ()]
    said = f"{response.text or ''}{response.refusal or ''}{write_pictures(response.image_urls)}"
    texts: list[Json] = [{"type": "text", "text": said}] if said or not calls else []
    if signed:
        return order_blocks(response.raw, signed, texts, calls)
    thought: list[Json] = [{"type": "thinking", "thinking": response.reasoning or "", "signature": ""}]
    return [*(thought if response.reasoning else []), *texts, *calls]


def build_call(call: ToolCall) -> Json:
    """A call as a block."""
    return {"type": "tool_use", "id": str(call.id), "name": call.name, "input": call.arguments}


def build_usage(usage: Usage) -> Json:
    """The tokens of an answer: those of the prompt without what was read from a cache or written to it."""
    read, written = usage.cached_tokens, usage.cache_write_tokens
    told: Json = {"input_tokens": max(0, usage.prompt_tokens - (read or 0) - (written or 0))}
    if written is not None:
        told["cache_creation_input_tokens"] = written
    if read is not None:
        told["cache_read_input_tokens"] = read
    told["output_tokens"] = usage.completion_tokens
    if usage.reasoning_tokens is not None:
        told["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return told
