"""What an expression reads of its document: the names at its root, and of an object there the names in it."""

from __future__ import annotations

from typing import Any

Node = dict[str, Any]
Path = tuple[str, ...]


def find_reads(tree: Node) -> frozenset[Path]:
    """The paths that an expression reads, of one name or two; the empty one says that it reads the whole document."""
    reads: set[Path] = set()
    _use(_trace(tree, (), reads), reads)
    return frozenset(reads)


def _use(path: Path | None, reads: set[Path]) -> None:
    if path is not None:
        reads.add(path)


def _trace(node: Node, at: Path | None, reads: set[Path]) -> Path | None:
    """Where the value of ``node`` is in the document, asked of what is ``at`` a place; None for elsewhere."""
    kind, children = node["type"], node["children"]
    if kind == "field":
        return at if at is None or len(at) > 1 else (*at, node["value"])
    if kind in ("current", "identity"):
        return at
    if kind in ("subexpression", "pipe", "index_expression"):
        for child in children:
            at = _trace(child, at, reads)
        return at
    if kind in ("projection", "value_projection", "filter_projection"):
        _use(_trace(children[0], at, reads), reads)
        for child in children[1:]:
            _use(_trace(child, None, reads), reads)
        return None
    if kind == "expref":
        _use(_trace(children[0], None, reads), reads)
        return None
    if kind in ("index", "slice"):
        _use(at, reads)
        return None
    if kind != "literal":
        for child in children:
            _use(_trace(child, at, reads), reads)
    return None


_WITHIN = frozenset({"field", "index", "slice", "multi_select_list", "multi_select_dict"})  # each finds nothing in null


def is_strict(tree: Node) -> bool:
    """Whether an expression finds nothing in an object that has none of the names that it reads at its root."""
    kind, children = tree["type"], tree["children"]
    if kind in ("subexpression", "index_expression"):
        return is_strict(children[0]) and all(child["type"] in _WITHIN for child in children[1:])
    if kind in ("projection", "value_projection", "filter_projection", "flatten", "and_expression"):
        return is_strict(children[0])
    return bool(kind == "field") or (kind == "or_expression" and all(map(is_strict, children)))
