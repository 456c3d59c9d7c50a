"""Reads whole replies as the ``response`` of a config says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.adapters.documents import compile_charset, decode_reply, describe_keys, is_body
from modelhub.adapters.ending import (
    FinishReason,
    UsageReader,
    build_usage,
    compile_finish_reason,
    compile_usage,
    end_with,
)
from modelhub.adapters.images import read_images
from modelhub.adapters.in_text import Marks
from modelhub.adapters.tool_calls import CallReader, compile_calls
from modelhub.adapters.values import Field, compile_field, read_text, read_word
from modelhub.adapters.vectors import VectorReader, compile_vectors
from modelhub.engine.classify import find_request_id
from modelhub.errors import ConfigError, ResponseParsingError
from modelhub.response import ModelResponse, ToolCall
from modelhub.wire import Reply

FORMATS = ("json", "text")


class ResponseAdapter:
    """What ``response`` of a config says of whole replies; called with the document of one, it gives the response.

    ``decode`` gives the document. ``finds_answer`` says whether the config names an expression for what its task is
    about: its texts, its vectors or its images.
    """

    __slots__ = (
        *("calls", "charset", "embedding", "finds_answer", "finish_reason", "format", "image_type", "image_urls"),
        *("model", "reasoning", "request_id", "text", "usage"),
    )

    def __init__(self, config: Mapping[str, Any], task: str, where: str) -> None:
        self.format: str = config.get("format") or "json"
        if self.format not in FORMATS:
            raise ConfigError(f"{where}.format is not one of {', '.join(FORMATS)}")
        self.charset = compile_charset(config.get("charset"), f"{where}.charset")
        self.text, self.reasoning, self.request_id, self.model, self.image_urls = (
            compile_field(config.get(name), f"{where}.{name}")
            for name in ("text", "reasoning", "request_id", "model", "image_urls")
        )
        self.finish_reason: FinishReason | None = compile_finish_reason(
            config.get("finish_reason"), f"{where}.finish_reason"
        )
        self.usage: UsageReader | None = compile_usage(config.get("usage"), f"{where}.usage")
        self.calls: CallReader | Marks | None = compile_calls(config.get("tool_calls"), f"{where}.tool_calls")
        self.embedding: VectorReader | None = compile_vectors(config.get("embedding"), f"{where}.embedding")
        self.image_type: str | None = config.get("image_type")
        by_task = {"embedding": self.embedding, "image": self.image_urls}
        self.finds_answer = by_task.get(task, self.text) is not None

    def decode(self, reply: Reply) -> Any:
        """The document of a reply."""
        return decode_reply(reply, self.format, self.charset)

    def __call__(self, document: Any, headers: Mapping[str, str] | None = None) -> ModelResponse:
        """The response that a document holds; raises ResponseParsingError where an expression finds not what it should.

        Tool calls that cannot be run are in it as ``MalformedToolCall``.
        """
        response = ModelResponse(raw=document)
        self._read_answer(response, document)
        if self.embedding is not None:
            response.embedding = self.embedding(document)
        if self.image_urls is not None:
            response.image_urls = read_images(self.image_urls, document, self.image_type)
        if self.usage is not None:
            response.usage = build_usage(self.usage.count(document))
        if self.model is not None:
            response.model = read_word(self.model(document))
        response.request_id = read_word(self.request_id(document)) if self.request_id is not None else None
        if response.request_id is None and headers is not None:
            response.request_id = find_request_id(headers)
        return response

    def _read_answer(self, response: ModelResponse, document: Any) -> None:
        """The text with all that belongs to it."""
        calls: list[ToolCall] | None = None
        if self.text is not None:
            text = read_text(self.text(document))
            if text is not None and isinstance(self.calls, Marks):
                text, calls = self.calls.cut(text)
            response.text = text
        if isinstance(self.calls, CallReader):
            calls = self.calls.read(document)
        if self.reasoning is not None:
            response.reasoning = read_text(self.reasoning(document)) or None
        response.tool_calls = calls or None
        if self.text is not None and response.text is None and not calls:
            raise nothing_found(self.text, document)
        if self.finish_reason is not None or self.text is not None or calls:
            reason = self.finish_reason(document) if self.finish_reason is not None else None
            response.finish_reason = end_with(reason, bool(calls))


def compile_response(config: Mapping[str, Any] | None, task: str, where: str = "response") -> ResponseAdapter:
    """The reader of whole replies; raises ConfigError for what cannot be one."""
    return ResponseAdapter(config or {}, task, where)


def nothing_found(field: Field | None, document: Any, what: str = "the reply") -> ResponseParsingError:
    """The error for a document in which the text was not found: what it has instead, but none of its values."""
    name = "the config" if field is None else field.name
    has = "has only body, as what is no JSON" if is_body(document) else describe_keys(document)
    return ResponseParsingError(f"{name} finds no text; {what} {has}")
