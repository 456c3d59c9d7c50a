"""References within a schema: what they point to, and whether a part holds itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

# Keywords whose values are schemas, lists of schemas, and schemas by name.
ONE = (
    *("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties", "additionalItems", "contentSchema"),
)
SEVERAL = ("anyOf", "oneOf", "allOf", "prefixItems")
NAMED = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")


def find_target(root: Any, ref: str) -> Any:
    """What a reference within ``root`` points to; None if that is nothing."""
    if ref != "#" and not ref.startswith("#/"):
        return None
    found = root
    for step in ref[2:].split("/") if len(ref) > 2 else ():
        step = unquote(step).replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(step)] if isinstance(found, list) else found[step]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return found


def find_dangling(root: Any) -> tuple[str, str] | None:
    """The path of a reference that leads to no schema, and the reference; None if there is none.

    What another name of a part (``$anchor``, ``$id``) may be meant by is not looked at where there are such names.
    """
    named = False
    refs: list[tuple[str, Any]] = []
    waiting: list[tuple[str, Any]] = [("", root)]
    while waiting:
        path, part = waiting.pop()
        if not isinstance(part, dict):
            continue
        named = named or not {"$anchor", "$dynamicAnchor", "$id", "id"}.isdisjoint(part)
        if isinstance(part.get("$ref"), str):
            refs.append((path, part["$ref"]))
        waiting += iterate_parts(part, path)
        for kind in ("$defs", "definitions"):
            waiting += [(f"{path}.{kind}.{name}", inner) for name, inner in (part.get(kind) or {}).items()]
    good: set[str] = set()
    for path, ref in refs:
        if not leads_to_schema(root, ref, good) and (ref.startswith("#/") or not named):
            return path, ref
    return None


def leads_to_schema(root: Any, ref: str, good: set[str], seen: tuple[str, ...] = ()) -> bool:
    """Whether a reference ends at a schema, and not at itself; ``good`` gathers those that do."""
    if ref in good:
        return True
    target = find_target(root, ref)
    if ref in seen or not isinstance(target, dict | bool):
        return False
    if all(leads_to_schema(root, inner, good, (*seen, ref)) for inner in _refs_in_place(target)):
        good.add(ref)
    return ref in good


def _refs_in_place(schema: Any) -> Iterator[str]:
    """The references that are about the same value as ``schema`` is."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for name in ("anyOf", "oneOf", "allOf"):
            for part in schema.get(name, ()):
                yield from _refs_in_place(part)


def iterate_parts(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The schemas right within a schema, each with its path; definitions are left out."""
    if not isinstance(schema, dict):
        return
    for name in ONE:
        if name in schema and isinstance(schema[name], dict):
            yield f"{path}.{name}", schema[name]
    for name in (*SEVERAL, "items"):
        if isinstance(schema.get(name), list):
            for n, part in enumerate(schema[name]):
                yield f"{path}.{name}[{n}]", part
    for name in NAMED:
        if name not in ("$defs", "definitions") and isinstance(schema.get(name), dict):
            for key, part in schema[name].items():
                yield f"{path}.{name}.{key}", part


def find_circle(root: Any) -> str | None:
    """The path of a reference to what it is in; None if there is none."""
    done: set[str] = set()

    def visit(part: Any, path: str, open_refs: tuple[str, ...]) -> str | None:
        ref = part.get("$ref") if isinstance(part, dict) else None
        if isinstance(ref, str):
            if ref in open_refs:
                return path
            if ref not in done:
                found = visit(find_target(root, ref), path, (*open_refs, ref))
                done.add(ref)
                if found is not None:
                    return found
        for place, inner in iterate_parts(part, path):
            if (found := visit(inner, place, open_refs)) is not None:
                return found
        return None

    return visit(root, "", ("#",))
