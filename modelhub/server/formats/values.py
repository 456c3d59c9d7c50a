"""Makes a JSON value that fits a JSON Schema, with words and numbers from a message."""

from __future__ import annotations

import re
from collections import deque
from typing import Any

from modelhub.server.formats.replies import Json

_FORMATS = {
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "date-time": "2026-01-31T12:00:00Z",
    "email": "mock@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_DEPTH = 12


def build_value(schema: Json, message: str, *, optional: bool = False) -> Any:
    """Make a value for a schema; with ``optional``, objects without required properties get all their properties."""
    return _Filler(schema, message, optional).fill(schema, "text", 0)


class _Filler:
    """Makes one value; each word and number of the message is used once, in order."""

    def __init__(self, root: Json, message: str, optional: bool) -> None:
        self.root = root
        self.message = message
        self.optional = optional
        self.numbers = deque(re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", message))
        quoted = re.findall(r"[\"“「](.+?)[\"”」]", message)
        self.names = deque(quoted or re.findall(r"(?<=[a-z,] )[A-Z][\w-]+(?: [A-Z][\w-]+)*", message))

    def fill(self, schema: Any, name: str, depth: int) -> Any:
        if not isinstance(schema, dict) or depth > _DEPTH:
            return None
        schema = self.resolve(schema)
        for key in ("const", "default"):
            if key in schema:
                return schema[key]
        if schema.get("enum"):
            return schema["enum"][0]
        for key in ("anyOf", "oneOf"):
            if schema.get(key):
                return self.fill(schema[key][0], name, depth + 1)
        return self.fill_type(schema, name, depth)

    def resolve(self, schema: Json) -> Json:
        """Follow a local ``$ref`` and merge ``allOf``."""
        for _ in range(_DEPTH):
            pointer = schema.get("$ref")
            if not isinstance(pointer, str) or not pointer.startswith("#"):
                break
            target: Any = self.root
            for step in pointer.removeprefix("#").strip("/").split("/"):
                target = target.get(step.replace("~1", "/").replace("~0", "~"), {}) if step else target
            schema = target
        for part in schema.get("allOf", ()):
            schema = {**schema, **self.resolve(part), "allOf": ()}
        return schema

    def fill_type(self, schema: Json, name: str, depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        match kind:
            case "object":
                return self.fill_object(schema, depth)
            case "array":
                items = schema.get("prefixItems") or [schema.get("items", {})] * max(schema.get("minItems", 1), 1)
                return [self.fill(item, name, depth + 1) for item in items]
            case "integer" | "number":
                return self.fill_number(schema, kind)
            case "boolean":
                return True
            case "null":
                return None
        return self.fill_text(schema, name)

    def fill_object(self, schema: Json, depth: int) -> Json:
        properties: Json = schema.get("properties", {})
        required = schema.get("required") or (list(properties) if self.optional else [])
        return {key: self.fill(properties.get(key, {}), key, depth + 1) for key in required}

    def fill_number(self, schema: Json, kind: str) -> int | float:
        low, high = schema.get("minimum"), schema.get("maximum")
        value = float(self.numbers.popleft()) if self.numbers else 1.0
        value = value if low is None else max(value, low)
        value = value if high is None else min(value, high)
        return int(value) if kind == "integer" or value == int(value) else value

    def fill_text(self, schema: Json, name: str) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        given = re.search(rf"\b{re.escape(name)}\s*[:=]\s*([\w./@-]+)", self.message, re.IGNORECASE)
        text = given[1] if given else self.names.popleft() if self.names else name
        return text.ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength")]
