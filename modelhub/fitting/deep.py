"""Fits every part of a schema to the rules of a vendor."""

from __future__ import annotations

import json
import re
from typing import Any

from modelhub.fitting.checking import Unfit
from modelhub.fitting.combine import ANNOTATIONS, Contradiction, allow_null, list_types, merge_schemas, name_type
from modelhub.fitting.pointers import find_target
from modelhub.fitting.rules import SchemaRules

_DEFINED = re.compile(r"#/(\$defs|definitions)/[^/]+")
_SILENT = ANNOTATIONS | {"$schema", "$id", "$anchor", "$vocabulary", "nullable", "propertyOrdering", "discriminator"}
_LOOKING = re.compile(r"\(\?|\\[bB1-9kpP]")  # lookaround, bounds of words, references, properties of characters
_BY_KEYWORD = {
    **dict.fromkeys(("properties", "required", "additionalProperties", "patternProperties"), "object"),
    **dict.fromkeys(("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"), "array"),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string"),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "number"),
}
_KINDS = ("$defs", "definitions")
_MOST_PARTS = 5000


class DeepFitter:
    """Walks one schema; parts that are referred to stay where they are, if they are definitions."""

    def __init__(self, root: dict[str, Any], rules: SchemaRules) -> None:
        self.root = root
        self.rules = rules
        self.opened: tuple[str, ...] = ()  # the references that are being put in place
        self.used: dict[str, Any] = {}  # the definitions that are referred to, by reference
        self.parts = 0

    def fit_root(self) -> Any:
        """The whole schema, with its definitions; without those that nothing refers to, if every object is closed."""
        fitted = self.fit(self.root, "")
        if not isinstance(fitted, dict) or not isinstance(self.root, dict):
            return fitted
        for kind in _KINDS:
            names = [_write_ref(kind, name) for name in self.root.get(kind, ())]
            if not self.rules.closed:
                for ref in names:
                    self._define(ref, find_target(self.root, ref), f".{ref[2:].replace('/', '.')}")
            defined = {
                n: self.used[ref] for n, ref in zip(self.root.get(kind, ()), names, strict=True) if ref in self.used
            }
            if defined:
                fitted[kind] = defined
        order = [name for name in self.root if name in fitted]
        return {name: fitted[name] for name in (*order, *(n for n in fitted if n not in self.root))}

    def fit(self, schema: Any, path: str) -> Any:
        """One part, and all that is in it."""
        rules = self.rules
        self.parts += 1
        if self.parts > _MOST_PARTS:
            raise Unfit("", f"it has more than {_MOST_PARTS} parts when its references are in place")
        if isinstance(schema, bool):
            if rules.typed:
                raise Unfit(path, f"it says nothing about its value, and {rules.vendor} wants a type")
            return schema if rules.booleans or not schema else {}
        if "$ref" in schema:
            return self._fit_ref(schema, path)
        if rules.closed or not path:
            schema = {name: value for name, value in schema.items() if name not in _KINDS}
        if rules.kept is not None:
            schema = self._join_parts(schema, path)
            if "$ref" in schema:
                return self._fit_ref(schema, path)
        if not rules.const and "const" in schema and isinstance(schema["const"], str | int | float):
            schema = {("enum" if n == "const" else n): ([v] if n == "const" else v) for n, v in schema.items()}
        if rules.typed:
            schema = self._add_type(schema, path)
        if rules.closed and "object" in list_types(schema.get("type")):
            schema = self._close(schema, path)
        if rules.items and "array" in list_types(schema.get("type")) and not schema.keys() & {"items", "prefixItems"}:
            if rules.typed:
                raise Unfit(path, f"it does not say its items, and {rules.vendor} wants their type")
            schema["items"] = {}
        schema = self._fit_parts(schema, path)
        if rules.all_required and "properties" in schema:
            known = schema.get("required", [])
            properties = schema["properties"]
            schema["properties"] = {n: part if n in known else allow_null(part) for n, part in properties.items()}
            schema["required"] = list(properties)
        return schema if rules.kept is None else self._leave_out(schema)

    def _fit_ref(self, schema: dict[str, Any], path: str) -> Any:
        ref = schema["$ref"]
        target = find_target(self.root, ref)
        beside = {name: value for name, value in schema.items() if name not in ("$ref", *_KINDS)}
        if target is None:
            if self.rules.kept is None:
                return schema  # the vendor says what it thinks of it
            raise Unfit(path, f"there is nothing at {ref!r} in the schema")
        circular = ref in self.opened
        placed = self.rules.inline or (beside and self.rules.bare_refs)
        if placed and not circular:
            return self._put_in_place(ref, target, beside, path)
        if self.rules.closed and not self._is_kept(ref):
            if circular:
                raise Unfit(path, f"it holds itself by {ref!r}: put that into $defs")
            return self._put_in_place(ref, target, beside, path)
        if self._is_kept(ref):
            self._define(ref, target, path)
        return {"$ref": ref} if self.rules.bare_refs else schema

    def _put_in_place(self, ref: str, target: Any, beside: dict[str, Any], path: str) -> Any:
        if not isinstance(target, dict):
            return self.fit(target, path)
        before, self.opened = self.opened, (*self.opened, ref)
        if len(self.opened) > 20:
            raise Unfit(path, "its references go too deep")
        try:
            return self.fit(self._merge(beside, target, path), path)
        finally:
            self.opened = before

    def _is_kept(self, ref: str) -> bool:
        return ref == "#" or _DEFINED.fullmatch(ref) is not None

    def _define(self, ref: str, target: Any, path: str) -> None:
        """Fit a definition once."""
        if ref == "#" or ref in self.used:
            return
        self.used[ref] = {}
        before, self.opened = self.opened, ()
        try:
            self.used[ref] = self.fit(target, path if self.rules.closed else f".{ref[2:].replace('/', '.')}")
        finally:
            self.opened = before

    def _join_parts(self, schema: dict[str, Any], path: str) -> dict[str, Any]:
        """A schema without ``allOf`` and ``oneOf``, and without a list of items for places."""
        for n, part in enumerate(schema.pop("allOf", ())):
            if isinstance(part, dict):
                schema = self._merge(schema, self._resolve(part, f"{path}.allOf[{n}]"), f"{path}.allOf[{n}]")
        if "oneOf" in schema and "anyOf" not in schema:
            schema = {("anyOf" if name == "oneOf" else name): value for name, value in schema.items()}
        places = schema.get("prefixItems")
        if isinstance(schema.get("items"), list):
            places, schema = schema["items"], {n: value for n, value in schema.items() if n != "items"}
        if places:
            more = [schema["items"]] if isinstance(schema.get("items"), dict) else []
            kinds = [one for n, one in enumerate([*places, *more]) if one not in [*places, *more][:n]]
            schema["items"] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
        elif isinstance(schema.get("items"), bool):
            schema.pop("items")
        return schema

    def _resolve(self, part: dict[str, Any], path: str, depth: int = 0) -> dict[str, Any]:
        """What must hold together with something else, with its references in place."""
        part = dict(part)
        if "$ref" in part:
            ref = part.pop("$ref")
            target = find_target(self.root, ref)
            if not isinstance(target, dict) or depth > 20:
                raise Unfit(path, f"there is no schema at {ref!r}")
            part = self._resolve(self._merge(part, target, path), path, depth + 1)
        for inner in part.pop("allOf", ()):
            if isinstance(inner, dict):
                part = self._merge(part, self._resolve(inner, path, depth + 1), path)
        return part

    def _merge(self, one: dict[str, Any], other: dict[str, Any], path: str) -> dict[str, Any]:
        try:
            return merge_schemas(one, other)
        except Contradiction as why:
            raise Unfit(path, str(why)) from None

    def _add_type(self, schema: dict[str, Any], path: str) -> dict[str, Any]:
        if "type" in schema or "anyOf" in schema:
            return schema
        values = [schema["const"]] if "const" in schema else schema.get("enum")
        if values is not None:
            kinds = list(dict.fromkeys(map(name_type, values)))
            return {"type": kinds[0] if len(kinds) == 1 else kinds, **schema}
        for name, kind in _BY_KEYWORD.items():
            if name in schema:
                return {"type": kind, **schema}
        raise Unfit(path, f"it does not say its type, and {self.rules.vendor} wants one")

    def _close(self, schema: dict[str, Any], path: str) -> dict[str, Any]:
        more = schema.get("additionalProperties")
        if not schema.get("properties") and (more not in (None, False) or "patternProperties" in schema):
            word = "additionalProperties" if more not in (None, False) else "patternProperties"
            raise Unfit(path, f"{self.rules.vendor} takes no object whose properties have any names ({word})")
        if "properties" not in schema and more is not False and not {"enum", "const"} & schema.keys():
            raise Unfit(path, f"it does not say its properties, and {self.rules.vendor} takes no others")
        missing = [name for name in schema.get("required", ()) if name not in schema.get("properties", {})]
        if missing:
            raise Unfit(f"{path}.required", f"the properties do not have {missing[0]!r}")
        return {**schema, "additionalProperties": False}

    def _fit_parts(self, schema: dict[str, Any], path: str) -> dict[str, Any]:
        fitted = dict(schema)
        if isinstance(schema.get("properties"), dict):
            parts = schema["properties"].items()
            fitted["properties"] = {name: self.fit(part, f"{path}.properties.{name}") for name, part in parts}
        for name in ("items", "additionalProperties"):
            if isinstance(schema.get(name), dict):
                fitted[name] = self.fit(schema[name], f"{path}.{name}")
        for name in ("anyOf", "oneOf", "allOf", "prefixItems", "items"):
            if isinstance(schema.get(name), list):
                fitted[name] = [self.fit(part, f"{path}.{name}[{n}]") for n, part in enumerate(schema[name])]
        return fitted

    def _leave_out(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema with the keywords that are taken; the others are told in its description."""
        rules = self.rules
        assert rules.kept is not None
        kept: dict[str, Any] = {}
        told: list[str] = []
        for name, value in schema.items():
            if name in rules.kept and self._is_taken(name, value):
                kept[name] = value
            elif name not in _SILENT or (name in ("default", "examples") and value is not None):
                told.append(f"{name}: {json.dumps(value, ensure_ascii=False)}")
        if told:
            words = f"({'; '.join(told)})"[:1000]
            kept["description"] = f"{kept['description']} {words}" if kept.get("description") else words
        return kept

    def _is_taken(self, name: str, value: Any) -> bool:
        rules = self.rules
        if name == "format":
            return rules.formats is None or value in rules.formats
        if name == "minItems":
            return rules.min_items is None or value <= rules.min_items
        if name == "pattern":
            return not rules.simple_patterns or _LOOKING.search(re.sub(r"\(\?:", "(", value)) is None
        return name != "enum" or not any(isinstance(item, dict | list) for item in value)


def _write_ref(kind: str, name: str) -> str:
    return f"#/{kind}/{name.replace('~', '~0').replace('/', '~1')}"
