"""Reads the keys of an ``auth``, and says which of them cannot be used and why."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, NoReturn

from modelhub.adapters.auth.hmac_signing import NAMES, find_unknown_names
from modelhub.engine.malformed import is_http_url
from modelhub.errors import ConfigError, Problem
from modelhub.wire import encode_json
from modelhub.wire.headers import explain_unsendable, is_header_name


class Reader:
    """Reads one ``auth``; raises ConfigError, which begins with ``where`` and names the key, but never its value."""

    def __init__(self, config: Mapping[str, Any], where: str) -> None:
        self.config = config
        self._where = where

    def text(self, key: str, default: str | None = None, *, empty: bool = False) -> str:
        """A text, which may be ``empty`` only where that is said."""
        value = self.config.get(key)
        if value is None:
            if default is not None:
                return default
            self.refuse("MH102", key, "is missing")
        if not isinstance(value, str):
            self.refuse("MH104", key, "must be a text")
        if not value and not empty:
            self.refuse("MH203", key, "is empty")
        try:
            value.encode()
        except UnicodeError:  # of an environment variable that is no UTF-8
            self.refuse("MH203", key, "holds half a character")
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """One of ``choices``."""
        value = self.text(key, default)
        if value not in choices:
            self.refuse("MH202", key, f"must be one of {', '.join(choices)}")
        return value

    def header_name(self, key: str, default: str | None = None) -> str:
        """The name of a header."""
        name = self.text(key, default)
        if not is_header_name(name):
            self.refuse("MH203", key, "is no name of an HTTP header")
        return name

    def header_value(self, key: str) -> str:
        """A text that a header can carry."""
        return self._check_value(self.text(key), key)

    def headers(self, key: str) -> dict[str, str]:
        """Names and values of headers."""
        found: dict[str, str] = {}
        for name, value in self.mapping(key).items():
            if not isinstance(value, str) or not is_header_name(name):
                self.refuse("MH203", key, "must be names of HTTP headers with their values, which are texts")
            found[name] = self._check_value(value, key)
        return found

    def mapping(self, key: str) -> Mapping[str, Any]:
        """An object, which may be left out."""
        value = self.config.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.refuse("MH104", key, "must be an object")
        return value

    def claims(self, key: str) -> Mapping[str, Any]:
        """An object that JSON can write, which may be left out."""
        value = self.mapping(key)
        try:
            encode_json(dict(value))
        except (ValueError, TypeError, RecursionError):
            self.refuse("MH203", key, "holds what JSON cannot write")
        return value

    def seconds(self, key: str, default: float) -> float:
        """A number of seconds greater than 0."""
        value = self.config.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse("MH104", key, "must be a number")
        if not (value > 0 and isfinite(value)):
            self.refuse("MH201", key, "must be greater than 0")
        return float(value)

    def url(self, key: str) -> str:
        """An address of HTTP."""
        value = self.text(key)
        if not is_http_url(value):
            self.refuse("MH203", key, "must be an http:// or https:// URL with a host")
        return value

    def user_name(self, key: str) -> str:
        """The name of a user, which ends at the first colon (RFC 7617, section 2)."""
        value = self.text(key, empty=True)
        if ":" in value:
            self.refuse("MH203", key, "holds a colon, which would end it")
        return value

    def sign(self, key: str, default: str) -> str:
        """What is signed, with names in braces."""
        value = self.text(key, default)
        if unknown := find_unknown_names(value):
            names = ", ".join(f"{{{name}}}" for name in unknown)
            self.refuse("MH203", key, f"has {names[:200]}; the names are {', '.join(NAMES)}")
        if "{nonce}" in value and self.config.get("nonce_header") is None:
            self.refuse("MH102", "nonce_header", "is missing: the server needs the nonce that is signed")
        return value

    def refuse(self, code: str, key: str, why: str) -> NoReturn:
        """Raise the error that says ``why`` a key cannot be used."""
        raise ConfigError([Problem(code, f"{self._where}: auth.{key} {why}", path=("auth", key))])

    def _check_value(self, value: str, key: str) -> str:
        if why := explain_unsendable(value):
            self.refuse("MH203", key, f"holds {why}, which no HTTP header can carry")
        return value
