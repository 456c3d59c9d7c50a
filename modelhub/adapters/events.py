"""Reads the events of streams as the ``stream`` of a config says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.adapters.calls import make_call_id, split_calls
from modelhub.adapters.documents import compile_charset
from modelhub.adapters.ending import (
    OTHER,
    FinishReason,
    UsageReader,
    build_usage,
    compile_finish_reason,
    compile_usage,
    end_with,
    merge_counts,
)
from modelhub.adapters.failures import ErrorAdapter
from modelhub.adapters.framing import FRAMINGS, Framing
from modelhub.adapters.in_text import Marks
from modelhub.adapters.progress import Progress
from modelhub.adapters.reading import nothing_found
from modelhub.adapters.stream_decoder import End, StreamDecoder
from modelhub.adapters.tool_calls import CallReader, compile_calls
from modelhub.adapters.values import compile_field, read_text, read_word
from modelhub.engine.failures import error_from_json, find_failure
from modelhub.errors import ConfigError
from modelhub.response import ModelResponse, ToolCallDelta, Usage
from modelhub.response.accumulator import Accumulator
from modelhub.wire import Event

_STATE = "adapter"
_TEXTS = ("text", "reasoning", "request_id", "model")


class StreamAdapter:
    """What ``stream`` of a config says of streams; what it leaves out is read as ``response`` says."""

    def __init__(
        self, config: Mapping[str, Any], response: Mapping[str, Any], error: ErrorAdapter | None, where: str
    ) -> None:
        self.error = error
        self.framing = _compile_framing(config, response, where)
        self.cumulative = bool(config.get("cumulative"))

        def choose(key: str) -> tuple[Any, str]:
            own = config.get(key)
            return (own, f"{where}.{key}") if own is not None else (response.get(key), f"response.{key}")

        self.text, self.reasoning, self.request_id, self.model = (compile_field(*choose(name)) for name in _TEXTS)
        if config.get("text") is None and (self.text is None or self.framing.kind == "text"):
            own_lines = self.framing.kind in ("text", "lines")
            self.text = compile_field("body", f"{where}.text") if own_lines else self.text
        self.finish_reason: FinishReason | None = compile_finish_reason(*choose("finish_reason"))
        self._knows_reasons = config.get("finish_reason") is not None
        self.usage: UsageReader | None = compile_usage(*choose("usage"))
        self.calls: CallReader | Marks | None = compile_calls(*choose("tool_calls"))
        self._marks = self.calls if isinstance(self.calls, Marks) else None
        self._calls = self.calls if isinstance(self.calls, CallReader) else None
        self._rare = self._list_rare_names()
        self.framing.reads_body = self.text is not None and "body" in self.text.expression.names

    @property
    def finds_answer(self) -> bool:
        """Whether the config names an expression for the text."""
        return self.text is not None

    def _list_rare_names(self) -> frozenset[str] | None:
        """The names of which events that have more than text have one; None where that cannot be told by names."""
        fields = [self.reasoning, self.request_id, self.model, *(self.usage.fields if self.usage is not None else ())]
        fields.append(self.finish_reason.field if self.finish_reason is not None else None)
        fields.append(self._calls.each if self._calls is not None else None)
        expressions = [field.expression for field in fields if field is not None]
        if not all(expression.is_strict for expression in expressions):
            return None
        return frozenset().union(*(expression.names for expression in expressions))

    def build_decoder(self) -> StreamDecoder:
        """What cuts the bytes of one stream into events."""
        return StreamDecoder(self.framing)

    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        """The delta that one event brings, or None; raises the error that it tells of."""
        document = event.data
        if document.__class__ is End:
            return self._end(document, so_far)
        if self.error is not None:
            self._raise_failure(self.error, event, so_far)
        progress: Progress | None = so_far.state.get(_STATE)
        if progress is None:
            progress = so_far.state[_STATE] = Progress(self._marks)
        text = reasoning = calls = reason = usage = None
        if self.text is not None:
            text = self.text(document)
            if text.__class__ is not str:
                text = read_text(text)
            if text is not None:
                progress.found = True
                if self.cumulative:
                    text = progress.text.grow(text)
                if progress.scan is not None:
                    text, found = progress.scan.feed(text)
                    calls = split_calls(found, len(so_far.calls), progress.known)
        rare = self._rare
        if rare is None or document.__class__ is not dict or not rare.isdisjoint(document):
            if self.reasoning is not None:
                reasoning = read_text(self.reasoning(document))
                if reasoning and self.cumulative:
                    reasoning = progress.reasoning.grow(reasoning)
            if self._calls is not None:
                calls = self._read_calls(self._calls, document, so_far, progress)
            if self.finish_reason is not None:
                reason = self._find_reason(self.finish_reason, document, bool(so_far.calls or calls), progress)
            if self.usage is not None:
                usage = self._count(self.usage, document, progress)
            if self.model is not None and so_far.model is None:
                so_far.model = read_word(self.model(document))
            if self.request_id is not None:
                so_far.request_id = read_word(self.request_id(document)) or so_far.request_id
        if text or reasoning or calls or reason or usage is not None:
            return ModelResponse(
                text=text or "",
                raw=document,
                reasoning=reasoning or None,
                tool_calls=calls or None,
                finish_reason=reason,
                usage=usage,
            )
        if self.error is None and text is None:
            _raise_known_failure(event, so_far)
        so_far.raw.append(document)
        return None

    def _raise_failure(self, adapter: ErrorAdapter, event: Event, so_far: Accumulator) -> None:
        reply = so_far.reply
        status = event.status if event.status is not None or reply is None else reply.status
        error = adapter.find(event.data, status, None if reply is None else reply.headers)
        if error is not None:
            raise error

    def _read_calls(
        self, reader: CallReader, document: Any, so_far: Accumulator, progress: Progress
    ) -> list[ToolCallDelta] | None:
        if self.cumulative:
            progress.calls = reader.read(document) or progress.calls
            return None
        if reader.partial:
            return reader.read_pieces(document)
        return split_calls(reader.read(document), len(so_far.calls), progress.known)

    def _find_reason(self, reader: FinishReason, document: Any, called: bool, progress: Progress) -> str | None:
        """The reason, if the config knows it; one that it does not know is told at the end, if no other is."""
        reason = reader(document)
        if reason == OTHER:
            progress.other = self._knows_reasons
            return None
        return end_with(reason, called) if reason is not None else None

    def _count(self, reader: UsageReader, document: Any, progress: Progress) -> Usage | None:
        found = reader.count(document)
        if found is None:
            return None
        progress.counts = merge_counts(progress.counts, found)
        return build_usage(progress.counts)

    def _end(self, end: End, so_far: Accumulator) -> ModelResponse | None:
        """What is left to tell when the stream has ended: what was held back, and why the answer ended."""
        if end.failure is not None:
            end.failure.status = so_far.reply.status if so_far.reply is not None else None
            raise end.failure
        progress: Progress = so_far.state.get(_STATE) or Progress(self._marks)
        text, calls = progress.text.end(), progress.calls
        if progress.scan is not None:
            before, found = progress.scan.feed(text)
            after, late = progress.scan.end()
            text, calls = before + after, found + late
        for call in so_far.calls:
            call.id = call.id or make_call_id()
        pieces = split_calls(calls, len(so_far.calls), progress.known)
        if not (text or pieces or progress.found or so_far.has_told()):
            last = so_far.raw[-1] if so_far.raw else None
            raise nothing_found(self.text, last, "the last event")
        reason = OTHER if progress.other and so_far.finish_reason is None else so_far.finish_reason
        reason = end_with(reason, bool(pieces or so_far.calls))
        reasoning = progress.reasoning.end()
        if not (text or reasoning or pieces) and reason == so_far.finish_reason:
            return None
        return ModelResponse(text=text, reasoning=reasoning or None, tool_calls=pieces or None, finish_reason=reason)


def compile_stream(
    config: Mapping[str, Any],
    response_config: Mapping[str, Any] | None = None,
    error: ErrorAdapter | None = None,
    where: str = "stream",
) -> StreamAdapter:
    """The reader of streams; raises ConfigError for what cannot be one."""
    return StreamAdapter(config, response_config or {}, error, where)


def _compile_framing(config: Mapping[str, Any], response: Mapping[str, Any], where: str) -> Framing:
    kind = config.get("framing") or "sse"
    if kind not in FRAMINGS:
        raise ConfigError(f"{where}.framing is not one of {', '.join(FRAMINGS)}")
    framing = Framing(kind)
    framing.prefix = (config.get("prefix") or "").encode("utf-8", "replace") if kind == "lines" else b""
    names = config.get("event")
    if names is not None:
        framing.names = frozenset([names] if isinstance(names, str) else names)
    done = config.get("done")
    if isinstance(done, Mapping):
        framing.when = compile_field(done.get("when"), f"{where}.done.when")
        if framing.when is None:
            raise ConfigError(f"{where}.done has no `when`, the expression that is true of the last event")
    elif done is not None:
        framing.last = _write_literal(done, f"{where}.done")
    framing.as_text = (response.get("format") or "json") == "text"
    framing.charset = compile_charset(response.get("charset"), "response.charset")
    return framing


def _write_literal(done: Any, where: str) -> bytes:
    text = read_text(done)
    if not (text and text.strip()):
        raise ConfigError(f"{where} is the data of the last event, and no data is empty")
    return text.strip().encode("utf-8", "replace")


def _raise_known_failure(event: Event, so_far: Accumulator) -> None:
    """Raise what an event tells of a failure in a common form, if it tells of nothing else."""
    body = event.data
    if isinstance(body, dict) and (event.name == "error" or find_failure(body) is not None):
        reply = so_far.reply
        status = event.status if event.status is not None or reply is None else reply.status
        raise error_from_json(status, body, None if reply is None else reply.headers)
