"""Finds the leaves of a document, and writes their places as expressions that read other documents like it too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from modelhub.authoring.adapter.words import CHOICES, split_name

Path = tuple[str | int, ...]
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KINDS = (
    "type",
    "kind",
    "name",
    "role",
    "block_type",
    "event",
    "tag",
    "channel",
    "t",
    "author",
    "speaker",
    "from",
    "k",
    "key",
    "label",
)
_SPEAKERS = ("role", "author", "speaker", "from")
_PIECES = {"content", "contents", "parts", "blocks", "segments", "chunks", "pieces", "lines", "paragraphs", "tokens"}
_DEEPEST = 40


def list_leaves(document: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the path and the value of each text, number, flag and null, and of each empty list and object."""
    if len(path) > _DEEPEST:
        return
    if isinstance(document, dict) and document:
        for key, value in document.items():
            yield from list_leaves(value, (*path, key))
    elif isinstance(document, list) and document:
        for index, value in enumerate(document[:200]):
            yield from list_leaves(value, (*path, index))
    else:
        yield path, document


def list_nodes(document: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the path and the value of each object and list, from the outside in."""
    if len(path) > _DEEPEST or not isinstance(document, dict | list):
        return
    yield path, document
    steps = document.items() if isinstance(document, dict) else enumerate(document[:200])
    for step, value in steps:
        yield from list_nodes(value, (*path, step))


def get(document: Any, path: Sequence[str | int]) -> Any:
    """What stands at a path; None if nothing does."""
    for step in path:
        if isinstance(step, str):
            document = document.get(step) if isinstance(document, dict) else None
        else:
            document = document[step] if isinstance(document, list) and -len(document) <= step < len(document) else None
    return document


def last_name(path: Path) -> str:
    """The last key of a path; empty if it has none."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def write_key(key: str) -> str:
    """A key as JMESPath writes it."""
    return key if _PLAIN.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def write_text(text: str) -> str:
    """A text as JMESPath writes it: a raw string."""
    return "'" + text.replace("'", "\\'") + "'"


def write_value(value: Any) -> str:
    """A value of JSON as JMESPath writes it."""
    if isinstance(value, str):
        return write_text(value)
    return "`" + json.dumps(value, ensure_ascii=False).replace("`", "\\`") + "`"


def write_path(path: Sequence[str | int], document: Any, *, joined: bool = False) -> str:
    """Write a path as an expression; with ``joined``, of pieces of one text all are meant, not the one at the path.

    The first of several answers is taken, a block by its type rather than by its place.
    """
    written = ""
    at = document
    for number, step in enumerate(path):
        if isinstance(step, str):
            written += ("." if written else "") + write_key(step)
        else:
            key = last_name(tuple(path[:number]))
            written += _write_index(at, step, tuple(path[number + 1 :]), key, joined=joined)
        at = get(at, (step,))
    return written or "@"


def _write_index(items: Any, index: int, rest: Path, key: str, *, joined: bool) -> str:
    if not isinstance(items, list):
        return f"[{index}]"
    item = items[index]
    if isinstance(item, int | float):
        return f"[{index}]"
    pieces = joined and _holds_pieces(items, rest, key)
    if isinstance(item, dict) and (kind := _find_kind(items, item)) is not None:
        chosen = f"[?{write_key(kind)}=={write_text(item[kind])}]"
        if kind in _SPEAKERS:
            return f"{chosen} | [-1]"
        return chosen if joined else f"{chosen} | [0]"
    if joined and isinstance(item, dict) and (flag := _find_flag(items)) is not None:
        return f"[?{'' if item.get(flag) else '!'}{write_key(flag)}]"
    if pieces:
        return "[]" if rest else ""
    return f"[{0 if get(items[0], rest) is not None or not rest else index}]"


def _holds_pieces(items: list[Any], rest: Path, key: str) -> bool:
    """Whether a list holds the pieces of one text, not several texts."""
    words = set(split_name(key))
    if words & CHOICES and key.endswith("s"):
        return False
    if not rest:
        return all(isinstance(each, str) for each in items) and (len(items) > 1 or not key.endswith("s"))
    texts = [get(each, rest) for each in items]
    return bool(words & _PIECES) or sum(isinstance(each, str) for each in texts) > 1


def _find_kind(items: list[Any], item: dict[str, Any]) -> str | None:
    """The key that says what kind an item of a list is."""
    for key in _KINDS:
        if not isinstance(item.get(key), str) or len(item[key]) > 40 or not item[key]:
            continue
        values = {each.get(key) for each in items if isinstance(each, dict) and isinstance(each.get(key), str | None)}
        if len(values) > 1 or (key in ("type", "kind", "block_type") and item[key] not in ("message",)):
            return key
    return None


def _find_flag(items: list[Any]) -> str | None:
    """The key that is true of some items of a list and of others not."""
    keys = {key for each in items if isinstance(each, dict) for key, value in each.items() if value is True}
    flags = [key for key in sorted(keys) if any(isinstance(each, dict) and each.get(key) is not True for each in items)]
    return flags[0] if flags else None


def write_literal(text: str) -> str:
    """A text that is sent as it is: no expression, and no reference."""
    text = text.replace("${", "$${")
    return f"={text}" if text.startswith("=") else text
