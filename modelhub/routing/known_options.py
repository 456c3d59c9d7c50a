"""Which options of a call a model knows by its schema, or by its code where it has no schema."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from modelhub.plugins.modules import read_file


def knows_option(cls: Any, name: str) -> bool:
    """Whether models of the class take the option ``name``: their schema has it among ``generate_args``.

    A class without a schema takes what its ``__call__`` or ``acall`` names.
    """
    known = _read_options(cls.__module__.partition(".")[0], cls.model_type)
    return name in (_read_parameters(cls) if known is None else known)


@cache
def _read_options(package: str, model_type: str) -> frozenset[str] | None:
    """The options that a schema knows; None if there is no schema."""
    schema = _load(package, f"{model_type}.json")
    return None if schema is None else frozenset(_find_options(schema.get("properties", {}), schema, package))


@cache
def _load(package: str, name: str) -> dict[str, Any] | None:
    found = read_file(package, "schemas", name)
    if found is None:
        return None
    schema: Any = json.loads(found[1])
    return schema if isinstance(schema, dict) else None


def _find_options(properties: Any, root: Mapping[str, Any], package: str) -> Iterator[str]:
    about, seen = properties.get("generate_args"), 0
    while isinstance(about, Mapping) and seen < 9:
        yield from about.get("properties", {})
        about, root = _follow(about.get("$ref"), root, package)
        seen += 1


def _follow(reference: Any, root: Mapping[str, Any], package: str) -> tuple[Any, Mapping[str, Any]]:
    """What a ``$ref`` points to, and the file that it is in; None if it is nowhere."""
    if not isinstance(reference, str):
        return None, root
    file, _, pointer = reference.partition("#")
    if name := file.rpartition("/")[2]:
        root = _load(package, name) or _load("modelhub", name) or {}
    node: Any = root
    for step in pointer.split("/")[1:]:
        node = node.get(step) if isinstance(node, Mapping) else None
    return node, root


@cache
def _read_parameters(cls: Any) -> frozenset[str]:
    """The names that the calls of a class take."""
    own = [getattr(getattr(cls, name), "__wrapped__", None) for name in ("__call__", "acall")]
    return frozenset(name for call in own if call is not None for name in inspect.signature(call).parameters)
