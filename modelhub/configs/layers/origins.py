"""Values merged from several places; each knows where it was written and which values it replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from modelhub.configs.readers.document import Document
from modelhub.configs.readers.positions import Path
from modelhub.records import Record, replace

_NONE_AT_ALL = frozenset({"proxy", "price"})  # whose null is a value


class Origin(Record):
    """Where a value was written; ``layer`` names its part of the configs: ``defaults.all``, a config_name, ...

    If ``key`` is true, the value is not at ``path``: it is the key that is the last step of ``path``.
    """

    document: Document
    path: Path
    layer: str
    key: bool = False

    @property
    def place(self) -> str:
        """``file:line:column``, or the path into a Python object."""
        return self.document.problem("", "", self.path, key=self.key).place


class Node(Record):
    """One value: ``items`` if it is a mapping, else ``value``.

    ``beaten`` has the values of lower layers at the same place, the nearest layer first.
    """

    origin: Origin
    value: Any = None
    items: dict[str, Node] | None = None
    beaten: tuple[Node, ...] = ()
    removed: bool = False

    def locate(self, path: Sequence[str | int]) -> tuple[Document, Path]:
        """The document and the place in it where the value at ``path`` was written, or should have been."""
        node = self
        for position, step in enumerate(path):
            below = node.items.get(step) if node.items and isinstance(step, str) else None
            if below is None or below.removed:
                return node.origin.document, (*node.origin.path, *path[position:])
            node = below
        return node.origin.document, node.origin.path

    def leaves(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
        """Every value that is not a mapping, every empty mapping, and every value that was removed."""
        if not self.items or self.removed:
            yield path, self
        else:
            for key, item in self.items.items():
                yield from item.leaves((*path, key))

    @property
    def data(self) -> Any:
        """A copy of the value as plain data."""
        if self.items is None:
            return _copy(self.value)
        return {key: item.data for key, item in self.items.items() if not item.removed}


def build_node(value: Any, origin: Origin) -> Node:
    """Build the node of plain data, all of it written at ``origin``."""
    if not isinstance(value, dict):
        return Node(origin, value)
    path = origin.path
    items = {key: build_node(item, replace(origin, path=(*path, key))) for key, item in value.items()}
    return Node(origin, items=items)


def build_keyed_node(config: dict[str, Any], origin: Origin) -> Node:
    """Build the node of a config whose config_name is the key above it."""
    items = dict(build_node(config, origin).items or {})
    items["config_name"] = Node(replace(origin, key=True), origin.path[-1])
    return Node(origin, items=items)


def merge(low: Node, high: Node) -> Node:
    """Merge two values: mappings key by key; any other value replaces the lower value, and null removes it.

    Only ``proxy: null`` and ``price: null`` are values themselves: there is to be none.
    """
    if low.items is not None and high.items is not None and not high.removed:
        items = {key: merge(low.items[key], item) if key in low.items else item for key, item in high.items.items()}
        for key in _NONE_AT_ALL & items.keys():
            if items[key].removed:
                items[key] = replace(items[key], removed=False)
        items |= {key: item for key, item in low.items.items() if key not in items}
        return replace(high, items=items)
    beaten = _beaten(low, high)
    removed = high.removed or (high.items is None and high.value is None and bool(beaten))
    return replace(high, beaten=beaten, removed=removed)


def merge_all(nodes: Iterable[Node | None], old_keys: Mapping[str, str] | None = None) -> Node | None:
    """Merge values, the lowest first; None if there are no values.

    ``old_keys`` names keys that have a second spelling; the highest layer with such a key decides which one stays.
    """
    merged: Node | None = None
    for node in nodes:
        merged = merge(_respell(merged, node, old_keys or {}), node) if merged and node else node or merged
    return merged


def _respell(low: Node, high: Node, old_keys: Mapping[str, str]) -> Node:
    """``low`` with the keys spelt as ``high`` spells them."""
    mine, theirs = low.items or {}, high.items or {}
    pairs = [pair for old, new in old_keys.items() for pair in ((old, new), (new, old))]
    names = {a: b for a, b in pairs if a in mine and b in theirs and b not in mine and a not in theirs}
    return replace(low, items={names.get(key, key): item for key, item in mine.items()}) if names else low


def _beaten(low: Node, high: Node) -> tuple[Node, ...]:
    """The values that ``high`` replaces, each place once: a config and its base often share their defaults."""
    nodes: dict[tuple[int, Path], Node] = {}
    for node in (*high.beaten, low, *low.beaten):
        nodes.setdefault((id(node.origin.document), node.origin.path), node)
    nodes.pop((id(high.origin.document), high.origin.path), None)
    return tuple(nodes.values())


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
