"""The embeddings that expressions find in replies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.adapters.documents import describe_keys
from modelhub.adapters.values import Field, compile_field, is_finite, read_count
from modelhub.errors import ConfigError, ResponseParsingError

Vectors = list[list[float]]


class VectorReader:
    """Finds the vectors of a reply: with ``each``, one in each item of a list, which ``index`` puts in order."""

    __slots__ = ("each", "index", "vector")

    def __init__(self, vector: Field, each: Field | None = None, index: Field | None = None) -> None:
        self.vector = vector
        self.each = each
        self.index = index

    def __call__(self, document: Any) -> Vectors:
        """The vectors; raises ResponseParsingError where there is none, or one that is no list of numbers."""
        if self.each is None:
            found = self.vector(document)
            vectors = [found] if isinstance(found, list) and found and _is_number(found[0]) else found
            source = self.vector
        else:
            rows = self.each(document)
            rows = [rows] if isinstance(rows, dict) else rows
            source = self.each
            vectors = self._read_rows(rows) if isinstance(rows, list) else rows
        if not isinstance(vectors, list) or not vectors:
            raise ResponseParsingError(f"{source.name} finds no vectors; the reply {describe_keys(document)}")
        for n, vector in enumerate(vectors, 1):
            if not is_vector(vector):
                raise ResponseParsingError(f"embedding {n} of {len(vectors)}, {source.name}, is no list of numbers")
        return vectors

    def _read_rows(self, rows: list[Any]) -> list[Any]:
        if self.index is None:
            return [self.vector(row) for row in rows]
        told = [self.index(row) for row in rows]
        if not all(place is None for place in told):
            places = [read_count(place) for place in told]
            if None in places or len(set(places)) < len(places):
                raise ResponseParsingError(f"{self.index.name} does not find one index for each vector")
            rows = [row for _, row in sorted(zip(places, rows, strict=True), key=_get_place)]
        return [self.vector(row) for row in rows]


def _get_place(item: tuple[Any, Any]) -> int:
    place: int = item[0]
    return place


def compile_vectors(config: Any, where: str) -> VectorReader | None:
    """The reader of ``embedding``, an expression or ``{each, vector, index}``; None where there is none."""
    if config is None:
        return None
    if not isinstance(config, Mapping):
        field = compile_field(config, where)
        return None if field is None else VectorReader(field)
    each, vector, index = (compile_field(config.get(key), f"{where}.{key}") for key in ("each", "vector", "index"))
    if vector is None:
        raise ConfigError(f"{where} needs `vector`, the expression that finds a vector")
    if index is not None and each is None:
        raise ConfigError(f"{where}.index is asked of each item of `each`, which is missing")
    return VectorReader(vector, each, index)


def is_vector(value: Any) -> bool:
    """Whether this is a list of finite numbers; they are summed, since to look at each costs as much as its JSON."""
    if not isinstance(value, list) or not value or not (_is_number(value[0]) and _is_number(value[-1])):
        return False
    try:
        total = sum(value)
    except (TypeError, OverflowError):
        return False
    return is_finite(total) or all(_is_number(item) and is_finite(item) for item in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
