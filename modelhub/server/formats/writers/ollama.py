"""Writes Ollama's answers, whole and in lines: https://docs.ollama.com/api"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson

from modelhub.overriding import override
from modelhub.response import ModelResponse, ToolCall, Usage
from modelhub.server.formats.protocol import Wanted, Writer
from modelhub.server.formats.replies import Failure, Json
from modelhub.server.formats.writers.pictures import write_pictures
from modelhub.wire import encode_json

_SAID_STOP = (None, "tool_calls", "other")
Measure = Callable[[Usage | None], Json]


def build_line(value: Json) -> bytes:
    """A line of a stream."""
    return encode_json(value) + b"\n"


class ChatWriter(Writer):
    """Writes one answer of ``/api/chat``; ``measure`` tells what its end says of times and tokens."""

    content_type: ClassVar[str] = "application/x-ndjson"
    word = b"content"  # the key of what is said

    def __init__(self, model: str, created: str, measure: Measure) -> None:
        self.head = {"model": model, "created_at": created}
        self.measure = measure
        word = b'"%b":' % self.word
        before, after = orjson.dumps(self.build_piece({"content": 0})).split(word + b"0")
        self._before, self._after = before + word, after + b"\n"

    def build_piece(self, told: Json) -> Json:
        """A line in the middle of a stream."""
        return {**self.head, "message": {"role": "assistant", **told}, "done": False}

    @override
    def build_whole(self, response: ModelResponse) -> Json:
        message: Json = {"role": "assistant", "content": say(response)}
        if response.reasoning:
            message["thinking"] = response.reasoning
        if response.tool_calls:
            message["tool_calls"] = [build_call(call) for call in response.tool_calls]
        return {**self.head, "message": message, **self.build_end(response)}

    def build_end(self, response: ModelResponse) -> Json:
        """Why an answer ended, and what it took."""
        return {"done_reason": choose_reason(response), "done": True, **self.measure(response.usage)}

    @override
    def build_opening(self, response: ModelResponse | None = None) -> bytes:
        return b""

    @override
    def build_delta(self, delta: ModelResponse) -> bytes:
        text = delta.text
        if text and not (delta.reasoning or delta.refusal or delta.image_urls):
            try:
                return b"%b%b%b" % (self._before, orjson.dumps(text), self._after)
            except TypeError:  # half a character
                pass
        thought = build_line(self.build_piece({"content": "", "thinking": delta.reasoning})) if delta.reasoning else b""
        said = say(delta)
        return thought + (build_line(self.build_piece({"content": said})) if said else b"")

    @override
    def build_closing(self, response: ModelResponse) -> bytes:
        calls = [
            self.build_piece({"content": "", "tool_calls": [build_call(call)]}) for call in response.tool_calls or ()
        ]
        end = {**self.head, "message": {"role": "assistant", "content": ""}, **self.build_end(response)}
        return b"".join(map(build_line, [*calls, end]))

    @override
    def build_error_event(self, failure: Failure) -> bytes:
        return build_line(build_error_body(failure))


class GenerateWriter(ChatWriter):
    """Writes one answer of ``/api/generate``; ``tail`` is what its end says besides."""

    word = b"response"

    def __init__(self, model: str, created: str, measure: Measure, tail: Json | None = None) -> None:
        self.tail = tail or {}
        super().__init__(model, created, measure)

    @override
    def build_piece(self, told: Json) -> Json:
        thinking = {"thinking": told["thinking"]} if "thinking" in told else {}
        return {**self.head, "response": told["content"], **thinking, "done": False}

    @override
    def build_whole(self, response: ModelResponse) -> Json:
        thinking = {"thinking": response.reasoning} if response.reasoning else {}
        return {**self.head, "response": say(response), **thinking, **self.build_end(response)}

    @override
    def build_end(self, response: ModelResponse) -> Json:
        return {"done": True, "done_reason": choose_reason(response), **self.tail, **self.measure(response.usage)}

    @override
    def build_closing(self, response: ModelResponse) -> bytes:
        return build_line({**self.head, "response": "", **self.build_end(response)})


class Watch:
    """Measures an answer from now on; how much of the time the prompt took, nobody has told."""

    def __init__(self, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self._clock = clock
        self._start = clock()

    def measure(self, usage: Usage | None) -> Json:
        """The nanoseconds until now, and the tokens."""
        total = self._clock() - self._start
        told: Json = {"total_duration": total, "load_duration": 0}
        if usage is not None:
            told |= {"prompt_eval_count": usage.prompt_tokens, "prompt_eval_duration": 0}
            told |= {"eval_count": usage.completion_tokens, "eval_duration": total}
        return told


class EmbedWriter(Writer):
    """Writes vectors; those of the ``old`` path are of one text."""

    def __init__(self, model: str, measure: Measure, *, old: bool = False) -> None:
        self.model, self.measure, self.old = model, measure, old

    @override
    def build_whole(self, response: ModelResponse) -> Json:
        vectors: list[Any] = response.embedding or []
        if self.old:
            return {"embedding": vectors[0] if vectors else []}
        told = self.measure(response.usage)
        names = ("total_duration", "load_duration", "prompt_eval_count")
        return {"model": self.model, "embeddings": vectors, **{name: told[name] for name in names if name in told}}


def build_chat_writer(wanted: Wanted, ident: str, created: int) -> ChatWriter:
    """The writer of the reply to a request."""
    kind = GenerateWriter if wanted.form["generate"] else ChatWriter
    return kind(wanted.model, write_time(created), Watch().measure)


def build_embed_writer(wanted: Wanted, ident: str, created: int) -> EmbedWriter:
    """The writer of the reply to a request."""
    return EmbedWriter(wanted.model, Watch().measure, old=wanted.form["old"])


def write_time(seconds: int) -> str:
    """A time as Ollama tells it."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def choose_reason(response: ModelResponse) -> str:
    """Why an answer ended; for calls of tools there is no word of its own."""
    return "stop" if response.finish_reason in _SAID_STOP else str(response.finish_reason)


def say(response: ModelResponse) -> str:
    """All that an answer or a delta says aloud."""
    return f"{response.text or ''}{response.refusal or ''}{write_pictures(response.image_urls)}"


def build_call(call: ToolCall) -> Json:
    """A tool call, whose arguments are an object."""
    return {"function": {"name": call.name, "arguments": call.arguments}}


def build_error_body(failure: Failure) -> Json:
    """The body of a failure, and its line in a stream."""
    return {"error": failure.message}
