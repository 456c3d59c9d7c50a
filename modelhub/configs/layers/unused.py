"""Templates, overlays and defaults that no config can use under any profile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from modelhub.configs.layers.declarations import ALL, Defaults, Overlay
from modelhub.configs.layers.entry import Entry
from modelhub.configs.layers.scopes import Scope
from modelhub.configs.layers.vocabulary import Vocabulary
from modelhub.diagnostics.suggest import suggest_freely
from modelhub.diagnostics.wording import did_you_mean, suggest_name
from modelhub.errors import Problem


@dataclass(slots=True)
class _Config:
    """The values that one config may have under any profile."""

    scopes: list[Scope]
    is_abstract: bool
    types: set[str] = field(default_factory=set)
    bases: set[str] = field(default_factory=set)

    def add(self, config: dict[str, Any]) -> None:
        """Add what the config itself, or one of its overlays, says."""
        for key, into in (("model_type", self.types), ("extends", self.bases)):
            if isinstance(value := config.get(key), str):
                into.add(value)
        if config.get("abstract") is False:
            self.is_abstract = False


def find_unused(
    entries: Sequence[tuple[Entry, Scope]],
    overlays: Sequence[tuple[Overlay, Scope]],
    defaults: Sequence[tuple[Defaults, Scope]],
    profile: str | None,
    vocabulary: Vocabulary,
) -> Iterator[Problem]:
    """Find what no config can ever use, and misspelt model_types that no config in effect would show."""
    unused = _Unused(vocabulary)
    named = unused.add_entries(entries)
    lost = list(unused.add_overlays(overlays))
    yield from unused.find_templates(named)
    yield from (problem for overlay, problem in lost if overlay.profile != profile)  # that of this one is an error
    yield from unused.find_misspelt(overlay for overlay, _ in overlays if overlay.profile != profile)
    yield from unused.find_defaults(defaults)


class _Unused:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._by_name: dict[str, _Config] = {}
        self._configs: list[_Config] = []

    def add_entries(self, entries: Sequence[tuple[Entry, Scope]]) -> dict[str, Entry]:
        """Add the entries; return the first entry of each name."""
        named: dict[str, Entry] = {}
        for entry, scope in entries:
            written = self._vocabulary.identity_keys(entry.config)
            said = entry.config | {key: entry.config[old] for key, old in written.items()}
            config = _Config([scope], said.get("abstract") is True)
            config.add(said)
            self._configs.append(config)
            name = said.get("config_name")
            if isinstance(name, str) and name not in named:
                named[name] = entry
                self._by_name[name] = config
        return named

    def add_overlays(self, overlays: Sequence[tuple[Overlay, Scope]]) -> Iterator[tuple[Overlay, Problem]]:
        """Add the overlays of every profile; yield a problem for each overlay that changes nothing."""
        declared = {
            (overlay.profile, overlay.config_name)
            for overlay, _ in overlays
            if "model_type" in overlay.config or "extends" in overlay.config
        }
        known = list(self._by_name)
        for overlay, scope in overlays:
            name = overlay.config_name
            if name in known:
                self._by_name[name].add(overlay.config)
                continue
            if (overlay.profile, name) in declared:
                if name not in self._by_name:
                    self._by_name[name] = _Config([], overlay.config.get("abstract") is True)
                    self._configs.append(self._by_name[name])
                self._by_name[name].scopes.append(scope)
                self._by_name[name].add(overlay.config)
                continue
            hint = suggest_name(name, known, "config_names") + "; a new config needs a model_type"
            message = f"the profile '{overlay.profile}' changes a config '{name}' that does not exist"
            yield overlay, overlay.problem("MH305", message, hint, severity="warning")

    def find_templates(self, named: dict[str, Entry]) -> Iterator[Problem]:
        """Find the abstract configs that no model is made from."""
        used: set[str] = set()
        waiting = [name for config in self._configs if not config.is_abstract for name in config.bases]
        while waiting:
            name = waiting.pop()
            if name not in self._by_name:  # a name that is misspelt, which is told where it stands
                near = suggest_freely(name, self._by_name)
                waiting += [near] if near else []
            elif name not in used:
                used.add(name)
                waiting += self._by_name[name].bases
        for name, entry in named.items():
            if self._by_name[name].is_abstract and name not in used:
                message = f"no model is made from the abstract config '{name}'"
                hint = "extend it, or remove it"
                yield entry.problem("MH305", message, "config_name", hint=hint, severity="warning")

    def find_misspelt(self, overlays: Iterable[Overlay]) -> Iterator[Problem]:
        """Find the misspelt model_types of overlays that are not in effect."""
        for overlay in overlays:
            name = overlay.config.get("model_type")
            if isinstance(name, str) and (near := self._vocabulary.near_type(name)):
                origin = overlay.origin
                yield origin.document.problem(
                    "MH107",
                    f"unknown model_type '{name}'",
                    (*origin.path, "model_type"),
                    hint=did_you_mean(near),
                    config_name=overlay.config_name,
                )

    def find_defaults(self, defaults: Sequence[tuple[Defaults, Scope]]) -> Iterator[Problem]:
        """Find the defaults whose model_type is misspelt, is an old name, or belongs to no config that they reach."""
        reached = self._find_types([each for each, _ in defaults])
        for each, scope in defaults:
            name, modern = each.model_type, self._vocabulary.modern_type(each.model_type)
            if name == ALL:
                continue
            if near := self._vocabulary.near_type(name):
                message, hint = f"unknown model_type '{name}' in defaults", did_you_mean(near)
                yield each.problem("MH107", message, hint)
            elif modern not in reached.get(scope, ()):
                message = f"the defaults of '{name}' reach no config: none here has this model_type"
                hint = f"write '{ALL}'" if name.lower() == ALL else "remove them"
                yield each.problem("MH305", message, hint, severity="warning")
            elif modern != name:
                message = f"model_type '{name}' is the old name of '{modern}'"
                yield each.problem("MH109", message, f"write '{modern}'", severity="warning")

    def _find_types(self, defaults: Sequence[Defaults]) -> dict[Scope, set[str]]:
        """The model_types of the configs that the defaults of each scope can reach: perhaps too many, never too few."""
        told = {
            item.value
            for each in defaults
            if each.model_type == ALL and each.node.items and (item := each.node.items.get("model_type"))
            if isinstance(item.value, str)
        }
        reached: dict[Scope, set[str]] = {}
        for config in self._configs:
            types = self._find_types_of(config) or told
            modern = {self._vocabulary.modern_type(name) for name in types}
            meant = {self._vocabulary.near_type(name) or name for name in modern}
            for scope in {each for own in config.scopes for each in own.chain()}:
                reached.setdefault(scope, set()).update(meant)
        return reached

    def _find_types_of(self, config: _Config) -> set[str]:
        """The model_types that the config names; if it names none, those of the configs that it extends."""
        types: set[str] = set()
        seen: set[str] = set()
        waiting = [config]
        while waiting:
            each = waiting.pop()
            types |= each.types
            new = each.bases & self._by_name.keys() - seen
            seen |= new
            waiting += [self._by_name[name] for name in new]
        return types
