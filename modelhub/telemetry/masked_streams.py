"""Masks secrets in the pieces of a stream, also those of which each event tells a part."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from modelhub.patterns import expression
from modelhub.secrets.traces import Masker, replace_spans

_DOCUMENT = expression(r"(?m)^(?:data:[ ]?)?(?P<document>[{\[].*[}\]])\r?$")  # an event, or a line of JSON
_Place = tuple[Any, Any]  # a dict or a list, and a key in it


def mask_stream(pieces: Sequence[bytes], masker: Masker) -> list[bytes]:
    """The pieces of a body without secrets, as many as there were.

    The texts at one place of the documents of a stream are one text, as the deltas of an answer are.
    """
    whole = b"".join(pieces).decode("latin-1")
    documents, spans = [], []
    for match in _DOCUMENT.finditer(whole):
        try:
            documents.append(json.loads(match["document"].encode("latin-1")))
        except (ValueError, RecursionError):
            continue
        spans.append(match.span("document"))
    changed = _mask_documents(documents, masker)
    if changed:
        told = [(*span, _write(documents[n])) for n, span in enumerate(spans) if n in changed]
        cut = replace_spans([piece.decode("latin-1") for piece in pieces], told)
        pieces = [text.encode("latin-1") for text in cut]
    return masker.mask_bytes(pieces)


def _mask_documents(documents: Sequence[Any], masker: Masker) -> set[int]:
    """Mask the texts of documents in place; the numbers of those that were changed."""
    places: dict[tuple[Any, ...], list[tuple[int, _Place]]] = {}
    for n, document in enumerate(documents):
        for path, place in _find_texts(document, ()):
            places.setdefault(path, []).append((n, place))
    changed = set()
    for found in places.values():
        texts = [holder[key] for _, (holder, key) in found]
        for (n, (holder, key)), text, masked in zip(found, texts, masker.mask_pieces(texts), strict=True):
            if masked != text:
                holder[key] = masked
                changed.add(n)
    return changed


def _find_texts(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], _Place]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if isinstance(item, str):
            yield (*path, key), (value, key)
        else:
            yield from _find_texts(item, (*path, key))


def _write(document: Any) -> str:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass").decode("latin-1")
