"""What ``prices`` says at the top of a file: a price for each model by its name, for the configs that say none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from modelhub.configs.layers.entry import Entry
from modelhub.configs.layers.origins import Node, Origin, build_keyed_node, build_node
from modelhub.configs.layers.scopes import Scope
from modelhub.configs.layers.vocabulary import Vocabulary
from modelhub.configs.readers.document import Document
from modelhub.configs.readers.positions import Path
from modelhub.diagnostics.wording import describe
from modelhub.errors import Problem
from modelhub.records import Record, replace

PRICES = "prices"
_PRICE = "price"


class ListedPrice(Record):
    """The price of the models called ``name``: a model_name, or a model_type, a slash and a model_name."""

    name: str
    node: Node

    def build_entry(self) -> Entry:
        """The price as a config that has nothing else, for a check of its values."""
        origin = self.node.origin
        tree = Node(origin, items={_PRICE: self.node})
        return Entry({_PRICE: self.node.data}, origin.document, origin.path, tree)


def parse_prices(document: Document, value: Any, path: Path) -> Iterator[ListedPrice | Problem]:
    """Parse the value of ``prices``, which stands at ``path``."""
    if value is None:
        return
    if not isinstance(value, dict):
        message = f"'{PRICES}' must be a mapping, not {describe(value)}"
        yield document.problem("MH106", message, path, hint="write the name of a model, and its price below it")
        return
    for name, price in value.items():
        place = (*path, name)
        if isinstance(price, dict | None):
            yield ListedPrice(str(name), build_node(price, Origin(document, place, f"{PRICES}.{name}")))
        else:
            message = f"the price of '{name}' must be a mapping, not {describe(price)}"
            yield document.problem(
                "MH106", message, place, hint="write prompt and completion, and their prices below it"
            )


class PriceLists:
    """All prices that the sources list; those of the own file of a config, and of files that include it, come first."""

    def __init__(self, found: Sequence[tuple[ListedPrice, Scope]], vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._found = found
        self._by_scope: dict[Scope, dict[str, ListedPrice]] = {}
        self._used: set[int] = set()
        for listed, scope in found:
            self._by_scope.setdefault(scope, {})[listed.name] = listed

    def complete(self, entry: Entry, scope: Scope) -> Entry:
        """``entry`` with the price that is listed for its model, unless it says one itself."""
        config = entry.config
        model_type = config.get("model_type")
        if _PRICE in config or not isinstance(model_type, str):
            return entry
        listed = self._find(*self._find_names(config, model_type), scope=scope)
        if listed is None or not self._vocabulary.has_key(model_type, _PRICE):
            return entry
        self._used.add(id(listed))
        build = build_keyed_node if entry.keyed else build_node
        tree = entry.origins or build(config, Origin(entry.document, entry.path, str(config.get("config_name", ""))))
        tree = replace(tree, items={**(tree.items or {}), _PRICE: listed.node})
        return replace(entry, config={**config, _PRICE: listed.node.data}, origins=tree)

    def list_unused(self) -> list[Entry]:
        """The prices that no config has."""
        rest = [listed for listed, _ in self._found if id(listed) not in self._used]
        return [listed.build_entry() for listed in rest if listed.node.items is not None]

    def _find_names(self, config: dict[str, Any], model_type: str) -> tuple[str, ...]:
        """What a list may call the model, the exact one first."""
        modern = self._vocabulary.modern_type(model_type)
        old = [old for old, new in self._vocabulary.old_keys(modern).items() if new == "model_name"]
        keys = ["model_name", *old, "config_name", self._vocabulary.identity_keys(config).get("config_name", "")]
        name = next((config[key] for key in keys if config.get(key)), None)
        return (f"{modern}/{name}", name) if isinstance(name, str) else ()

    def _find(self, *names: str, scope: Scope) -> ListedPrice | None:
        near = list(reversed(scope.chain()))
        for each in (*near, *(other for other in self._by_scope if other not in near)):
            for name in names:
                if (listed := self._by_scope.get(each, {}).get(name)) is not None:
                    return listed
        return None
