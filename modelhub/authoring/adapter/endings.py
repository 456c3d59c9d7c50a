"""Finds in the events of a recorded stream why the answer ended, and what the last event is."""

from __future__ import annotations

from typing import Any

from modelhub.authoring.adapter.cutting import Piece
from modelhub.authoring.adapter.finishes import build_map, find_finish, find_meaning
from modelhub.authoring.adapter.paths import Path, get, last_name, list_leaves, write_path, write_text
from modelhub.authoring.adapter.words import list_words, split_name

_LAST = list_words(
    "is_end isend done finished final is_final last is_last end finish complete completed is_finished eos stop fin "
    "isfinal islast over"
)
_TYPES = list_words("type event kind object op t status state phase action cmd ev e")
_ENDS = frozenset(
    list_words(
        "end done stop finish finished complete completed close eos final message_stop bye fin over finale last "
        "succeeded terminated end_of_stream"
    )
)


def add_ending(
    config: dict[str, Any],
    notes: dict[Path, str],
    pieces: list[Piece],
    answer: Path | None,
    names: set[str],
    *,
    called: bool,
) -> None:
    """Add why the answer ended: said late in the stream, and by no more than a few of its events."""
    for piece in reversed(pieces):
        end = find_finish(piece.document, answer) if piece.is_json else None
        if end is None:
            continue
        path, word = end
        values = [value for each in pieces if (value := get(each.document, path)) is not None]
        if len({str(value) for value in values}) == 1 and len(values) > 2 and find_meaning(str(word)) is None:
            continue
        if str(path[-1]) in _TYPES and "reason" not in str(path[-1]):
            continue
        names.add(piece.name)
        where = write_path(path, piece.document)
        made, guessed = build_map([word], fallback="tool_calls" if called else "stop")
        config["finish_reason"] = {"from": where, "map": made}
        notes["finish_reason", "map"] = "guessed, but for what was seen"
        for each in guessed:
            notes["finish_reason", "map", each] = "guessed: it was seen at the end of an answer"
        return


def is_mark(piece: Piece) -> bool:
    """Whether the data of an event is a mark such as ``[DONE]``, and no piece of an answer."""
    data = piece.data.strip()
    return not piece.is_json and (data.strip("[]<>#*!_ ").lower() in _ENDS or (data[:1] + data[-1:]) in ("[]", "<>"))


def add_done(
    config: dict[str, Any], notes: dict[Path, str], pieces: list[Piece], answer: Path | None, names: set[str]
) -> None:
    """Add what the last event is: a literal that is no JSON, or a condition that is true of it alone."""
    last = pieces[-1]
    if not last.is_json:
        if answer != ("body",) or is_mark(last):
            config["done"] = last.data
            names.add(last.name)
        return
    condition = _find_condition(pieces)
    is_only_one = len(pieces) > 1 and all(each.data != last.data for each in pieces[:-1])
    if condition is None and not last.document and is_only_one:
        config["done"] = last.data
        names.add(last.name)
        return
    if condition is None and "finish_reason" in config:
        end = find_finish(last.document, answer)
        if end is not None and end[1] and all(get(each.document, end[0]) in (None, "") for each in pieces[:-1]):
            condition = write_path(end[0], last.document)
    if condition is not None:
        config["done"] = {"when": condition}
        notes["done",] = "guessed: it is true of the last event"
        names.add(last.name)


def _find_condition(pieces: list[Piece]) -> str | None:
    last = pieces[-1].document
    before = [piece.document for piece in pieces[:-1]]
    for path, value in list_leaves(last):
        name = last_name(path).lower()
        if name in _LAST and (value is True or value == 1) and all(get(each, path) != value for each in before):
            where = write_path(path, last)
            return where if value is True else f"{where} == `1`"
    for path, value in list_leaves(last):
        if last_name(path).lower() in _TYPES and isinstance(value, str):
            words = set(split_name(value)) | {value.lower()}
            if words & _ENDS and all(get(each, path) != value for each in before):
                return f"{write_path(path, last)} == {write_text(value)}"
    return None
