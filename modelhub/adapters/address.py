"""Addresses of a config: absolute, or seen from the host of ``api_url``, with names of the call in braces."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from modelhub.adapters.braces import find_strange, split
from modelhub.errors import BadRequestError, ConfigError
from modelhub.patterns import expression

_ABSOLUTE = expression(r"https?://", re.IGNORECASE)
_AUTHORITY_ENDS = expression(r"[/?#\\]")


class Address:
    """An address with names in braces; ``names`` are those."""

    __slots__ = ("_pieces", "_where", "names")

    def __init__(self, pieces: list[str], where: str) -> None:
        self._pieces = pieces
        self._where = where
        self.names = frozenset(pieces[1::2])

    def build(self, values: Mapping[str, Any]) -> str:
        """The address with these values; raises BadRequestError for a name without one that an address may hold."""
        if not self.names:
            return self._pieces[0]
        pieces = self._pieces.copy()
        pieces[1::2] = [_write(name, values.get(name), self._where) for name in pieces[1::2]]
        return "".join(pieces)


def compile_address(text: str, base: str, where: str, names: Collection[str] | None = None) -> Address:
    """The address ``text``; one that begins with ``/`` is on the host of ``base``.

    Where ``names`` are given, no others may stand in it. Raises ConfigError for what is no such address, and for one
    whose host would come from a call.
    """
    if not isinstance(text, str) or not text.strip():
        raise ConfigError(f"{where} is no address")
    if text.startswith("/"):
        place = urlsplit("https://host" if "${" in base else base)
        if not place.netloc:
            raise ConfigError(f"{where} is a path: it needs api_url, on whose host it is")
        text = f"{place.scheme}://{place.netloc}{text}"
    absolute = _ABSOLUTE.match(text)
    if absolute is None:
        raise ConfigError(f"{where} must begin with https://, http:// or /")
    host = _AUTHORITY_ENDS.split(text[absolute.end() :], maxsplit=1)[0]
    if len(split(host)) > 1:
        raise ConfigError(f"{where}: the host of an address stands in the config, and no name in braces")
    if not host:
        raise ConfigError(f"{where} has no host")
    if strange := find_strange(text, names):
        known = f"; there is {', '.join(f'{{{name}}}' for name in sorted(names))}" if names else ""
        raise ConfigError(f"{where}: {strange!r} is no name in braces{known}")
    return Address(split(text.partition("#")[0]), where)


def _write(name: str, value: Any, where: str) -> str:
    what = None
    if value is None:
        what = "nothing gives"
    elif isinstance(value, bool):
        value = "true" if value else "false"
    elif not isinstance(value, str | int | float):
        what = f"cannot hold {type(value).__name__} as"
    text = str(value)
    if what is None and text in ("", ".", ".."):
        what = f"cannot hold {text!r} as" if text else "cannot hold an empty text as"
    if what is not None:
        raise BadRequestError(f"{where} {what} {{{name}}}" if value is not None else f"{where}: {what} {{{name}}}")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise BadRequestError(f"{where} cannot hold half a character as {{{name}}}") from None
