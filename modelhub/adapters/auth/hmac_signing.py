"""Signatures over what is sent: each attempt, each poll and each redirect has its own."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from modelhub.adapters.auth.base import AuthorizationBase, with_headers
from modelhub.engine.interface import Authorized, Sources
from modelhub.network.targets import find_target
from modelhub.overriding import override
from modelhub.wire import Request

ALGORITHMS = ("sha256", "sha1", "sha512")
ENCODINGS = ("hex", "base64")
TIMESTAMPS = ("seconds", "milliseconds", "iso8601")
NAMES = ("method", "path", "query", "timestamp", "body", "body_digest", "nonce")
SIGN = "{method}\n{path}\n{timestamp}\n{body_digest}"
# Braces around what could be meant as a name; those around anything else, as in JSON, stand for themselves.
_BRACES = re.compile(r"\{([^{}\s\"']*)\}")


class Layout(NamedTuple):
    """How a signature is made, and in which headers it is sent; those that are None are not sent."""

    sign: str = SIGN
    algorithm: str = "sha256"
    encoding: str = "hex"
    timestamp: str = "seconds"
    header: str = "X-Signature"
    timestamp_header: str | None = None
    nonce_header: str | None = None


class Signature(AuthorizationBase):
    """An HMAC (RFC 2104) of what a ``layout`` names; ``headers`` are sent beside it."""

    def __init__(
        self, identity: str, secrets: tuple[str, ...], key: bytes, layout: Layout, headers: Mapping[str, str]
    ) -> None:
        super().__init__(identity, secrets)
        self._key = key
        self._layout = layout
        self._headers = dict(headers)
        self._pieces = split_braces(layout.sign)

    @override
    def authorize(self, request: Request, sources: Sources) -> Authorized:
        layout = self._layout
        timestamp = write_time(sources.wall(), layout.timestamp)
        nonce = sources.nonce() if layout.nonce_header is not None else ""
        text = fill_in(self._pieces, request, timestamp, nonce)
        digest = hmac.digest(self._key, text, layout.algorithm)
        signature = digest.hex() if layout.encoding == "hex" else b64encode(digest).decode()
        headers = {**self._headers, layout.header: signature}
        if layout.timestamp_header is not None:
            headers[layout.timestamp_header] = timestamp
        if layout.nonce_header is not None:
            headers[layout.nonce_header] = nonce
        return Authorized(with_headers(request, headers), (signature,))


def fill_in(pieces: list[tuple[bytes, str]], request: Request, timestamp: str, nonce: str) -> bytes:
    """What is signed of ``request``: bytes, since its body may be in any charset."""
    return b"".join([text + _FILLERS[name](request, timestamp, nonce) for text, name in pieces])


@lru_cache(maxsize=256)  # a model has few addresses
def _split_target(url: str) -> tuple[bytes, bytes]:
    """The path and the query of ``url`` as they are sent."""
    path, _, query = find_target(url).partition("?")
    return path.encode(), query.encode()


_FILLERS: dict[str, Callable[[Request, str, str], bytes]] = {
    "method": lambda request, timestamp, nonce: request.method.encode(),
    "path": lambda request, timestamp, nonce: _split_target(request.url)[0],
    "query": lambda request, timestamp, nonce: _split_target(request.url)[1],
    "timestamp": lambda request, timestamp, nonce: timestamp.encode(),
    "body": lambda request, timestamp, nonce: request.body or b"",
    "body_digest": lambda request, timestamp, nonce: sha256(request.body or b"").hexdigest().encode(),
    "nonce": lambda request, timestamp, nonce: nonce.encode(),
    "": lambda request, timestamp, nonce: b"",
}


def split_braces(sign: str) -> list[tuple[bytes, str]]:
    """The text of ``sign`` in pieces, each with the name in braces that follows it; the last one has none."""
    pieces: list[tuple[bytes, str]] = []
    end = 0
    for match in _BRACES.finditer(sign):
        pieces.append((sign[end : match.start()].encode(), match[1]))
        end = match.end()
    return [*pieces, (sign[end:].encode(), "")]


def find_unknown_names(sign: str) -> list[str]:
    """What stands in braces in ``sign`` and is none of the names."""
    return [name for name in dict.fromkeys(_BRACES.findall(sign)) if name not in NAMES]


def write_time(now: float, form: str) -> str:
    """The time ``now``, in seconds since 1970, as a header says it."""
    match form:
        case "milliseconds":
            return str(int(now * 1000))
        case "iso8601":
            return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(int(now))
