"""Check what stands in the places of references: the defaults, which the file shows, or the values of this moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from modelhub.diagnostics import Finding, Path
from modelhub.records import replace
from modelhub.secrets.references import Types, convert, describe_types, name_references, parse_pieces
from modelhub.validation.rules.references import find_references, gather_types
from modelhub.validation.schema.store import Schema
from modelhub.validation.schema.view import View
from modelhub.validation.walk import Text, find_texts

CheckValues = Callable[[dict[str, Any], Schema, View], list[Finding]]


def find_defaults(texts: Iterable[Text]) -> dict[Path, str]:
    """``texts`` with each reference replaced by its default, where each reference has one."""
    found = {path: take_defaults(text) for path, _, text in texts if ":-" in text and find_references(text)}
    return {path: text for path, text in found.items() if text is not None}


def take_defaults(text: str) -> str | None:
    """``text`` with each reference replaced by its default; None if a reference has no default."""
    pieces = parse_pieces(text)
    if any(piece.is_braced and piece.default is None for piece in pieces):
        return None
    return "".join(
        "${" if piece.kind == "escape" else piece.default or "" if piece.is_braced else piece.text for piece in pieces
    )


def find_misfits(
    config: dict[str, Any], schema: Schema, view: View, given: Mapping[Path, str], what: str, check_values: CheckValues
) -> Iterator[Finding]:
    """Yield a finding for each text of ``given`` that does not fit its place; ``what`` says what the texts are.

    ``view`` is the view of ``schema``; it decides whether a finding may show a text.
    """
    if not given:
        return
    types = gather_types(config, view)
    # An empty text is how a text is left out.
    values = {path: _convert(text, types.get(path)) for path, text in given.items() if text or path in types}
    texts = dict(find_texts(config))
    for finding in check_values(_fill(config, values), schema, view) if values else ():
        if finding.path in values and not finding.key:
            names = name_references(texts[finding.path])
            message = f"{what} of {names} does not fit: {finding.message}"
            yield replace(finding, message=message, hint=_advise(finding, types, names))


def _advise(finding: Finding, types: Types, names: str) -> str | None:
    wanted = types.get(finding.path)
    return f"{names} must stand for {describe_types(wanted)}" if wanted and finding.code == "MH104" else None


def _convert(text: str, types: frozenset[str] | None) -> Any:
    try:
        return convert(text, types) if types else text
    except ValueError:
        return text


def _fill(config: dict[str, Any], values: Mapping[Path, Any]) -> dict[str, Any]:
    """Copy ``config`` with new values at some places; all other parts are shared with the original."""
    filled = dict(config)
    copied: set[Path] = set()
    for path, value in values.items():
        node: Any = filled
        for depth, step in enumerate(path[:-1], 1):
            if path[:depth] not in copied:
                node[step] = node[step].copy()
                copied.add(path[:depth])
            node = node[step]
        node[path[-1]] = value
    return filled
