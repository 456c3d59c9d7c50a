"""Load the built-in schemas and follow references between them; nothing is ever fetched."""

from __future__ import annotations

from functools import cache
from typing import Any

BASE = "https://modelhub.dev/schemas/"

Schema = dict[str, Any]


def load_schema(model_type: str) -> Schema | None:
    """Return the built-in schema of a model_type, or None; the schema is shared, so do not change it."""
    return None if model_type.startswith("_") else load_file(f"{model_type}.json")


@cache
def load_file(name: str) -> Schema | None:
    """Return a file of the schemas folder; None if no file has that name."""
    import json
    import pkgutil

    if not name.replace("_", "").replace(".", "").replace("-", "").isalnum():
        return None
    try:
        text = pkgutil.get_data("modelhub.schemas", name)
    except OSError:
        return None
    schema: Schema | None = json.loads(text) if text else None
    return schema


def load_common() -> Schema:
    """Return the keys that every model_type takes, each with its schema."""
    definitions = (load_file("_common.json") or {})["$defs"]
    return {**definitions["every_key_but_stream"]["properties"], **definitions["common"]["properties"]}


def load_bundle(schema: Schema) -> Schema:
    """Return ``schema`` in one piece: the built-in files that it refers to are copied below ``$defs``."""
    embedded: dict[str, Schema] = {}
    waiting = [schema]
    while waiting:
        for reference in _references(waiting.pop()):
            name = _file_of(reference)
            found = load_file(name) if name else None
            if found is not None and name not in embedded and found.get("$id") != schema.get("$id"):
                embedded[name] = found
                waiting.append(found)
    if not embedded:
        return schema
    base = {} if "$id" in schema else {"$id": f"{BASE}{schema.get('title', 'derived')}.json"}
    return {**base, **schema, "$defs": {**schema.get("$defs", {}), **embedded}}


def resolve(reference: str, root: Schema) -> tuple[Any, Schema]:
    """Return what a ``$ref`` in ``root`` points to and the file it is in.

    Raises LookupError when it is neither in ``root`` nor in a built-in file.
    """
    uri, _, pointer = reference.partition("#")
    if uri and uri != root.get("$id"):
        file = load_file(_file_of(reference))
        if file is None:
            raise LookupError(reference)
        root = file
    if pointer and not pointer.startswith("/"):
        raise LookupError(reference)
    node: Any = root
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or name not in node:
            raise LookupError(reference)
        node = node[name]
    return node, root


def _file_of(reference: str) -> str:
    return reference.partition("#")[0].rpartition("/")[2]


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for item in node for found in _references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [found for item in node.values() for found in _references(item)]
