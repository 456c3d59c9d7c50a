"""Find the word that was probably meant: strictly if something depends on the guess, freely if it is only a hint."""

from __future__ import annotations

from collections.abc import Iterable

from modelhub.diagnostics.lookalikes import simplify


def suggest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word nearest to ``word``, or None if no word is near enough.

    A slip is a letter that is missing, added, changed, or swapped with its neighbour. Words of up to four letters may
    differ by one slip, longer words by two. Case does not count, nor does ``-`` in place of ``_``.
    """
    plain = fold(word)
    limit = 1 if len(plain) <= 4 else 2
    best: tuple[int, bool, int] | None = None
    found: str | None = None
    for candidate in known:
        other = fold(candidate)
        if abs(len(other) - len(plain)) > limit or count_lacking(plain, other) > limit:
            continue
        slips = distance(plain, other)
        if slips > limit or slips >= max(len(plain), len(other)) > 0:
            continue
        rank = (slips, other[:1] != plain[:1], abs(len(other) - len(plain)))
        if best is None or rank < best:
            best, found = rank, candidate
    return found


def suggest_freely(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """Return the nearest known word, else the most similar one; for names of files and configs.

    ``likeness`` is the share of letters, from 0 to 1, that the two must have in common in the same order.
    """
    words = list(known)
    near = suggest(word, words)
    if near is None and words:
        from difflib import get_close_matches

        folded = {fold(candidate): candidate for candidate in reversed(words)}
        near = next((folded[like] for like in get_close_matches(fold(word), folded, 1, likeness)), None)
    return near


def fold(word: str) -> str:
    """Write a word in the form in which words are compared."""
    return (word if word.isascii() else simplify(word)).lower().replace("-", "_")


def count_lacking(word: str, other: str) -> int:
    """Count the letters of ``word`` that ``other`` lacks: it is fast, and never more than the number of slips."""
    lacking = 0
    for letter in word:
        shorter = other.replace(letter, "", 1)
        lacking += len(shorter) == len(other)
        other = shorter
    return lacking


def distance(a: str, b: str) -> int:
    """Count the slips between two words (Damerau-Levenshtein)."""
    far = len(a) + len(b)
    table: list[list[int]] = [
        [far] * (len(b) + 2),
        [far, *range(len(b) + 1)],
    ]  # a border first, for swaps that cannot be
    last_row: dict[str, int] = {}
    for i, left in enumerate(a, 1):
        above, row = table[i], [far, i]
        last_column = 0
        for j, right in enumerate(b, 1):
            r, c = last_row.get(right, 0), last_column
            swap = table[r][c] + (i - r - 1) + 1 + (j - c - 1)
            row.append(min(above[j] + (left != right), row[j] + 1, above[j + 1] + 1, swap))
            if left == right:
                last_column = j
        last_row[left] = i
        table.append(row)
    return table[-1][-1]
