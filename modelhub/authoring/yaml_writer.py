"""Writes plain data as YAML that is easy to read and that every YAML reader reads back unchanged."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z$][\w$.{}/@-]*|\w+://[\w${}.:/@-]*\w")
_WORD = re.compile(r"[A-Za-z][\w-]*")
_WORDS = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}  # YAML's own
_UNPRINTABLE = re.compile(
    "[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]"
)  # what a reader refuses, or takes for a line's end


def write_inline(value: Any, *, flow: bool = False) -> str:
    """Write a value on one line; inside brackets (``flow``), more texts need quotes."""
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(
                f"{write_inline(key, flow=True)}: {write_inline(item, flow=True)}" for key, item in value.items()
            )
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(write_inline(item, flow=True) for item in value) + "]"
    if isinstance(value, str) and value.lower() not in _WORDS and (_WORD if flow else _PLAIN).fullmatch(value):
        return value
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and "e" in text and "." not in text:  # YAML 1.1 takes 1e-05 for text
        return text.replace("e", ".0e")
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def write_block(
    value: dict[str, Any],
    *,
    notes: Mapping[tuple[str | int, ...], str] | None = None,
    packed: Collection[str] = (),
) -> str:
    """Write a mapping, one value a line; items of a list of mappings stand below the key, other lists are one line.

    ``notes`` are comments, each at the end of the line of the key at its path. What stands under a ``packed`` key is in
    brackets, as much on a line as there is room for.
    """
    return "".join(f"{line}\n" for line in _write_mapping(value, "", (), notes or {}, packed))


def _pack(value: dict[str, Any], indent: str) -> Iterator[str]:
    line = f"{indent}{{"
    for number, (key, item) in enumerate(value.items(), 1):
        piece = f"{write_inline(key, flow=True)}: {write_inline(item, flow=True)}"
        piece += "}" if number == len(value) else ","
        if len(line) + len(piece) > _WIDTH and line.strip() != "{":
            yield line.rstrip()
            line = f"{indent} "
        line += piece if piece.endswith("}") else f"{piece} "
    yield line


def _write_mapping(
    value: dict[str, Any],
    indent: str,
    path: tuple[str | int, ...],
    notes: Mapping[tuple[str | int, ...], str],
    packed: Collection[str],
) -> Iterator[str]:
    for key, item in value.items():
        name = f"{indent}{write_inline(key)}:"
        at = (*path, key)
        note = f"  # {notes[at]}" if at in notes else ""
        if isinstance(item, dict) and item and key in packed:
            yield f"{name}{note}"
            yield from _pack(item, f"{indent}  ")
        elif isinstance(item, dict) and item:
            yield f"{name}{note}"
            yield from _write_mapping(item, f"{indent}  ", at, notes, packed)
        elif isinstance(item, list) and item and all(isinstance(each, dict) and each for each in item):
            yield f"{name}{note}"
            for number, each in enumerate(item):
                if number and not indent:
                    yield ""
                first, *more = _write_mapping(each, f"{indent}  ", (*at, number), notes, packed)
                yield f"{indent}- {first[len(indent) + 2 :]}"
                yield from more
        else:
            yield f"{name} {write_inline(item)}{note}"
