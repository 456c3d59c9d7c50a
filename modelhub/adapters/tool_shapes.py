"""Tools in the form that a private service takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_NO_PARAMETERS = {"type": "object", "properties": {}}
_SCHEMA_KEYS = {"anthropic": "input_schema", "bare": "parameters"}


def shape_tools(tools: Sequence[Any] | None, shape: str) -> Sequence[Any] | None:
    """Tools in OpenAI's form in this one: ``openai``, ``anthropic`` or ``bare``; None if there are none."""
    if not tools:
        return None
    key = _SCHEMA_KEYS.get(shape)
    return tools if key is None else [_shape(tool, key) for tool in tools]


def _shape(tool: Any, key: str) -> Any:
    function = tool.get("function") if isinstance(tool, Mapping) else None
    if not isinstance(function, Mapping):
        return tool  # one that only the service itself has
    described = {name: function[name] for name in ("name", "description") if function.get(name) is not None}
    return {**described, key: function.get("parameters") or _NO_PARAMETERS}
