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


def replace_spans(pieces: Sequence[str], spans: Sequence[tuple[int, int, str]]) -> list[str]:
    """The pieces of a text in which other texts stand for ``spans`` of the whole, each in the piece where it begins.

    The spans are in order, and do not overlap.
    """
    whole = "".join(pieces)
    made, end = [], 0
    for piece in pieces:
        start, end = end, end + len(piece)
        kept, at = [], start
        for first, last, text in spans:
            if last > at and first < end:
                kept.append(whole[at : max(at, first)])
                kept.append(text if first >= start else "")
                at = min(last, end)
        made.append("".join([*kept, whole[at:end]]))
    return made


def _mask(pieces: Sequence[str], forms: Sequence[str]) -> list[str]:
    spans = _find_spans("".join(pieces), forms)
    return replace_spans(pieces, [(first, last, MASK) for first, last in spans]) if spans else [*pieces]


def _find_spans(whole: str, forms: Sequence[str]) -> list[tuple[int, int]]:
    """Where secrets stand, in order; those that overlap are one span."""
    found: list[tuple[int, int]] = []
    for form in (*forms, *dict.fromkeys(find_keys(whole))):
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
