"""Finds why an answer ended, and what the service's words for it mean."""

from __future__ import annotations

from typing import Any

from modelhub.authoring.adapter.paths import Path, last_name, list_leaves
from modelhub.authoring.adapter.words import FINISH, FINISH_MEANING, list_words, same_style, split_name, weigh

_NAMES = weigh(
    {
        5: "finish stop termination 结束",
        4: "finished stopped reason end ended why cause terminated fin halt 原因",
        3: "done cut exit",
        1: "completion",
    }
)
_SHOWN = 8  # of the words for each meaning; a service has seldom one that is not among them
_NEVER = frozenset(
    list_words(
        "id role type sequence sequences time at token tokens msg message text object model name code content "
        "answer details"
    )
)


def find_finish(document: Any, answer: Path | None, *, skip: Path | None = None) -> tuple[Path, Any] | None:
    """The place and the word of why the answer at ``answer`` ended."""
    best: tuple[float, Path, Any] | None = None
    for path, value in list_leaves(document):
        if path in (answer, skip) or isinstance(value, bool | float) or not isinstance(value, str | int):
            continue
        name = _find_name(path)
        words = split_name(name)
        points = float(sum(_NAMES.get(word, 0) for word in words))
        points -= 6 if set(words) & (_NEVER - ({"type"} if points >= 5 else set())) else 0
        if isinstance(value, str):
            if not value or len(value) > 40 or " " in value.strip():
                continue
            known = find_meaning(value) is not None
            points += 3 if known else 0
            if known and words[-1:] in (["status"], ["state"]) and len(path) > 1:
                points += 1.5
        elif not points or abs(value) > 99:
            continue
        shared = sum(1 for a, b in zip(path, answer or (), strict=False) if a == b)
        points += 0.3 * shared
        if points >= 4 and (best is None or points > best[0]):
            best = (points, path, value)
    return None if best is None else (best[1], best[2])


def _find_name(path: Path) -> str:
    """The last key, or the one above where the last says only that a type stands there."""
    name = last_name(path)
    above = last_name(path[:-1])
    return above if name in ("type", "kind", "value", "name") and split_name(above)[-1:] == ["reason"] else name


def find_meaning(word: str) -> str | None:
    """The finish_reason that a service's word stands for; None if it is not known."""
    joined = "_".join(split_name(word)) or word.lower()
    return FINISH_MEANING.get(joined) or FINISH_MEANING.get(word.lower().replace("-", "_"))


def build_map(seen: list[Any], *, fallback: str = "stop") -> tuple[dict[str, str], list[str]]:
    """What the seen words and the common ones, in their style, mean; and the seen ones whose meaning is a guess."""
    texts = [word for word in seen if isinstance(word, str)]
    made: dict[str, str] = {}
    guessed = []
    for word in seen:
        known = find_meaning(word) if isinstance(word, str) else None
        if known is None:
            guessed.append(str(word))
        made[str(word)] = known or fallback
    if texts:
        style = max(texts, key=lambda word: ("_" in word, len(word)))
        for meaning, words in FINISH.items():
            for word in words[:_SHOWN] if style.isascii() else [word for word in words if not word.isascii()]:
                made.setdefault(same_style(word, style), meaning)
    return made, guessed
