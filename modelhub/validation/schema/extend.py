"""Build the schema of a class that extends others from what each of them takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modelhub.validation.schema.derive import Parameter, derive_from_class, derive_schema, describe_parameter
from modelhub.validation.schema.lineage import Known, Line, read_class
from modelhub.validation.schema.store import BASE, Schema
from modelhub.validation.schema.view import View

_IDENTITY = ("config_name", "model_type")
_CLOSING = ("unevaluatedProperties", "additionalProperties")


def find_class_schema(cls: type, model_type: str, known: Known) -> Schema:
    """The schema of a class: that of the type that it extends, with its own keys, else one from its ``__init__``.

    The first paragraph of its own docstring describes it.
    """
    schema = combine(read_class(cls, known), model_type) or derive_from_class(cls)
    about = " ".join((cls.__dict__.get("__doc__") or "").strip().partition("\n\n")[0].split())
    return {**schema, "description": about} if about else schema


def combine(line: Line, model_type: str) -> Schema | None:
    """The schema of the first class of a line; None if nothing is known of any of its classes."""
    own: dict[str, Parameter] = {}
    base: Schema | None = None
    found, reached, more = False, True, False  # whether keys come to the next class, and whether other keys are taken
    for link in line:
        found = True
        if isinstance(link, dict):
            base = link
            break
        if reached:
            for parameter in link.parameters:
                own.setdefault(parameter.name, parameter)
            more = more or link.extra in ("used", "kept")
            reached = link.extra in ("used", "passed")
    if not found:
        return None
    if base is not None and reached:
        return _extend(base, own, model_type, closed=not more)
    schema = derive_schema(own.values(), extra_keys=more or reached, title=model_type)
    return schema if base is None else _describe_by(base, schema, own)


def _extend(base: Schema, own: dict[str, Parameter], model_type: str, *, closed: bool) -> Schema:
    """The schema ``base`` with the keys that a class takes besides."""
    known = {*View([(base, base)]).properties, *_IDENTITY}
    added = {name: describe_parameter(parameter) for name, parameter in own.items() if name not in known}
    needed = [name for name in base.get("required", ()) if name not in own or own[name].required]
    needed += [name for name, parameter in own.items() if parameter.required and name not in (*_IDENTITY, *needed)]
    about = {"description": f"Always {model_type}.", "type": "string", "const": model_type}
    schema = {key: value for key, value in base.items() if closed or key not in _CLOSING}
    schema |= {"title": model_type, "properties": {**base.get("properties", {}), **added, "model_type": about}}
    if needed or "required" in base:
        schema["required"] = needed
    if str(base.get("$id", "")).startswith(BASE):
        schema["$id"] = f"{BASE}{model_type}.json"
    if isinstance(examples := base.get("examples"), list):
        schema["examples"] = [_rename(example, model_type) for example in examples]
    return schema


def _rename(example: Any, model_type: str) -> Any:
    return {**example, "model_type": model_type} if isinstance(example, dict) else example


def _describe_by(base: Schema, schema: Schema, own: Iterable[str]) -> Schema:
    """``schema``, whose ``own`` keys are explained as in ``base``, the schema of what its class extends."""
    told = base.get("properties", {})
    shared = {name: told[name] for name in own if name in told and name not in _IDENTITY}
    kept: Schema = {key: base[key] for key in ("$id", "$defs", "description", "x-capabilities") if key in base}
    return {**kept, **schema, "properties": {**schema["properties"], **shared}}
