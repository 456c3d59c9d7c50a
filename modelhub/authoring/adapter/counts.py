"""Finds the numbers of tokens by the words of their keys."""

from __future__ import annotations

from typing import Any

from modelhub.authoring.adapter.paths import Path, get, list_leaves, write_path
from modelhub.authoring.adapter.words import list_words, split_name

_TOKENS = frozenset(
    list_words(
        "token tokens tok toks usage count counts billed metering tokenusage consumed 用量 metrics eval cost spent "
        "used tk n meter uso gebrauch nutzung utilisation токены расход"
    )
)
_NOT = frozenset(
    list_words(
        "ms seconds duration time latency price usd max limit chars characters credits amount sec remaining per "
        "rate audio image id ids index accepted rejected created money ts timestamp queue predict search units"
    )
)
_PARTS = {
    "cached_tokens": frozenset(list_words("cached cache cachehit")),
    "reasoning_tokens": frozenset(list_words("reasoning thinking thoughts thought")),
    "total_tokens": frozenset(list_words("total sum all totals 总计")),
    "completion_tokens": frozenset(
        list_words(
            "completion output out generated generation gen reply answer response candidates new sampled "
            "completions outputs outgoing produced received written predicted decoded 输出 c o "
            "salida salidas sortie ausgabe saida выход ответ"
        )
    ),
    "prompt_tokens": frozenset(
        list_words(
            "prompt input in request ask question sent read context inputs query incoming prefill evaluated "
            "encoded 输入 p i entrada entradas entree eingabe вход запрос"
        )
    ),
}
_LISTS = {"token", "tokens", "tok", "toks", "usage", "spent", "used", "cost", "counts", "n", "用量", "tk"}
_PAIRS = (("in", "out"), ("input", "output"), ("prompt", "completion"), ("p", "c"), ("i", "o"), ("prompt", "answer"))
_ORDER = ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens")


def find_usage(document: Any) -> dict[str, str]:
    """The expressions of a config's ``usage``; empty if the document counts no tokens."""
    best: dict[str, tuple[float, Path]] = {}
    for path, value in list_leaves(document):
        if not _is_count(value):
            continue
        names = [split_name(step) for step in path if isinstance(step, str)]
        if not names or set(names[-1]) & _NOT:
            continue
        if isinstance(path[-1], int):
            _add_listed(best, document, path, names[-1])
            continue
        if len(path) > 1 and _is_pair(get(document, path[:-1])):
            names = [["tokens"], names[-1]]
        part, points = _classify(names)
        if part is None:
            continue
        points -= 0.2 * len(path) + (1 if any("billed" in words for words in names) else 0)
        if part not in best or points > best[part][0]:
            best[part] = (points, path)
    return {part: write_path(best[part][1], document) for part in _ORDER if part in best}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _add_listed(best: dict[str, tuple[float, Path]], document: Any, path: Path, words: list[str]) -> None:
    """Numbers in a list under a name of tokens: those of the prompt come first, then the answer's, then all."""
    numbers = get(document, path[:-1])
    if isinstance(numbers, list) and len(numbers) in (2, 3) and all(map(_is_count, numbers)) and set(words) & _LISTS:
        best.setdefault(_ORDER[int(path[-1])], (0.5, path))


def _is_pair(parent: Any) -> bool:
    """Whether an object counts what went in and what came out, by the names of two of its keys."""
    if not isinstance(parent, dict):
        return False
    keys = {key for key, value in parent.items() if _is_count(value)}
    return any({one, other} <= keys for one, other in _PAIRS)


def _classify(names: list[list[str]]) -> tuple[str | None, float]:
    """Which number of ``usage`` the words of a path name, and how clearly."""
    every = {word for words in names for word in words}
    if not every & _TOKENS or (names[-1] == ["n"] and len(names) == 1):
        return None, 0.0
    own = set(names[-1])
    near = own | (set(names[-2]) if len(names) > 1 else set())
    for words, points in ((own, 4.0), (near, 3.0)):
        for part, known in _PARTS.items():
            if words & known:
                if part == "completion_tokens" and words & _PARTS["prompt_tokens"] and "eval" not in words:
                    continue
                return part, points + (1 if own & {"token", "tokens", "tok"} else 0)
        if {"eval", "count"} <= words:
            return "completion_tokens", points
    if own & {"tokens", "token"} and not own & {"top", "special", "stop"} and len(own) == 1:
        return "total_tokens", 1.0
    return None, 0.0
