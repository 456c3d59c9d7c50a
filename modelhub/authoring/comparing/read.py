"""Reads configs to be compared: those in effect without a profile, and under each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from modelhub import configs, validation
from modelhub.errors import Problem
from modelhub.records import Record
from modelhub.registry import checking
from modelhub.registry.profiles import BASE
from modelhub.registry.types import KnownTypes
from modelhub.validation.rules.tasks import read_type_task

_UNREADABLE = ("MH101", "MH105", "MH106", "MH303", "MH304")  # of which the rest could be anything


class Uncomparable(Exception):
    """Configs that cannot be read whole; ``problems`` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("the configs cannot be read")
        self.problems = problems


class Configs(Record):
    """The configs by their names, of each layer: "base", and the profiles; with modern spellings and secrets."""

    layers: dict[str, dict[str, dict[str, Any]]]
    types: KnownTypes

    def find_task(self, layer: str, name: str) -> str | None:
        """What a model is for: chat, embedding or image, of one that asks others what these are; None if not known."""
        waiting, seen = [name], set[str]()
        while waiting:
            config = self.layers[layer].get(waiting.pop())
            model_type = config.get("model_type") if config else None
            if config is None or not isinstance(model_type, str) or model_type not in self.types:
                continue
            view = validation.View.of(self.types.find_schema(model_type) or {})
            if task := read_type_task(view):
                return task
            targets = [edge.target for edge in validation.find_edges(0, view, config)]
            waiting += [target for target in targets if target not in seen]
            seen.update(targets)
        return None

    def mask(self, config: dict[str, Any]) -> dict[str, Any]:
        """A config without its secrets."""
        return checking.mask(config, config, self.types)


def read_configs(paths: Iterable[str], types: KnownTypes, profile: str | None = None) -> Configs:
    """Read the configs that ``paths`` name, under each profile or under one; raises Uncomparable."""
    sources = configs.Sources()
    for path in paths:
        sources.add(path)
    layers = {}
    for layer in [None, *sources.profiles] if profile is None else [profile or None]:
        loaded = sources.load(layer, validation.Spellings(types, types.find_schema))
        wrong = [each for each in loaded.problems if each.severity == "error" and each.code in _UNREADABLE]
        if wrong:
            raise Uncomparable(wrong)
        found = (types.complete(validation.modernize(entry.config, types)) for entry in loaded.entries)
        layers[layer or BASE] = {str(config.get("config_name")): config for config in found}
    return Configs(layers, types)
