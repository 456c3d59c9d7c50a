"""A config during its conversion; it knows where each of its values was written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from modelhub.configs import Document
from modelhub.configs.readers.positions import Path

Place = tuple[Document, Path]

_ORDER = (
    "config_name",
    "model_type",
    "model_name",
    "description",
    "tags",
    "api_key",
    "organization",
    "host",
    "api_url",
    "api_base",
    "client_args",
    "headers",
    "timeout",
    "retry",
    "limits",
    "price",
    "proxy",
    "keep_alive",
    "think",
    "format",
    "options",
    "generate_args",
    "request",
    "response",
    "stream",
    "capabilities",
)


@dataclass(slots=True)
class Draft:
    """One config; ``place`` is the place of the deployment, ``places`` has the place of each value."""

    place: Place
    config: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)

    def put(self, path: tuple[str, ...], value: Any, place: Place | None = None) -> None:
        """Set the value at ``path``; ``place`` is its place in the other program's config."""
        target = self.config
        for step in path[:-1]:
            target = target.setdefault(step, {})
        target[path[-1]] = value
        if place:
            self.places[path] = place

    def remove(self, path: Path) -> tuple[Path, Place] | None:
        """Remove the written value that ``path`` leads to or into; return its path and place, None if there is none."""
        for length in range(len(path), 0, -1):
            place = self.places.pop(path[:length], None)
            if place:
                target = self.config
                for step in path[: length - 1]:
                    target = target[step]  # type: ignore[index]
                target.pop(path[length - 1], None)  # type: ignore[arg-type]
                return path[:length], place
        return None

    def build(self) -> dict[str, Any]:
        """The config with its keys in the usual order, without empty mappings."""
        known = sorted(self.config, key=lambda key: _ORDER.index(key) if key in _ORDER else len(_ORDER))
        return {key: self.config[key] for key in known if self.config[key] != {}}
