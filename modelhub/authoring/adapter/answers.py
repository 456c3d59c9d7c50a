"""Finds the text of the answer in a reply, and what the model thought before it, by what keys and values look like."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from modelhub.authoring.adapter.paths import Path, get, last_name, list_leaves
from modelhub.authoring.adapter.words import ANSWER, FINE, OTHER, REASONING, is_fine, split_name

_LEAST = 4.0  # points that make a text an answer
_CODE = re.compile(r"[0-9a-fA-F]{8,}|[\d.:/TZ+ -]{6,}|https?://\S+|[A-Z0-9_]{4,}|[\w+/=-]{40,}|true|false|\w+/[\w+.-]+")
_JOINTS = frozenset("-_/:.@")
_WIDE = re.compile(r"[\u0400-\u04ff\u0590-\u07ff\u0900-\u0dff\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_FAULTS = ("error", "err", "errors", "fault", "exception")
_CODES = ("code", "errcode", "errno", "error_code", "err_code", "ret", "retcode", "status", "success", "ok", "ret_code")
_NOTES = {"msg", "message", "info", "detail", "description", "errmsg", "error_msg", "err_msg", "error_message"}
_ECHO = {"prompt", "question", "query", "input", "inputs", "request", "echo", "user", "human"}


class Found(NamedTuple):
    """A text of a document, where it stands, and how much it looks like what is looked for."""

    points: float
    path: Path
    value: Any


def find_answer(document: Any, asked: Iterable[str] = (), told: str = "") -> Found | None:
    """The text that looks most like the answer; ``asked`` are the texts of the request, ``told`` what was streamed."""
    questions = {text.strip() for text in asked if text.strip()}
    best: Found | None = None
    for path, value in list_leaves(document):
        if not path and not isinstance(value, str):
            continue
        if not _may_be_text(value) or is_thought(document, path) or tells_failure(document, path):
            continue
        points = score_path(path) + _score_value(value, path, questions)
        value = str(value)
        points += 12 if told and value.strip() == told.strip() else 0
        if points > _LEAST and (best is None or (points, len(value)) > (best.points, len(str(best.value)))):
            best = Found(points, path, value)
    return best


def _may_be_text(value: Any) -> bool:
    return (
        bool(value.strip())
        if isinstance(value, str)
        else isinstance(value, int | float) and not isinstance(value, bool)
    )


def _score_value(value: Any, path: Path, questions: Iterable[str]) -> float:
    """How much a value looks like an answer; a number, or a word such as ok, only where an answer is named so."""
    words = split_name(last_name(path))
    named = max((ANSWER.get(word, 0) for word in words), default=0) >= 8 and not set(words) & set(OTHER)
    if not isinstance(value, str):
        return -4.0 if named else -20.0
    points = score_text(value, questions)
    return -2.0 if named and value.strip().lower() in FINE else points


def find_reasoning(document: Any) -> Found | None:
    """The text that is what the model thought."""
    found = [
        Found(len(value), path, value)
        for path, value in list_leaves(document)
        if isinstance(value, str) and value and is_thought(document, path) and _ends_well(path)
    ]
    return max(found, default=None)


def find_empty(document: Any) -> Path | None:
    """The place of an answer that is null or empty, in a reply that has tool calls instead."""
    found = [
        (score_path(path), path)
        for path, value in list_leaves(document)
        if value in (None, "") and not tells_failure(document, path) and not is_reasoning(path)
    ]
    best = max(found, default=None)
    return best[1] if best is not None and best[0] >= 0 else None


def is_reasoning(path: Path) -> bool:
    """Whether keys of a path say that the model's thoughts stand there."""
    return any(set(split_name(step)) & REASONING for step in path if isinstance(step, str))


def is_thought(document: Any, path: Path) -> bool:
    """Whether a text is what the model thought: by its keys, or by the type or a flag of the block that it is in."""
    if is_reasoning(path):
        return True
    block = get(document, path[:-1]) if path else None
    if not isinstance(block, dict):
        return False
    kind = next((block[key] for key in ("type", "kind", "channel") if isinstance(block.get(key), str)), "")
    flagged = any(value is True and set(split_name(key)) & REASONING for key, value in block.items())
    return flagged or bool(set(split_name(kind)) & REASONING)


def score_path(path: Path) -> float:
    """How much the keys of a path sound like those of an answer; the last counts most."""
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return 6.0
    points = 0.0
    for distance, name in enumerate(reversed(names)):
        words = split_name(name)
        known = ANSWER.get(name.lower()) or max((ANSWER.get(word, 0) for word in words), default=0)
        against = max((OTHER.get(word, 0) for word in words), default=0)
        if distance == 0:
            points += known - 1.6 * against if not (known and against) else 0.5 * known - against
        else:
            points += 0.25 * known - (0.7 * against if against >= 7 and not known else 0)
    return points - 0.4 * sum(isinstance(step, int) and step > 0 for step in path)


def score_text(text: str, questions: Iterable[str] = ()) -> float:
    """How much a text looks like what a person, or a model, would say."""
    plain = text.strip()
    if plain.lower() in FINE:
        return -6.0
    points = 0.0
    if " " in plain or "\n" in plain or _WIDE.search(plain):
        points += 4.0 + min(len(plain), 400) / 100
    if _CODE.fullmatch(plain) or _is_code(plain):
        points -= 6.0
    if plain[-1:] in ".!?。！？…":
        points += 1.0
    if plain in questions:
        points -= 3.0
    return points


def _is_code(text: str) -> bool:
    """Whether a text is one word of letters and numbers with something between them, as ids and versions are."""
    return not any(map(str.isspace, text)) and bool(_JOINTS & set(text)) and any(map(str.isdigit, text))


def tells_failure(document: Any, path: Path) -> bool:
    """Whether a text is the message of a failure: below an error, or beside a code that says that one happened."""
    names = [step.lower() for step in path if isinstance(step, str)]
    if any(word in _FAULTS for name in names for word in split_name(name)):
        return True
    if not names or names[-1] not in _NOTES:
        return False
    beside = get(document, path[:-1])
    if not isinstance(beside, dict):
        return False
    codes = [value for key, value in beside.items() if str(key).lower() in _CODES]
    if not codes:
        return False
    return not all(is_fine(value) for value in codes) or len(beside) > len(codes) + 1


def _ends_well(path: Path) -> bool:
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    words = set(split_name(name))
    return not words & {"id", "type", "tokens", "count", "signature", "status", "time", "effort", "summary_id"}
