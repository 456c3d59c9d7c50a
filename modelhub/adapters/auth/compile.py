"""Reads the ``auth`` of a config, its references resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

from modelhub.adapters.auth.base import AuthorizationBase
from modelhub.adapters.auth.checks import Reader
from modelhub.adapters.auth.hmac_signing import ALGORITHMS, ENCODINGS, SIGN, TIMESTAMPS, Layout, Signature
from modelhub.adapters.auth.jwt_token import ALGORITHMS as TOKEN_ALGORITHMS
from modelhub.adapters.auth.jwt_token import LIFETIME, SignedToken
from modelhub.adapters.auth.oauth2 import ClientToken
from modelhub.adapters.auth.static import HeaderKey, QueryKey, build_basic
from modelhub.adapters.auth.token_endpoint import STYLES, TokenEndpoint
from modelhub.secrets import is_secret_name

TYPES = ("bearer", "header", "query", "basic", "hmac", "oauth2", "jwt")
_SECRET = ("token", "value", "username", "password", "key", "client_id", "client_secret")
_ROTATED = ("password", "client_secret")  # beside the name of who asks
_WORD = 8  # shorter texts of claims and headers are words that may stand in any message


def compile_auth(config: Mapping[str, Any] | None, where: str) -> AuthorizationBase | None:
    """What ``config``, the ``auth`` of a config, does with each request; None where there is no ``auth``.

    Raises ConfigError, which begins with ``where``, for what is no ``auth``.
    """
    if config is None:
        return None
    read = Reader(config, where)
    kind = read.choice("type", TYPES)
    identity, secrets = _build_identity(config), tuple(_find_secrets(config))
    match kind:
        case "bearer":
            return HeaderKey(identity, secrets, {"Authorization": f"Bearer {read.header_value('token')}"})
        case "header":
            return HeaderKey(identity, secrets, {read.header_name("name"): read.header_value("value")})
        case "query":
            return QueryKey(identity, secrets, read.text("name"), read.text("value"))
        case "basic":
            login = build_basic(read.user_name("username"), read.text("password", empty=True))
            return HeaderKey(identity, (*secrets, login.partition(" ")[2]), {"Authorization": login})
        case "hmac":
            layout = _read_layout(read)
            return Signature(identity, secrets, read.text("key").encode(), layout, read.headers("headers"))
        case "jwt":
            return SignedToken(
                identity,
                secrets,
                read.text("key").encode(),
                read.claims("claims"),
                algorithm=read.choice("algorithm", tuple(TOKEN_ALGORITHMS), "HS256"),
                lifetime=read.seconds("lifetime", LIFETIME),
                header=read.header_name("header", "Authorization"),
            )
    fields = {name: read.text(name) for name in ("scope", "audience") if config.get(name) is not None}
    client = read.text("client_id"), read.text("client_secret", empty=True)
    endpoint = TokenEndpoint(read.url("token_url"), client, fields, read.choice("style", STYLES, "basic"))
    return ClientToken(identity, (*secrets, *endpoint.secrets), endpoint)


def _read_layout(read: Reader) -> Layout:
    sign = read.sign("sign", SIGN)
    named = read.config.get("timestamp_header") is not None
    # A server needs the time that was signed; one that is not signed is sent where the config names its header.
    told = named or ("{timestamp}" in sign and "timestamp_header" not in read.config)
    return Layout(
        sign,
        read.choice("algorithm", ALGORITHMS, "sha256"),
        read.choice("encoding", ENCODINGS, "hex"),
        read.choice("timestamp", TIMESTAMPS, "seconds"),
        read.header_name("header", "X-Signature"),
        read.header_name("timestamp_header", "X-Timestamp") if told else None,
        read.header_name("nonce_header") if read.config.get("nonce_header") is not None else None,
    )


def _build_identity(config: Mapping[str, Any]) -> str:
    """A digest of who asks, which stays the same where a password is changed."""
    who = sorted((name, repr(value)) for name, value in config.items() if name not in _ROTATED)
    return blake2b(repr(who).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _find_secrets(config: Mapping[str, Any]) -> Iterator[str]:
    """The texts of ``config`` that must not be shown."""
    for name in _SECRET:
        if isinstance(value := config.get(name), str):
            yield value
    for name in ("headers", "claims"):
        yield from _find_texts(config.get(name), name)


def _find_texts(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, str) and (is_secret_name(name) or len(value) >= _WORD):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _find_texts(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _find_texts(item, name)
