"""Writes chat completions and their chunks: https://platform.openai.com/docs/api-reference/chat/object"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from modelhub.overriding import override
from modelhub.response import ModelResponse, ToolCall, ToolCallDelta, Usage
from modelhub.response.tool_calls import make_call_id
from modelhub.server.formats.protocol import Wanted, Writer
from modelhub.server.formats.replies import Failure, Json
from modelhub.server.formats.writers.calls import Numbering, list_pieces
from modelhub.server.formats.writers.claude import find_thoughts
from modelhub.server.formats.writers.openai_errors import build_error_body
from modelhub.wire import encode_json

DONE = b"data: [DONE]\n\n"


def build_event(value: Json) -> bytes:
    """A server-sent event."""
    return b"data: %b\n\n" % encode_json(value)


class ChatWriter(Writer):
    """Writes one answer, which has the number ``index`` among the choices.

    ``head`` and ``tail`` are the facts before and after the choices. If ``counted``, a stream tells its usage, and with
    ``logprobs`` what the vendor has told of them. ``custom`` are the tools whose calls are free text.
    """

    def __init__(
        self,
        head: Mapping[str, Any],
        tail: Mapping[str, Any] | None = None,
        *,
        index: int = 0,
        counted: bool = False,
        logprobs: bool = False,
        custom: Collection[str] = (),
    ) -> None:
        self.head, self.tail, self.index = head, tail or {}, index
        self.counted, self.logprobs, self.custom = counted, logprobs, custom
        self._calls = Numbering()
        before, after = orjson.dumps(self._build_chunk({"content": 0})).split(b'"content":0')
        self._before, self._after = b'data: %b"content":' % before, after + b"\n\n"

    @override
    def build_whole(self, response: ModelResponse) -> Json:
        usage = None if response.usage is None else build_usage(response.usage)
        return self.build_completion([self.build_choice(response)], usage)

    def build_completion(self, choices: list[Json], usage: Json | None) -> Json:
        """The body of a whole reply with its ``choices``."""
        counted = {} if usage is None else {"usage": usage}
        return {**_order({**self.head, "object": "chat.completion"}), "choices": choices, **counted, **self.tail}

    def build_choice(self, response: ModelResponse) -> Json:
        """An item of ``choices``."""
        message = build_message(response, self.custom)
        logprobs = find_logprobs(response.raw) if self.logprobs else None
        return {
            "index": self.index,
            "message": message,
            "logprobs": logprobs,
            "finish_reason": choose_reason(response),
        }

    @override
    def build_opening(self, response: ModelResponse | None = None) -> bytes:
        return build_event(self._build_chunk({"role": "assistant", "content": "", "refusal": None}))

    @override
    def build_delta(self, delta: ModelResponse) -> bytes:
        text = delta.text
        if text and not (delta.reasoning or delta.tool_calls or delta.refusal or delta.image_urls or self.logprobs):
            try:
                return b"%b%b%b" % (self._before, orjson.dumps(text), self._after)
            except TypeError:  # half a character
                pass
        logprobs = find_logprobs(delta.raw) if self.logprobs else None
        pieces = self.build_pieces(delta) or ([{"content": ""}] if logprobs else [])
        return b"".join(build_event(self._build_chunk(piece, logprobs=logprobs)) for piece in pieces)

    def build_pieces(self, delta: ModelResponse) -> list[Json]:
        """What a delta tells, as the ``delta`` of one chunk or, where it has several tool calls, of more."""
        pieces = [self._build_call(piece) for piece in list_pieces(delta, self.custom)]
        told: Json = {}
        if delta.reasoning:
            told["reasoning_content"] = delta.reasoning
        if delta.text:
            told["content"] = delta.text
        if delta.refusal:
            told["refusal"] = delta.refusal
        if delta.image_urls:
            told["images"] = build_images(delta.image_urls)
        return [told, *pieces] if told else pieces

    def _build_call(self, piece: ToolCallDelta) -> Json:
        n, first = self._calls.number(piece)
        told: Json = {"index": n}
        text = {"input" if piece.custom else "arguments": piece.arguments}
        kind = "custom" if piece.custom else "function"
        if not first:
            return {"tool_calls": [{**told, kind: text}]}
        return {
            "tool_calls": [
                {**told, "id": piece.id or make_call_id(), "type": kind, kind: {"name": piece.name or "", **text}}
            ]
        }

    @override
    def build_closing(self, response: ModelResponse) -> bytes:
        usage = build_event(self.build_counted(build_usage(response.usage or Usage()))) if self.counted else b""
        thoughts = find_thoughts(response.raw) if response.reasoning else []
        told = build_event(self._build_chunk({"thinking_blocks": thoughts})) if thoughts else b""
        return told + self.build_finish(choose_reason(response)) + usage + DONE

    def build_finish(self, reason: str) -> bytes:
        """The last chunk of the choice."""
        return build_event(self._build_chunk({}, reason))

    def build_counted(self, usage: Json) -> Json:
        """The chunk without choices."""
        return {**self._build_head(), "choices": [], "usage": usage}

    def _build_head(self) -> Json:
        return {**_order({**self.head, "object": "chat.completion.chunk"}), **self.tail}

    def _build_chunk(self, delta: Json, reason: str | None = None, logprobs: Any = None) -> Json:
        choice = {"index": self.index, "delta": delta, "logprobs": logprobs, "finish_reason": reason}
        return {**self._build_head(), "choices": [choice], **({"usage": None} if self.counted else {})}

    @override
    def build_error_event(self, failure: Failure) -> bytes:
        return build_event(build_error_body(failure))


def build_chat_writer(wanted: Wanted, ident: str, created: int) -> ChatWriter:
    """The writer of the reply to a request."""
    form = wanted.form
    return ChatWriter(
        {"id": f"chatcmpl-{ident}", "created": created, "model": wanted.model},
        counted=form["counted"],
        logprobs=form["logprobs"],
        custom=form["custom"],
    )


def _order(head: Json) -> Json:
    return {name: head[name] for name in ("id", "object", "created", "model")}


def choose_reason(response: ModelResponse) -> str:
    """Why an answer ended, in one of the words that clients know."""
    reason = response.finish_reason
    if reason in (None, "other"):
        return "tool_calls" if response.tool_calls else "stop"
    return reason


def build_message(response: ModelResponse, custom: Collection[str] = ()) -> Json:
    """The assistant's message of a whole reply; Claude's signed thoughts are beside it, as LiteLLM has them."""
    calls: list[ToolCall] = response.tool_calls or []
    text = response.text or (None if calls or response.refusal else "")
    message: Json = {"role": "assistant", "content": text, "refusal": response.refusal, "annotations": []}
    if response.reasoning:
        message["reasoning_content"] = response.reasoning
        if thoughts := find_thoughts(response.raw):
            message["thinking_blocks"] = thoughts
    if response.image_urls:
        message["images"] = build_images(response.image_urls)
    if calls:
        message["tool_calls"] = [build_call(call, custom) for call in calls]
    return message


def build_call(call: ToolCall, custom: Collection[str] = ()) -> Json:
    """A tool call whose arguments are text."""
    if call.name in custom:
        return {
            "id": call.id,
            "type": "custom",
            "custom": {"name": call.name, "input": call.arguments.get("input", "")},
        }
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": write_arguments(call)}}


def write_arguments(call: ToolCall) -> str:
    """The arguments of a call as JSON text; those that are none, as the model wrote them."""
    text: str | None = getattr(call, "text", None)
    return encode_json(call.arguments).decode() if text is None else text


def build_images(urls: list[str]) -> list[Json]:
    """The images of a chat's answer, as OpenRouter has them beside the content."""
    return [{"type": "image_url", "image_url": {"url": url}} for url in urls]


def build_usage(usage: Usage) -> Json:
    """The tokens of an answer; details are told where the vendor has told them."""
    told: Json = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }
    prompt = {"cached_tokens": usage.cached_tokens, "audio_tokens": 0, "cache_write_tokens": usage.cache_write_tokens}
    thought = {"reasoning_tokens": usage.reasoning_tokens, "audio_tokens": 0}
    if usage.cached_tokens is not None or usage.cache_write_tokens is not None:
        told["prompt_tokens_details"] = {name: count for name, count in prompt.items() if count is not None}
    if usage.reasoning_tokens is not None:
        told["completion_tokens_details"] = thought
    return told


def find_logprobs(raw: Any) -> Any:
    """What a vendor of the same form has told of probabilities; None for all others."""
    choices = raw.get("choices") if isinstance(raw, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice.get("logprobs") if isinstance(choice, dict) else None
