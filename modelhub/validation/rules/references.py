"""Recognize ``${...}`` references, whose values are unknown until the model is first used."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from modelhub.diagnostics import Finding
from modelhub.diagnostics.wording import label
from modelhub.secrets.references import HOW_TO_WRITE, Piece, parse_pieces
from modelhub.validation.schema.store import Schema
from modelhub.validation.schema.view import View
from modelhub.validation.walk import find_texts

_SCALARS = frozenset({"number", "integer", "boolean"})


def find_references(text: str) -> list[Piece]:
    """The references in ``text`` that name something, each once."""
    found = {piece.text: piece for piece in parse_pieces(text) if piece.kind == "reference" and piece.name}
    return list(found.values())


def find_bad_references(config: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding for each text with a malformed reference."""
    for path, text in find_texts(config):
        if "${" in text and any(map(_is_bad, parse_pieces(text))):
            message = f"{label(path)} holds a ${{...}} without the name of a variable"
            yield Finding("MH203", message, path, hint=HOW_TO_WRITE)


def _is_bad(piece: Piece) -> bool:
    return piece.kind == "malformed" or (piece.kind == "reference" and not piece.name)


def stands_for(text: str, types: Collection[str]) -> bool:
    """Whether ``text`` holds a reference that may become a value of one of these JSON types.

    Any string may hold references; a number or boolean must be exactly one.
    """
    if "${" not in text:
        return False
    found = [piece.is_braced and piece.text != "${}" for piece in parse_pieces(text)]
    return any(found) if "string" in types else found == [True] and not _SCALARS.isdisjoint(types)


def typed_references(config: dict[str, Any], schema: Schema) -> dict[tuple[str | int, ...], frozenset[str]]:
    """The places of a config where a reference stands for a number or a boolean, with the types allowed there."""
    found: dict[tuple[str | int, ...], frozenset[str]] = {}
    if any("${" in text for _, text in find_texts(config)):
        _gather(View([(schema, schema)]), config, (), found)
    return found


def _gather(view: View | None, value: Any, path: tuple[str | int, ...], found: dict[Any, frozenset[str]]) -> None:
    if view is None:
        return
    if isinstance(value, str) and "string" not in view.types and stands_for(value, view.types):
        found[path] = frozenset(view.types & _SCALARS)
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        _gather(view.child(step), item, (*path, step), found)
