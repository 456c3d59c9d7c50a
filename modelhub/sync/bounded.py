"""Reads a body only as far as it may go, also where it is compressed."""

from __future__ import annotations

from http.client import HTTPResponse
from typing import Any

CHUNK = 65536
PACKED = 16384  # a thousand times as much may come out of it


def read_up_to(raw: Any, limit: int) -> tuple[bytes, bool]:
    """The first ``limit`` bytes of a body of urllib3's, unpacked, and whether that is all of it."""
    packed = bool(raw.headers.get("content-encoding"))
    length = raw.length_remaining
    if length is not None and length <= limit and not packed:
        source = getattr(raw, "_fp", None)
        return source.read() if isinstance(source, HTTPResponse) else raw.read(decode_content=True), True
    pieces: list[bytes] = []
    size = 0
    while size <= limit:
        piece = raw.read(PACKED if packed else CHUNK, decode_content=True)
        if not piece:
            return b"".join(pieces), True
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)[:limit], False


def is_too_long(raw: Any, limit: int) -> bool:
    """Whether a body says itself that it has more than ``limit`` bytes."""
    length = raw.length_remaining
    return length is not None and length > limit
