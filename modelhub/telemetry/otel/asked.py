"""What a call asks for, as attributes of its span: the options that the conventions know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelhub.events import CallStarted
from modelhub.telemetry.otel.served import Value


def describe(event: CallStarted, is_composite: bool) -> dict[str, Value]:
    """The attributes of what ``event`` asks for; options of odd types are left out. A composite hands its on."""
    given = event.arguments
    found: dict[str, Value] = {"modelhub.call_id": event.call_id}
    if event.tags:
        found["modelhub.tags"] = list(event.tags)
    if is_composite:
        return found
    if event.stream:
        found["gen_ai.request.stream"] = True
    for option in given.keys() & _OPTIONS.keys():
        attribute, read = _OPTIONS[option]
        value = read(given[option])
        if value is not None:
            found[attribute] = value
    if event.task == "image":
        found["gen_ai.output.type"] = "image"
    return found


def _read_float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _read_int(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _read_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _read_texts(value: Any) -> list[str] | None:
    texts = [value] if isinstance(value, str) else value
    return list(texts) if isinstance(texts, list | tuple) and all(isinstance(text, str) for text in texts) else None


def _read_count(value: Any) -> int | None:
    return _read_int(value) if value != 1 else None


def _read_type(value: Any) -> str | None:
    """What a ``response_format`` asks for: "text" or "json"; a class or a schema asks for JSON."""
    kind = value.get("type") if isinstance(value, dict) else None
    return "text" if kind == "text" else "json" if value is not None else None


_OPTIONS: dict[str, tuple[str, Callable[[Any], Value | None]]] = {
    "temperature": ("gen_ai.request.temperature", _read_float),
    "top_p": ("gen_ai.request.top_p", _read_float),
    "top_k": ("gen_ai.request.top_k", _read_int),
    "max_tokens": ("gen_ai.request.max_tokens", _read_int),
    "max_completion_tokens": ("gen_ai.request.max_tokens", _read_int),
    "max_output_tokens": ("gen_ai.request.max_tokens", _read_int),
    "frequency_penalty": ("gen_ai.request.frequency_penalty", _read_float),
    "presence_penalty": ("gen_ai.request.presence_penalty", _read_float),
    "stop": ("gen_ai.request.stop_sequences", _read_texts),
    "stop_sequences": ("gen_ai.request.stop_sequences", _read_texts),
    "seed": ("gen_ai.request.seed", _read_int),
    "n": ("gen_ai.request.choice.count", _read_count),
    "reasoning_effort": ("gen_ai.request.reasoning.level", _read_text),
    "response_format": ("gen_ai.output.type", _read_type),
    "dimensions": ("gen_ai.embeddings.dimension.count", _read_int),
    "encoding_format": ("gen_ai.request.encoding_formats", _read_texts),
}
