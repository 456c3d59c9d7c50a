"""Fits a JSON Schema to what a vendor takes of it; what is left out is told in the description."""

from __future__ import annotations

import json
import marshal
from functools import lru_cache
from typing import Any

from modelhub.errors import BadRequestError
from modelhub.fitting.checking import Unfit, check_schema
from modelhub.fitting.combine import Contradiction, join_alternatives, merge_schemas
from modelhub.fitting.deep import DeepFitter
from modelhub.fitting.names import find_odd_key
from modelhub.fitting.pointers import find_circle, find_dangling, find_target
from modelhub.fitting.rules import SchemaRules
from modelhub.wire import decode_json, encode_json


def fit_schema(schema: Any, rules: SchemaRules, place: str) -> Any:
    """A schema that says of ``schema`` what ``rules`` allow; always an object of its own, which may be changed.

    Raises BadRequestError with the ``place`` and the path of what is no schema, or cannot be fitted.
    """
    try:
        key = marshal.dumps(schema, 0)
    except ValueError:  # a class of its own, such as OrderedDict
        key = marshal.dumps(_read(schema, place), 0)
    try:
        return marshal.loads(_fit(key, rules))
    except Unfit as flaw:
        raise BadRequestError(f"{place}{flaw.path}: {flaw.why}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequestError(f"{place} cannot be written as JSON: {error}") from None


def _read(schema: Any, place: str) -> Any:
    try:
        return decode_json(encode_json(schema))
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequestError(f"{place} cannot be written as JSON: {error}") from None


@lru_cache(maxsize=512)
def _fit(key: bytes, rules: SchemaRules) -> bytes:
    """``fit_schema`` for packed schemas: programs ask with the same few again and again."""
    schema = decode_json(encode_json(marshal.loads(key)))
    check_schema(schema)
    if (dangling := find_dangling(schema)) is not None:
        raise Unfit(f"{dangling[0]}.$ref", f"there is no schema at {dangling[1]!r}")
    if rules.object_root:
        schema = _open_root(schema, rules)
    if not rules.recursive and (path := find_circle(schema)) is not None:
        raise Unfit(path, f"it holds itself, and {rules.vendor} takes no schema that does")
    if rules.deep:
        schema = DeepFitter(schema, rules).fit_root()
    return marshal.dumps(schema, 0)


def _open_root(given: Any, rules: SchemaRules) -> dict[str, Any]:
    """A schema with an object as its root; raises Unfit for another."""
    if not isinstance(given, dict):
        raise Unfit("", "it must be the schema of an object")
    schema: dict[str, Any] = given
    if rules.plain_root or "$ref" in schema:
        schema = _flatten_root(schema, schema, 0)
    kind: Any = schema.get("type", "object")
    if kind != "object" and "object" not in kind:
        raise Unfit(".type", f"it must be object, not {json.dumps(kind)}")
    if schema.get("type") != "object":
        schema = {"type": "object", **{name: value for name, value in schema.items() if name != "type"}}
    if "properties" not in schema:
        schema["properties"] = {}
    odd = find_odd_key(schema["properties"]) if rules.plain_keys else None
    if odd is not None:
        why = f"{rules.vendor} takes names of at most 64 letters, digits, '_', '.' and '-' for properties"
        raise Unfit(".properties", f"{why}, not {odd!r}")
    return schema


def _flatten_root(schema: dict[str, Any], root: dict[str, Any], depth: int) -> dict[str, Any]:
    """A schema without ``$ref``, ``allOf``, ``anyOf`` and ``oneOf`` at its root."""
    if depth > 20:
        raise Unfit("", "its root never ends")
    schema = dict(schema)
    if "$ref" in schema:
        ref = schema.pop("$ref")
        target = find_target(root, ref)
        if not isinstance(target, dict):
            raise Unfit(".$ref", f"there is nothing at {ref!r} in the schema")
        return _flatten_root(_join(schema, target, ".$ref"), root, depth + 1)
    for part in schema.pop("allOf", ()):
        if isinstance(part, dict):
            schema = _join(schema, _flatten_root(part, root, depth + 1), ".allOf")
    for name in ("anyOf", "oneOf"):
        if name in schema:
            options = [_flatten_root(p, root, depth + 1) for p in schema.pop(name) if isinstance(p, dict)]
            options = [option for option in options if option.get("type") != "null"]
            try:
                schema = join_alternatives(schema, options) if options else schema
            except Contradiction as why:
                raise Unfit(f".{name}", f"it cannot be taken apart: {why}") from None
    return schema


def _join(one: dict[str, Any], other: dict[str, Any], path: str) -> dict[str, Any]:
    try:
        return merge_schemas(one, other)
    except Contradiction as why:
        raise Unfit(path, str(why)) from None
