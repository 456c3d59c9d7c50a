"""The columns of all rows of an input, and of what kind their values are, for formats that must know it beforehand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modelhub.bulk.rows.row import Row
from modelhub.wire.exact import read_json, write_json

_KINDS = {bool: "bool", int: "int", float: "float", str: "text"}
_WIDEST = 1 << 63


class Kinds:
    """What is known of the columns before they are written.

    ``kinds`` has for each column "bool", "int", "float", "text", or "json" where values are nested or of several kinds;
    None for a column that is always null. ``schema`` is the pyarrow.Schema of the input, if it has one. The answers are
    vectors if ``embed``.
    """

    def __init__(self, rows: Iterable[Row] = (), schema: Any = None, embed: bool = False) -> None:
        self.kinds: dict[str, str | None] = {}
        self.schema = schema
        self.embed = embed
        for row in rows:
            for name, value in row.data.items():
                known = self.kinds.setdefault(name, None)
                if value is not None and known != "json":
                    self.kinds[name] = _widen(known, _find_kind(value))


def write_text(value: Any) -> str:
    """A value as a text: texts as they are, what is nested as JSON."""
    if type(value) is str:
        return value
    text = write_json(value)
    return str(read_json(text)) if text.startswith(b'"') else text.decode()


def _find_kind(value: Any) -> str:
    kind = _KINDS.get(type(value), "json")
    return "json" if kind == "int" and not -_WIDEST <= value < _WIDEST else kind


def _widen(known: str | None, kind: str) -> str:
    if known is None or known == kind:
        return kind
    return "float" if {known, kind} == {"int", "float"} else "json"
