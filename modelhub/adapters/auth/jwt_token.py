"""Tokens that the client signs itself: JSON Web Tokens (RFC 7519) with a shared key."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import cache
from typing import Any

from modelhub.adapters.auth.base import AuthorizationBase, with_headers
from modelhub.engine.interface import Authorized, Sources
from modelhub.overriding import override
from modelhub.wire import Request, encode_json

ALGORITHMS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
LIFETIME = 60.0


class SignedToken(AuthorizationBase):
    """A token of the claims, made anew for each request, in ``header``."""

    def __init__(
        self,
        identity: str,
        secrets: tuple[str, ...],
        key: bytes,
        claims: Mapping[str, Any],
        *,
        algorithm: str = "HS256",
        lifetime: float = LIFETIME,
        header: str = "Authorization",
    ) -> None:
        super().__init__(identity, secrets)
        self._key = key
        self._claims = dict(claims)
        self._algorithm = algorithm
        self._lifetime = lifetime
        self._header = header
        self._before = "Bearer " if header.lower() == "authorization" else ""

    @override
    def authorize(self, request: Request, sources: Sources) -> Authorized:
        now = sources.wall()
        claims = {"iat": int(now), "exp": int(now + self._lifetime), **self._claims}
        token = build_token(claims, self._key, self._algorithm)
        return Authorized(with_headers(request, {self._header: self._before + token}), (token,))


def build_token(claims: Mapping[str, Any], key: bytes, algorithm: str) -> str:
    """The token of ``claims`` in its compact form (RFC 7515, section 7.1)."""
    signed = f"{_build_head(algorithm)}.{encode(claims)}"
    return f"{signed}.{write(hmac.digest(key, signed.encode(), ALGORITHMS[algorithm]))}"


@cache
def _build_head(algorithm: str) -> str:
    return encode({"alg": algorithm, "typ": "JWT"})


def encode(value: Mapping[str, Any]) -> str:
    """An object as a part of a token."""
    return write(encode_json(dict(value)))


def write(data: bytes) -> str:
    """Bytes in base64 for URLs, without its padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
