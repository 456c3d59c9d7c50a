"""Writes OpenAI's responses, whole and as events: https://platform.openai.com/docs/api-reference/responses-streaming"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson

from modelhub.overriding import override
from modelhub.response import ModelResponse, ToolCallDelta
from modelhub.response.tool_calls import make_call_id
from modelhub.server.formats.protocol import Wanted, Writer
from modelhub.server.formats.replies import Failure, Json
from modelhub.server.formats.writers.calls import Numbering, list_pieces
from modelhub.server.formats.writers.items import build_call, build_end, build_item, build_part, build_response
from modelhub.server.formats.writers.openai_errors import build_error_body
from modelhub.server.formats.writers.pictures import write_pictures
from modelhub.wire import encode_json


class ResponseWriter(Writer):
    """Writes one response: its items are told as they begin, as they grow, and whole."""

    def __init__(self, ident: str, created: int, model: str, echo: Json, custom: Collection[str] = ()) -> None:
        self.ident, self.echo, self.custom = ident, echo, custom
        self.head = {"id": f"resp_{ident}", "created_at": created, "model": model}
        self._items: list[Json] = []
        self._number = 0  # of the next event
        self._kind = ""  # of the text that is open
        self._pieces: list[str] = []  # of it
        self._before = b""
        self._calls = Numbering()
        self._places: list[int] = []  # the items of the calls

    @override
    def build_whole(self, response: ModelResponse) -> Json:
        self.build_delta(response)
        return self._finish([], response)

    def _event(self, kind: str, **facts: Any) -> bytes:
        number, self._number = self._number, self._number + 1
        body = encode_json({"type": f"response.{kind}", **facts, "sequence_number": number})
        return b"event: response.%b\ndata: %b\n\n" % (kind.encode(), body)

    @override
    def build_opening(self, response: ModelResponse | None = None) -> bytes:
        begun = build_response(self.head, self.echo, [], "in_progress")
        return self._event("created", response=begun) + self._event("in_progress", response=begun)

    @override
    def build_delta(self, delta: ModelResponse) -> bytes:
        text = delta.text
        if self._kind == "output_text" and text and not (delta.tool_calls or delta.reasoning or delta.refusal):
            try:
                packed = orjson.dumps(text)
            except TypeError:  # half a character
                packed = encode_json(text)
            number, self._number = self._number, self._number + 1
            self._pieces.append(text)
            return b'%b%b,"logprobs":[],"sequence_number":%d}\n\n' % (self._before, packed, number)
        events: list[bytes] = []
        said = f"{text or ''}{write_pictures(delta.image_urls)}"
        for kind, piece in (("reasoning_text", delta.reasoning), ("output_text", said), ("refusal", delta.refusal)):
            if piece:
                self._add_text(events, kind, piece)
        for call in list_pieces(delta, self.custom):
            self._add_call(events, call)
        return b"".join(events)

    def _add_text(self, events: list[bytes], kind: str, piece: str) -> None:
        if self._kind != kind:
            self._leave(events)
            self._kind, self._pieces = kind, []
            item = build_item(kind, self._name_item(), None, "in_progress")
            events.append(self._event("output_item.added", output_index=len(self._items), item=item))
            self._items.append(item)
            events.append(self._event("content_part.added", **self._place(), part=build_part(kind, "")))
            where = orjson.dumps({"type": "response.output_text.delta", **self._place()})[:-1]
            self._before = b'event: response.output_text.delta\ndata: %b,"delta":' % where
        self._pieces.append(piece)
        beside: Json = {"logprobs": []} if kind == "output_text" else {}
        events.append(self._event(f"{kind}.delta", **self._place(), delta=piece, **beside))

    def _name_item(self, more: int = 0) -> str:
        """The end of the id of the item that is next, or of the one before."""
        return f"{self.ident}_{len(self._items) + more}"

    def _place(self) -> Json:
        at = len(self._items) - 1
        return {"item_id": self._items[at]["id"], "output_index": at, "content_index": 0}

    def _leave(self, events: list[bytes]) -> None:
        """End the text that is open."""
        if not self._kind:
            return
        kind, text = self._kind, "".join(self._pieces)
        name = "refusal" if kind == "refusal" else "text"
        beside: Json = {"logprobs": []} if kind == "output_text" else {}
        events.append(self._event(f"{kind}.done", **self._place(), **{name: text}, **beside))
        events.append(self._event("content_part.done", **self._place(), part=build_part(kind, text)))
        self._items[-1] = item = build_item(kind, self._name_item(-1), text, "completed")
        events.append(self._event("output_item.done", output_index=len(self._items) - 1, item=item))
        self._kind = ""

    def _add_call(self, events: list[bytes], piece: ToolCallDelta) -> None:
        n, first = self._calls.number(piece)
        if first:
            self._leave(events)
            at = len(self._items)
            self._places.append(at)
            custom = piece.custom or piece.name in self.custom
            call_id, name = piece.id or make_call_id(), piece.name or ""
            item = build_call(custom, self._name_item(), call_id, name, "", "in_progress")
            events.append(self._event("output_item.added", output_index=at, item=item))
            self._items.append(item)
        if piece.arguments:
            at = self._places[n]
            item = self._items[at]
            events.append(
                self._event(_name(item) + ".delta", item_id=item["id"], output_index=at, delta=piece.arguments)
            )

    @override
    def build_closing(self, response: ModelResponse) -> bytes:
        events: list[bytes] = []
        whole = self._finish(events, response)
        events.append(self._event(whole["status"], response=whole))
        return b"".join(events)

    def _finish(self, events: list[bytes], response: ModelResponse) -> Json:
        """The whole response, after the ends of its items."""
        if not self._items:
            self._add_text(events, "output_text", "")
        self._leave(events)
        for n, at in enumerate(self._places):
            item = self._items[at]
            text = self._calls.find_arguments(n)
            name = "input" if item["type"] == "custom_tool_call" else "arguments"
            events.append(self._event(_name(item) + ".done", item_id=item["id"], output_index=at, **{name: text}))
            self._items[at] = item = {**item, "status": "completed", name: text}
            events.append(self._event("output_item.done", output_index=at, item=item))
        return {**build_response(self.head, self.echo, self._items, "completed"), **build_end(response)}

    @override
    def build_error_event(self, failure: Failure) -> bytes:
        code = build_error_body(failure)["error"]["code"] or "server_error"
        number, self._number = self._number, self._number + 1
        told = {"type": "error", "code": code, "message": failure.message, "param": None, "sequence_number": number}
        failed = build_response(self.head, self.echo, self._items, "failed")
        error = {"code": code, "message": failure.message}
        return b"event: error\ndata: %b\n\n" % encode_json(told) + self._event(
            "failed", response={**failed, "error": error}
        )


def build_response_writer(wanted: Wanted, ident: str, created: int) -> ResponseWriter:
    """The writer of the reply to a request."""
    return ResponseWriter(ident, created, wanted.model, wanted.form["echo"], wanted.form["custom"])


def _name(item: Json) -> str:
    """What the events of a call are called."""
    return "custom_tool_call_input" if item["type"] == "custom_tool_call" else "function_call_arguments"
