"""The ``$defs`` of a schema: those classes that hold themselves stand there, all others where they are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelhub.typed.faults import NoForm

Schema = dict[str, Any]


class Definitions:
    """What a schema refers to, by name."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}
        self._open: dict[object, str | None] = {}  # the classes that are being written, and the names they got
        self._owners: dict[str, object] = {}

    def write(self, cls: Any, build: Callable[[], Schema]) -> Schema:
        """The schema that ``build`` makes for a class; a reference to it, where the class holds itself."""
        if cls in self._open:
            name = self._open[cls] or self._find_name(cls)
            self._open[cls] = name
            return {"$ref": f"#/$defs/{name}"}
        self._open[cls] = next((name for name, owner in self._owners.items() if owner == cls), None)
        schema = build()
        known = self._open.pop(cls)
        if known is None:
            return schema
        self.schemas[known] = schema
        return {"$ref": f"#/$defs/{known}"}

    def _find_name(self, cls: Any) -> str:
        name, n = str(cls.__name__), 2
        while name in self._owners or name in self.schemas:
            name, n = f"{cls.__name__}_{n}", n + 1
        self._owners[name] = cls
        return name

    def adopt(self, schema: Schema) -> Schema:
        """``schema``, of somebody else, without its own ``$defs``, which become some of these."""
        for name, definition in schema.get("$defs", {}).items():
            if self.schemas.setdefault(name, definition) != definition:
                raise NoForm(f"two classes are called {name}")
        return {key: value for key, value in schema.items() if key != "$defs"}

    def close(self, schema: Schema) -> Schema:
        """The whole schema, whose root is an object and no reference."""
        name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
        root = self.schemas.get(name, schema)
        return {**root, "$defs": self.schemas} if self.schemas else root
