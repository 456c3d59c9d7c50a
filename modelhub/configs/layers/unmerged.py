"""One config before its layers are merged: its own values, and the values that a profile gives it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from modelhub.configs.layers.declarations import LAYER_KEYS, Overlay
from modelhub.configs.layers.entry import Entry
from modelhub.configs.layers.origins import Node, Origin, build_keyed_node, build_node
from modelhub.configs.layers.scopes import Scope
from modelhub.errors import Problem
from modelhub.records import replace


class Draft:
    """One config before its layers are merged."""

    __slots__ = ("broken", "defaults", "entry", "keyed", "layer", "layers", "overlays", "scope", "tree", "written")

    def __init__(
        self,
        entry: Entry,
        scope: Scope,
        written: Mapping[str, str] = MappingProxyType({}),
        overlays: list[Overlay] | None = None,
        keyed: bool = False,
        layer: str = "",
    ) -> None:
        self.entry = entry
        self.scope = scope
        self.written = written  # how it spells what identifies it, the old way
        self.overlays = [] if overlays is None else overlays
        self.keyed = keyed
        self.layer = layer
        self.tree: Node | None = None
        self.defaults: Node | None = None  # what ``tree`` starts from, and the layers on it, lowest first
        self.layers: list[Node] = []
        self.broken = False  # it extends what cannot be had

    @property
    def name(self) -> str | None:
        """The config_name; None if it is not a string."""
        name = self.entry.config.get(self.written.get("config_name", "config_name"))
        return name if isinstance(name, str) else None

    def find(self, key: str) -> tuple[Any, Origin] | None:
        """The config's own value for ``key`` and its place; an overlay wins."""
        for overlay in reversed(self.overlays):
            if key in overlay.config:
                return overlay.config[key], replace(overlay.origin, path=(*overlay.origin.path, key))
        key = self.written.get(key, key)
        if key in self.entry.config:
            return self.entry.config[key], Origin(self.entry.document, (*self.entry.path, key), "")
        return None

    @property
    def model_type(self) -> str | None:
        """The model_type that the config itself names."""
        found = self.find("model_type")
        return found[0] if found and isinstance(found[0], str) else None

    @property
    def is_abstract(self) -> bool:
        """Whether it is only there to be extended."""
        found = self.find("abstract")
        return found is not None and found[0] is True

    @property
    def is_layered(self) -> bool:
        """Whether the config itself asks for a merge."""
        keys = any(key in self.entry.config for key in LAYER_KEYS)
        return keys or bool(self.overlays or self.layer)

    def build_own(self) -> Node:
        """Its own layer, without the keys that only say how to merge it."""
        config = {key: value for key, value in self.entry.config.items() if key not in LAYER_KEYS}
        origin = Origin(self.entry.document, self.entry.path, self.layer or self.name or "")
        return build_keyed_node(config, origin) if self.keyed else build_node(config, origin)

    def build_overlays(self) -> list[Node]:
        """The layers of the profile, lowest first."""
        hidden = (*LAYER_KEYS, "config_name")
        kept = [{key: item for key, item in each.config.items() if key not in hidden} for each in self.overlays]
        return [build_node(config, each.origin) for config, each in zip(kept, self.overlays, strict=True)]

    def problem(self, code: str, message: str, origin: Origin, hint: str | None = None) -> Problem:
        """Build the problem that stands at ``origin``."""
        return origin.document.problem(code, message, origin.path, hint=hint, config_name=self.name)
