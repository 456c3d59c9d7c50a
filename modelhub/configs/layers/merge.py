"""Builds the configs in effect from layers: defaults, the extended config, the config itself, a profile's overlays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelhub.configs.layers.declarations import Overlay
from modelhub.configs.layers.entry import Entry, Loaded
from modelhub.configs.layers.origins import Node, merge_all
from modelhub.configs.layers.price_lists import ListedPrice, PriceLists
from modelhub.configs.layers.scopes import Scope
from modelhub.configs.layers.unmerged import Draft
from modelhub.configs.layers.vocabulary import AS_WRITTEN, Vocabulary
from modelhub.diagnostics.wording import describe, quoting_hint, suggest_name
from modelhub.errors import Problem
from modelhub.records import replace

MAX_LAYERS = 100


def build_layers(
    found: Sequence[tuple[Entry, Scope]],
    overlays: Sequence[tuple[Overlay, Scope]],
    profile: str | None,
    vocabulary: Vocabulary = AS_WRITTEN,
    prices: Sequence[tuple[ListedPrice, Scope]] = (),
) -> Loaded:
    """Merge the layers of the configs ``found``, in order; a config that cannot be merged becomes a problem."""
    layers = _Layers(found, profile, vocabulary)
    layers.attach([(overlay, scope) for overlay, scope in overlays if overlay.profile == profile])
    built = layers.build()
    if not prices:
        return Loaded([entry for entry, _ in built], layers.problems)
    lists = PriceLists(prices, vocabulary)
    return Loaded([lists.complete(*each) for each in built], layers.problems, prices=lists.list_unused())


class _Layers:
    """The drafts of all configs; one config may extend another."""

    def __init__(self, found: Sequence[tuple[Entry, Scope]], profile: str | None, vocabulary: Vocabulary) -> None:
        self.problems: list[Problem] = []
        self._profile = profile
        self._vocabulary = vocabulary
        self._drafts = [
            Draft(entry, scope, vocabulary.identity_keys(entry.config), keyed=entry.keyed) for entry, scope in found
        ]
        self._by_name: dict[str, Draft] = {}
        for draft in self._drafts:
            if draft.name is not None:
                self._by_name.setdefault(draft.name, draft)
        self._defaults: dict[tuple[Scope, str | None], Node | None] = {}

    def attach(self, overlays: Sequence[tuple[Overlay, Scope]]) -> None:
        """Give each overlay to its config; overlays whose config does not exist declare a new config together."""
        new: dict[str, list[tuple[Overlay, Scope]]] = {}
        for overlay, scope in overlays:
            if draft := self._by_name.get(overlay.config_name):
                draft.overlays.append(overlay)
            else:
                new.setdefault(overlay.config_name, []).append((overlay, scope))
        for name, pieces in new.items():
            if any("model_type" in piece.config or "extends" in piece.config for piece, _ in pieces):
                first, scope = pieces[0]
                entry = Entry({"config_name": name, **first.config}, first.origin.document, first.origin.path)
                others = [piece for piece, _ in pieces[1:]]
                draft = Draft(entry, scope, overlays=others, keyed=first.keyed, layer=first.origin.layer)
                self._drafts.append(draft)
                self._by_name[name] = draft
            else:
                hint = suggest_name(name, self._by_name, "config_names") + "; a new config needs a model_type"
                message = f"the profile '{self._profile}' changes a config '{name}' that does not exist"
                self.problems += [piece.problem("MH303", message, hint) for piece, _ in pieces]

    def build(self) -> list[tuple[Entry, Scope]]:
        """The configs in effect, without abstract configs and without configs that cannot be merged."""
        entries = []
        for draft in self._drafts:
            self._check_abstract(draft)
            if not draft.is_layered and self._build_defaults(draft.scope, draft.model_type) is None:
                entries.append((draft.entry, draft.scope))
                continue
            self._merge(draft)
            if draft.tree is not None and not draft.is_abstract:
                config = _order(draft.tree.data)
                entry = Entry(config, draft.entry.document, draft.entry.path, draft.tree, draft.keyed)
                entries.append((entry, draft.scope))
        return entries

    def _check_abstract(self, draft: Draft) -> None:
        found = draft.find("abstract")
        if found and not isinstance(found[0], bool):
            message = f"abstract must be true or false, not {describe(found[0])}"
            self.problems.append(draft.problem("MH104", message, found[1]))
        if draft.is_abstract and "config_name" not in draft.entry.config:
            message = "an abstract config needs a config_name, which others extend"
            self.problems.append(draft.entry.problem("MH102", message, hint="add 'config_name'"))
        first = self._by_name.get(draft.name or "", draft)
        if first is not draft and (first.is_abstract or draft.is_abstract):  # the models are compared elsewhere
            place = first.entry.problem("MH108", "", "config_name").place
            message = f"config_name '{draft.name}' is already taken at {place}"
            hint = "give each config a name of its own"
            self.problems.append(draft.entry.problem("MH108", message, "config_name", hint=hint))

    def _merge(self, draft: Draft) -> None:
        """Merge ``draft`` unless that is done already; first merge the config that it extends."""
        waiting: dict[Draft, Draft | None] = {}
        current: Draft | None = draft
        while current is not None and current.tree is None and not current.broken:
            if current in waiting:
                self._report_cycle([*waiting][[*waiting].index(current) :])
                break
            base = waiting[current] = self._find_base(current)
            current = base
        for each, base in reversed(waiting.items()):
            each.broken = each.broken or (base is not None and base.broken)
            if base is not None and len(base.layers) > MAX_LAYERS and not each.broken:
                self._report_depth(each)
            if not each.broken:
                self._build(each, base)

    def _find_base(self, draft: Draft) -> Draft | None:
        found = draft.find("extends")
        if found is None or found[0] is None:
            return None
        name, origin = found
        base = self._by_name.get(name) if isinstance(name, str) else None
        if base is None:
            draft.broken = True
            message = f"extends must be the config_name of one other config, not {describe(name)}"
            code, hint = (
                "MH104",
                quoting_hint(name, ["string"], secret=False, source=origin.document.read_source(origin.path)),
            )
            if isinstance(name, str):
                message = f"extends names a config '{name}' that does not exist"
                hint = suggest_name(name, [each for each in self._by_name if each != draft.name], "config_names")
                code = "MH303"
            self.problems.append(draft.problem(code, message, origin, hint))
        return base

    def _report_cycle(self, cycle: list[Draft]) -> None:
        for draft in cycle:
            draft.broken = True
        origins = [found[1] for draft in cycle if (found := draft.find("extends"))]
        names = " -> ".join(str(draft.name) for draft in [*cycle, cycle[0]])
        message, hint = f"a config extends itself: {names}", "extend another one, or none"
        if len(cycle) > 1:
            message = f"the configs extend each other: {names}"
            hint = f"remove one of the extends at {', '.join(origin.place for origin in origins)}"
        self.problems.append(cycle[0].problem("MH304", message, origins[0], hint))

    def _report_depth(self, draft: Draft) -> None:
        found = draft.find("extends")
        draft.broken = True
        if found:
            message = f"configs extend each other more than {MAX_LAYERS} deep"
            self.problems.append(draft.problem("MH304", message, found[1]))

    def _build(self, draft: Draft, base: Draft | None) -> None:
        """Merge all layers again: a null in a layer removes only values of lower layers."""
        model_type = draft.model_type
        if base is not None and base.tree is not None:
            model_type = model_type or _find_model_type(base.tree)
            draft.layers = [_lend(layer, base.written) for layer in base.layers]
        own = draft.build_own()
        draft.layers += [own, *draft.build_overlays()]
        defaults = self._build_defaults(draft.scope, model_type)
        old_keys = self._find_old_keys(model_type or (_find_model_type(defaults) if defaults else None))
        draft.defaults = merge_all([base.defaults if base else None, defaults], old_keys)
        tree = merge_all([draft.defaults, *draft.layers], old_keys)
        draft.tree = replace(tree or own, origin=own.origin)

    def _build_defaults(self, scope: Scope, model_type: str | None) -> Node | None:
        """The defaults for a config of ``model_type``; a default may also give the model_type."""
        modern_type = self._vocabulary.modern_type
        model_type = model_type and modern_type(model_type)
        key = (scope, model_type)
        if key not in self._defaults:
            found = scope.find_defaults(model_type, self._profile, modern_type)
            merged = merge_all(found, self._find_old_keys(model_type))
            told = _find_model_type(merged) if merged and model_type is None else None
            self._defaults[key] = self._build_defaults(scope, told) if told else merged
        return self._defaults[key]

    def _find_old_keys(self, model_type: str | None) -> Mapping[str, str]:
        return self._vocabulary.old_keys(model_type and self._vocabulary.modern_type(model_type))


def _find_model_type(node: Node) -> str | None:
    found = node.items.get("model_type") if node.items else None
    return found.value if found and not found.removed and isinstance(found.value, str) else None


def _lend(node: Node, written: Mapping[str, str]) -> Node:
    """The layer that a config gives to its extensions: without the name, and with the modern model_type."""
    modern = {old: key for key, old in written.items()}
    items = {modern.get(key, key): item for key, item in (node.items or {}).items()}
    items.pop("config_name", None)
    return replace(node, items=items)


def _order(config: dict[str, Any]) -> dict[str, Any]:
    """The same config with the keys that identify it first."""
    first = {key: config[key] for key in ("config_name", "model_type") if key in config}
    return first | config
