"""The schemas of the options of a call: those of ``generate_args`` in the schema of a model's type."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from modelhub.plugins.modules import read_file


class Part(NamedTuple):
    """A part of a schema: ``schema``, and the file and the top-level package from which its references are seen."""

    schema: Any
    root: Mapping[str, Any]
    package: str

    def follow(self, reference: object) -> Part | None:
        """What a ``$ref`` points to; None if it is nowhere."""
        if not isinstance(reference, str):
            return None
        file, _, pointer = reference.partition("#")
        root: Any = self.root
        if name := file.rpartition("/")[2]:
            root = _load(self.package, name) or _load("modelhub", name) or {}
        node: Any = root
        for step in pointer.split("/")[1:]:
            node = node.get(step) if isinstance(node, Mapping) else None
        return Part(node, root, self.package) if isinstance(node, Mapping) else None

    def step(self, schema: Any) -> Part:
        """A part that stands within this one."""
        return Part(schema, self.root, self.package)


def find_place(cls: Any) -> tuple[str, str] | None:
    """The top-level package and the model_type of a class, or of the nearest of its bases that has a schema."""
    for base in cls.__mro__:
        model_type = base.__dict__.get("model_type")
        if isinstance(model_type, str) and model_type:
            package = base.__module__.partition(".")[0]
            if read_schema(package, model_type) is not None:
                return package, model_type
    return None


def read_schema(package: str, model_type: str) -> Part | None:
    """The schema that a top-level package has of a type; None if it has none."""
    schema = _load(package, f"{model_type}.json")
    return None if schema is None else Part(schema, schema, package)


@cache
def _load(package: str, name: str) -> dict[str, Any] | None:
    found = read_file(package, "schemas", name)
    if found is None:
        return None
    schema: Any = json.loads(found[1])
    return schema if isinstance(schema, dict) else None


def find_options(schema: Part) -> dict[str, Part]:
    """The schema of each option that the type knows."""
    found: dict[str, Part] = {}
    about: Part | None = schema.step(_list_properties(schema).get("generate_args"))
    seen = 0
    while about is not None and isinstance(about.schema, Mapping) and seen < 9:
        for name, option in _list_properties(about).items():
            found.setdefault(name, about.step(option))
        about, seen = about.follow(about.schema.get("$ref")), seen + 1
    return found


def find_named(schema: Part) -> Iterator[str]:
    """What else the type has names for: its keys, and those of its mappings that take any, as Ollama's ``options``."""
    for name, about in _list_properties(schema).items():
        yield name
        part: Part | None = schema.step(about)
        if isinstance(about, Mapping) and "$ref" in about:
            part = schema.follow(about["$ref"])
        if part is not None and isinstance(part.schema, Mapping) and part.schema.get("x-open"):
            yield from _list_properties(part)


def _list_properties(part: Part) -> Mapping[str, Any]:
    properties: Any = part.schema.get("properties", {}) if isinstance(part.schema, Mapping) else {}
    return properties if isinstance(properties, Mapping) else {}
