"""Values that stand in for what the references of a config mean, so that it can be used without any key."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from modelhub.secrets.references import parse_pieces

STAND_IN = "stand-in"
HOST = "stand-in.invalid"
_ADDRESSES = ("url", "host", "base", "endpoint", "address", "proxy")


def stand_in(value: Any, key: str = "") -> Any:
    """A copy of a config's value in which something made up stands in the place of each reference.

    A reference with a default means its default, whatever the environment holds; in an address, one means a host.
    """
    if isinstance(value, dict):
        return {name: stand_in(item, str(name)) for name, item in value.items()}
    if isinstance(value, list):
        return [stand_in(item, key) for item in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    pieces = parse_pieces(value)
    made = "".join(
        piece.text
        if not piece.is_braced
        else piece.default
        if piece.default is not None
        else _invent(key, number, value)
        for number, piece in enumerate(pieces)
    )
    # A text that begins with = was written as none, so that it is no expression.
    return f"={made}" if made.startswith("=") and not value.startswith("=") else made


def _invent(key: str, number: int, value: str) -> str:
    if any(place in key.lower() for place in _ADDRESSES):
        if number == 0:
            rest = value.partition("}")[2]
            return (
                HOST if key.lower() == "host" else f"https://{HOST}" if rest[:1] in ("", "/", ":", "?") else "https://"
            )
        if not urlsplit(value.partition("${")[0]).netloc:
            return HOST
    return STAND_IN
