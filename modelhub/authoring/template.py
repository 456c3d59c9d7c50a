"""Sketch a config of a model_type from its schema: required keys as they are, optional keys as comments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from modelhub.authoring.yaml_writer import write_inline
from modelhub.diagnostics.wording import is_secret
from modelhub.validation.rules.variables import name_reference
from modelhub.validation.rules.ways import WAYS
from modelhub.validation.schema.flatten import flatten
from modelhub.validation.schema.store import Schema
from modelhub.vendors import Vendor

_IDENTITY = ("config_name", "model_type", "model_name")
_BY_TYPE: dict[str, Any] = {"integer": 1, "number": 1, "boolean": False, "array": [], "null": None}


class Key(NamedTuple):
    """One key of the sketch; if it is not ``used``, it is written as a comment."""

    name: str
    value: Any
    used: bool
    meaning: str


def build_sketch(model_type: str, schema: Schema, name: str | None = None, vendor: Vendor | None = None) -> list[Key]:
    """Sketch a config called ``name`` (without it, as the schema's example is called); required keys come first.

    With ``vendor``, it is a config for a model of that vendor.
    """
    flat = flatten(schema)
    known: dict[str, Any] = flat.get("properties", {})
    example: dict[str, Any] = next(iter(schema.get("examples", ())), {})
    auth: dict[str, Any] = schema.get("x-capabilities", {}).get("auth", {})
    named: dict[str, Any] = {}
    if vendor is not None:
        named = _name_vendor(vendor, model_type, known)
        auth = {"variable": vendor.key_variables[0], "required": not vendor.key_optional}
        about_model = {"config_name": vendor.name, "model_name": vendor.model, "api_key": f"${{{auth['variable']}}}"}
        example = {**example, **about_model, **named}
    config_name = example.get("config_name") or f"my-{model_type.replace('_', '-')}"
    if auth.get("variable"):
        example = {"model_name": config_name, "api_key": f"${{{auth['variable']}}}"} | example
    example = example | {"config_name": name or config_name, "model_type": model_type}
    used = ["config_name", "model_type", *named, *(["model_name"] if "model_name" in example else ())]
    usual: Schema = next(
        iter(flat.get("anyOf", ())), {}
    )  # of the keys of which a config has some, those that it mostly has
    used += [key for key in (*flat.get("required", ()), *usual.get("required", ())) if key not in used]
    used += ["api_key"] if auth.get("required") and auth.get("variable") and "api_key" in known else []
    useless = WAYS if auth.get("kind") == "library" else ()  # a library connects by itself
    shown = [key for key in known if key not in (*used, *useless) and not _describe(known, key).get("deprecated")]
    keys = []
    for key in used + shown:
        about = _describe(known, key)
        keys.append(Key(key, _find_value(key, about, example), key in used, _explain(about)))
    return keys


def print_sketch(sketch: Sequence[Key], schema: Schema) -> str:
    """Write a sketch as an item of a YAML list, each key with its meaning."""
    lines = [f"# {about}"] if (about := " ".join(str(schema.get("description", "")).split())) else []
    start = "- "
    for key in sketch:
        line = f"{write_inline(key.name)}: {write_inline(key.value)}"
        meaning = f"  # {key.meaning}" if key.meaning and key.name not in _IDENTITY else ""
        lines.append(f"{start}{line}{meaning}" if key.used else f"  # {line}{meaning}")
        start = "  "
    return "\n".join(lines) + "\n"


def _name_vendor(vendor: Vendor, model_type: str, known: dict[str, Any]) -> dict[str, Any]:
    """The keys by which a config of ``model_type`` names ``vendor``; empty if the type itself names the vendor."""
    if model_type.startswith(f"{vendor.name}_"):
        return {}
    return {"vendor": vendor.name} if "vendor" in known else {"client_args": {"base_url": vendor.base_url}}


def _describe(properties: dict[str, Any], key: str) -> Schema:
    about = properties.get(key)
    return about if isinstance(about, dict) else {}


def _find_value(key: str, about: Schema, example: dict[str, Any]) -> Any:
    """The value in the example, else in the schema; if neither has one, a made-up value of the right type."""
    if is_secret([key]) and key not in example:
        return name_reference((key,), example)
    for value in (example.get(key), about.get("default"), *about.get("examples", ())[:1], about.get("const")):
        if value is not None:
            return value
    if "enum" in about:
        return about["enum"][0]
    named = about.get("type", "string")
    kind = named if isinstance(named, str) else next(iter(named))
    if kind == "object":
        below = [(name, _describe(about["properties"], name)) for name in about.get("properties", ())]
        return {name: _find_value(name, more, {}) for name, more in below if more.get("examples")}
    if kind in ("integer", "number"):
        return max(_BY_TYPE[kind], about.get("minimum", 0))
    return _BY_TYPE.get(kind, key)


def _explain(about: Schema) -> str:
    meaning = " ".join(str(about.get("description", "")).split())
    default = about.get("default")
    return f"{meaning} Default: {write_inline(default)}." if default is not None and meaning else meaning
