"""Masks secrets in what went over the wire: in whatever form they stand there, also where a text is cut in two."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

from modelhub.secrets.redaction import SHORTEST
from modelhub.secrets.shapes import MASK, find_keys


def spell_out(secrets: Iterable[str]) -> list[str]:
    """Each secret in the forms in which it may stand in a body or a URL, the longest first."""
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) >= SHORTEST:
            data = secret.encode("utf-8", "surrogatepass")
            encoded = [b64encode(data).decode(), urlsafe_b64encode(data).decode()]
            forms.update((secret, quote(secret, safe=""), quote(secret), quote_plus(secret)))
            forms.update((json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]))
            forms.update(each.rstrip("=") for each in encoded)
    return sorted(forms, key=lambda form: (-len(form), form))


class Masker:
    """Masks ``secrets`` in all their forms, and what has the form of a vendor's key."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._forms = spell_out(secrets)
        self._bytes = [form.encode("utf-8", "surrogatepass").decode("latin-1") for form in self._forms]

    def mask(self, text: str) -> str:
        """A text without them."""
        [masked] = self.mask_pieces([text])
        return masked

    def mask_pieces(self, pieces: Sequence[str]) -> list[str]:
        """The pieces of a text without them, as many as there were; the mask stands where a secret begins."""
        return _mask(pieces, self._forms)

    def mask_bytes(self, pieces: Sequence[bytes]) -> list[bytes]:
        """The same for the pieces of a body, which may be cut in the middle of a character."""
        return [text.encode("latin-1") for text in _mask([piece.decode("latin-1") for piece in pieces], self._bytes)]

    def mask_all(self, value: Any) -> Any:
        """A copy of a document without them, in its values and its keys."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {self.mask_all(key): self.mask_all(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.mask_all(item) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return MASK if str(value) in self._forms else value
        return value


def _mask(pieces: Sequence[str], forms: Sequence[str]) -> list[str]:
    whole = "".join(pieces)
    spans = sorted(_find_spans(whole, forms))
    if not spans:
        return [*pieces]
    masked, end = [], 0
    for piece in pieces:
        start, end = end, end + len(piece)
        masked.append(_mask_piece(whole, start, end, spans))
    return masked


def _mask_piece(whole: str, start: int, end: int, spans: Sequence[tuple[int, int]]) -> str:
    """The part of ``whole`` from ``start`` to ``end``, with a mask for each of the ``spans`` that begins there."""
    kept, at = [], start
    for first, last in spans:
        if last <= at or first >= end:
            continue
        kept.append(whole[at : max(at, first)])
        if first >= start:
            kept.append(MASK)
        at = min(max(at, last), end)
    return "".join([*kept, whole[at:end]])


def _find_spans(whole: str, forms: Sequence[str]) -> Iterable[tuple[int, int]]:
    """Where secrets stand; spans do not overlap."""
    found: list[tuple[int, int]] = []
    for form in [*forms, *sorted(set(find_keys(whole)), key=len, reverse=True)]:
        at = whole.find(form)
        while at >= 0:
            found.append((at, at + len(form)))
            at = whole.find(form, at + 1)
    merged: list[tuple[int, int]] = []
    for first, last in sorted(found):
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
