"""Structured answers: the JSON that a response_format asked for, checked against its schema."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from modelhub.errors import ContentFilterError, ResponseParsingError
from modelhub.fitting.nulls import drop_nulls
from modelhub.late import late
from modelhub.wire import decode_json

if TYPE_CHECKING:
    from modelhub.response import ModelResponse
    from modelhub.typed import classes
else:
    classes = late("modelhub.typed.classes")

_END_OF_THOUGHTS = re.compile(r"</think(?:ing)?>|</thought>|\[/THINK\]|◁/think▷")  # the last two: Magistral, Kimi


def parse_structured(response: ModelResponse, response_format: Any) -> Any:
    """The value that ``response_format`` (OpenAI's json_object or json_schema) asked for; an instance, of a class.

    None if the model called tools, or if its answer was filtered. Raises ContentFilterError if it refused, and
    ResponseParsingError if the answer is not JSON or does not fit the schema; ``partial`` is the response.
    """
    kind = response_format.get("type") if isinstance(response_format, dict) else None
    if kind not in ("json_object", "json_schema") or response.tool_calls or response.finish_reason == "content_filter":
        return None
    text = response.text or ""
    if response.refusal and not text.strip():
        raise ContentFilterError(f"the model refused: {response.refusal[:300]}", partial=response)
    try:
        value = _find_json(text)
    except ValueError:
        why = ", because it ran into its limit of tokens" if response.finish_reason == "length" else ""
        raise ResponseParsingError(f"the answer is not JSON{why}: {text[:200]!r}", partial=response) from None
    inside = response_format.get("json_schema")
    if kind == "json_schema" and isinstance(inside, dict):
        schema = inside.get("schema") or {}
        if inside.get("strict") is True:
            value = drop_nulls(value, schema)
        mismatch = find_mismatch(value, schema)
        if mismatch is not None:
            raise ResponseParsingError(f"the answer does not fit its schema: {mismatch}", partial=response)
    model = getattr(response_format, "model", None)
    if model is None:
        return value
    try:
        return classes.build_instance(model, value)
    except ValueError as error:
        raise ResponseParsingError(f"the answer does not fit its class: {error}", partial=response) from None


def _find_json(text: str) -> Any:
    """The JSON of an answer; what reasoning models put before it in tags such as <think> is no part of it.

    The first tag may be missing: some chat templates end with it. Raises ValueError when there is no JSON.
    """
    try:
        return decode_json(_strip_fence(text))
    except ValueError:
        tag = _END_OF_THOUGHTS.search(text)
        if tag is None:
            raise
        return decode_json(_strip_fence(text[tag.end() :]))


def _strip_fence(text: str) -> str:
    """The inside of a Markdown code block, which many models put around JSON."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        return text[text.index("\n") + 1 : -3]
    return text


def find_mismatch(value: Any, schema: dict[str, Any]) -> str | None:
    """The first thing that is wrong with ``value``; None if it fits, or if the schema itself is wrong."""
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.exceptions import best_match
    from referencing.exceptions import Unresolvable

    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError):
        return None
    try:
        error = best_match(Draft202012Validator(schema).iter_errors(value))
    except RecursionError:
        return "it is nested too deep"
    except Unresolvable:
        return None
    if error is None:
        return None
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    return f"{place.removeprefix('.') or 'the value'}: {error.message[:300]}"
