"""Reads a recorded stream: where the pieces of the answer are in its events, and what ends it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from modelhub.authoring.adapter.answers import is_reasoning, is_thought, score_path, tells_failure
from modelhub.authoring.adapter.calls import Calls, find_calls
from modelhub.authoring.adapter.counts import find_usage
from modelhub.authoring.adapter.cutting import Piece, cut
from modelhub.authoring.adapter.endings import add_done, add_ending, is_mark
from modelhub.authoring.adapter.paths import Path, get, last_name, list_leaves, write_key, write_path, write_text
from modelhub.authoring.adapter.replies import Part
from modelhub.authoring.adapter.words import split_name

_KINDS = ("type", "event", "kind", "object", "op", "t", "status", "state", "phase", "action", "cmd", "ev", "e")


def read_stream(text: str, told: str) -> Part | None:
    """The config's ``stream`` that reads a recorded one; ``told`` is the whole reply's answer, empty if unknown.

    None if there are no pieces of an answer in it.
    """
    found = cut(text)
    config: dict[str, Any] = dict(found.config)
    notes: dict[Path, str] = {}
    if config["framing"] == "text":
        return Part(config, notes, (), text) if text.strip() else None
    calls = _find_calls(found.pieces)
    pieces_of_text = found.pieces[:-1] if is_mark(found.pieces[-1]) else found.pieces
    answer = _find_text(pieces_of_text, told, calls[2] if calls is not None else None)
    if answer is None and calls is None:
        return None
    if answer is None:
        config["text"] = "text || content"
        notes["text",] = "guessed: this stream has no text"
    names: set[str] = set()
    value, path = "", None
    if answer is not None:
        path, pieces, cumulative, kind = answer
        values = [str(get(piece.document, path)) for piece in pieces]
        value = values[-1] if cumulative else "".join(values)
        expression = write_path(path, pieces[0].document, joined=True)
        config["text"] = f"[@][?{kind}].{expression}" if kind and expression != "@" else expression
        config |= {"cumulative": True} if cumulative else {}
        names |= {piece.name for piece in pieces}
        if told and value != told:
            notes["text",] = "guessed: it tells another answer than the whole reply"
    _add_reasoning(config, found.pieces)
    add_ending(config, notes, found.pieces, path, names, called=calls is not None)
    for piece in reversed(found.pieces):
        if piece.is_json and (usage := find_usage(piece.document)):
            config["usage"] = usage
            names.add(piece.name)
            break
    if calls is not None:
        config["tool_calls"] = calls[0]
        names |= calls[1]
    add_done(config, notes, found.pieces, path, names)
    _add_names(config, found.pieces, path, names)
    return Part(config, notes, path, value)


def _find_text(events: list[Piece], told: str, calls: Path | None) -> tuple[Path, list[Piece], bool, str] | None:
    """The path of the pieces, the events that have one, whether each has the whole text so far, and of which kind."""
    groups: dict[Path, list[Piece]] = {}
    for piece in events:
        for path, value in list_leaves(piece.document):
            if calls is not None and path[: len(calls)] == calls:
                continue
            if (
                isinstance(value, str)
                and not is_thought(piece.document, path)
                and not tells_failure(piece.document, path)
            ):
                groups.setdefault(path, []).append(piece)
    best: tuple[float, Path, list[Piece], bool, str] | None = None
    for path, pieces in groups.items():
        for kind, some in _split(pieces, path):
            points, cumulative = _score(path, some, told)
            points -= 1.5 if kind else 0
            if points > 3 and (best is None or points > best[0]):
                best = (points, path, some, cumulative, kind)
    return None if best is None else best[1:]


def _split(pieces: list[Piece], path: Path) -> list[tuple[str, list[Piece]]]:
    """All the events that have a path, and those of each kind, by its condition; by the name of SSE events too."""
    made = [("", pieces)]
    names = {piece.name for piece in pieces}
    if len(names) > 1:
        made += [("", [piece for piece in pieces if piece.name == name]) for name in names]
    for key in _KINDS:
        if (key,) == path:
            continue
        kinds = [get(piece.document, (key,)) for piece in pieces]
        words = {kind for kind in kinds if isinstance(kind, str)}
        if words and (len(words) > 1 or len(words) < len(kinds)) and len(words) < 12:
            made += [
                (
                    f"{write_key(key)}=={write_text(word)}",
                    [each for each in pieces if get(each.document, (key,)) == word],
                )
                for word in sorted(words)
            ]
    return made


def _score(path: Path, pieces: list[Piece], told: str) -> tuple[float, bool]:
    values = [str(get(piece.document, path)) for piece in pieces]
    if path == ("body",) and not pieces[0].is_json:
        values = values if len(values) > 1 else []
    if not any(values):
        return 0.0, False
    grows = [value for value in values if value]
    cumulative = (
        len(grows) > 1 and len(set(grows)) > 1 and all(later.startswith(earlier) for earlier, later in pairwise(grows))
    )
    whole = values[-1] if cumulative else "".join(values)
    points = score_path(path) + min(len(set(values)), 6) + 0.3 * min(len(values), 10)
    if len(values) > 2 and len(set(values)) == 1 and whole.strip() != told.strip():
        points -= 12
    if told and whole.strip() == told.strip():
        points += 25
    elif " " in whole.strip():
        points += 4
    return points, cumulative


def _add_reasoning(config: dict[str, Any], pieces: list[Piece]) -> None:
    for piece in pieces:
        for path, value in list_leaves(piece.document):
            words = set(split_name(last_name(path)))
            if isinstance(value, str) and value and is_reasoning(path) and not words & {"type", "id", "signature"}:
                config["reasoning"] = write_path(path, piece.document, joined=True)
                return


def _find_calls(pieces: list[Piece]) -> tuple[dict[str, Any], set[str], Path] | None:
    """The config's ``tool_calls`` of a stream, the names of the events that have them, and the path of the first."""
    seen: list[tuple[Calls, Piece]] = []
    for piece in pieces:
        if piece.is_json and (calls := find_calls(piece.document)) is not None:
            seen.append((calls, piece))
    pieced = [
        (calls, piece)
        for piece in pieces
        if piece.is_json and (calls := find_calls(piece.document, partial=True)) is not None and calls.pieces
    ]
    if not seen and not pieced:
        return None
    calls, piece = (pieced or seen)[0]
    config = dict(calls.config)
    if pieced:
        config["partial"] = True
        item = get(piece.document, calls.path)
        index = next((key for key in item if key in ("index", "i", "idx", "n", "no", "slot", "pos")), None)
        if index is not None:
            config["index"] = write_key(index)
    return config, {each.name for _, each in [*seen, *pieced]}, calls.path


def _add_names(config: dict[str, Any], pieces: list[Piece], answer: Path | None, names: set[str]) -> None:
    """Add which events are read, if others have what would be read too."""
    others = [piece for piece in pieces if piece.name not in names]
    disturbing = answer is not None and any(isinstance(get(piece.document, answer), str) for piece in others)
    if disturbing and all(names):
        config["event"] = sorted(names)
