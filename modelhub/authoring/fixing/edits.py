"""Writes other keys and values into the text of a file; what is around them stays, and so does all other data."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from modelhub.configs import Document, Span
from modelhub.configs.readers.positions import Lines, Path, TextFault
from modelhub.configs.sources.files import decode
from modelhub.configs.sources.read import read_documents
from modelhub.patterns import expression
from modelhub.records import Record

_PLAIN = expression(r"[A-Za-z][\w.-]*(?: [\w.-]+)*")  # what YAML takes without quotes, for a text
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_ABOUT = expression(r"(?:[&!]\S*\s+)*")  # an anchor and a tag
_QUOTED = expression(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\n]|'')*'|[^\s\"'|>*\[{#][^\n]*")  # on one line
Places = dict[tuple[Span, bool], list[Path]]


class Edit(Record):
    """What to write at ``span``: in place of all of it, or of ``old``, a part of the value there."""

    span: Span
    new: str
    is_key: bool = False
    old: str | None = None


def apply(content: bytes, name: str, format: str, edits: Sequence[Edit]) -> tuple[bytes, list[Edit]]:
    """The text with those edits in it that change what they are to change and nothing else, and which these are."""
    try:
        text = decode(content)
    except TextFault:
        return content, []
    mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    before = _read(text, name, format)
    if before is None:
        return content, []
    places = [_index(document) for document in before]
    wanted = {edit.span: edit for edit in reversed(edits)}

    def change(some: Sequence[Edit]) -> str | None:
        return _apply(text, name, format, before, places, sorted(some, key=lambda edit: edit.span, reverse=True))

    done = _choose([], list(wanted.values()), change)
    return mark + (change(done) or text).encode(), sorted(done, key=lambda edit: edit.span)


def _choose(done: list[Edit], more: list[Edit], change: Callable[[Sequence[Edit]], str | None]) -> list[Edit]:
    """``done``, and those of ``more`` that do."""
    if not more or change([*done, *more]) is not None:
        return [*done, *more]
    if len(more) == 1:
        return done
    half = len(more) // 2
    return _choose(_choose(done, more[:half], change), more[half:], change)


def read_text_at(content: bytes, name: str, format: str, span: Span) -> str | None:
    """The text that the value at ``span`` is; None if it is none."""
    documents = _read(decode(content), name, format) or []
    for document in documents:
        for path in _index(document).get((span, False), ()):
            value = _get(document.data, path)
            return value if isinstance(value, str) else None
    return None


def _apply(
    text: str, name: str, format: str, before: list[Document], places: list[Places], edits: Sequence[Edit]
) -> str | None:
    """The text with all of the edits, which come from the last to the first; None if the data are then others."""
    lines = Lines(text)
    expected = [deepcopy(document.data) for document in before]
    for edit in edits:
        start, end = lines.offset(*edit.span[:2]), lines.offset(*edit.span[2:])
        found = [(n, path) for n, each in enumerate(places) for path in each.get((edit.span, edit.is_key), ())]
        about = _ABOUT.match(text[start:end])
        start += len(about[0]) if about else 0
        source = text[start:end]
        if not found:
            return None
        new = edit.new
        if edit.old is not None:
            value = _get(before[found[0][0]].data, found[0][1])
            if not isinstance(value, str):
                return None
            new = value.replace(edit.old, edit.new)
        text = text[:start] + _write(new, source, format) + text[end:]
        for n, path in found:
            _set(expected[n], path, new, edit.is_key)
    after = _read(text, name, format)
    return text if after is not None and [document.data for document in after] == expected else None


def _write(value: str, source: str, format: str) -> str:
    """A text in the quotes of what it replaces; in YAML without, where that does."""
    if source[:1] == "'" and "'" not in value and _QUOTED.fullmatch(source):
        return f"'{value}'"
    if source[:1] in ("|", ">"):  # a block, which may have a comment beside its sign
        comment = expression(r"\S+([ \t]+#[^\n]*)?").match(source)
        return json.dumps(value, ensure_ascii=False) + ((comment and comment[1]) or "")
    is_bare = source[:1] not in ("'", '"') and _PLAIN.fullmatch(value) and value.lower() not in _WORDS
    return value if is_bare and format in ("yaml", "toml") else json.dumps(value, ensure_ascii=False)


def _read(text: str, name: str, format: str) -> list[Document] | None:
    """The documents in a text; None if it cannot be read."""
    found = list(read_documents(text.encode(), name=name, format=format))
    broken = any(not isinstance(item, Document) and item.code in ("MH101", "MH105") for item in found)
    return None if broken else [item for item in found if isinstance(item, Document)]


def _index(document: Document) -> Places:
    """The paths of the values, and of the keys (with True), at each place."""
    places: Places = {}
    for path, of_key, span in document.list_places():
        places.setdefault((span, of_key), []).append(path)
    return places


def _get(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _set(data: Any, path: Path, new: str, is_key: bool) -> None:
    """Rename the last key of ``path``, in its place among the others, or give it another value."""
    above = _get(data, path[:-1])
    if not is_key:
        above[path[-1]] = new
        return
    items = [(new if key == path[-1] else key, value) for key, value in above.items()]
    above.clear()
    above.update(items)
