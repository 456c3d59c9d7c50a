"""What stands in the first line of a request for a URL: its path and query, the same whoever sends it."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

_SAFE = "!$&'()*+,;=:@/~"  # besides letters, digits and _.-, what may stand in a path as it is (RFC 3986)
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")


def find_target(url: str) -> str:
    """The path and the query of ``url``, with escapes for what cannot be sent.

    Escapes that it has, such as ``%2F``, mean what they mean to the server, so they stay; a ``%`` that begins none
    becomes ``%25``. Raises ValueError if ``url`` is none.
    """
    parts = urlsplit(url)
    path = parts.path if parts.path.startswith("/") else f"/{parts.path}"
    return escape(path, _SAFE) + (f"?{escape(parts.query, _SAFE + '?')}" if parts.query else "")


def escape(text: str, safe: str) -> str:
    """``text`` with escapes for all characters but those of ``safe``, letters, digits, and escapes that it has."""
    pieces = []
    end = 0
    for match in _ESCAPE.finditer(text):
        pieces += [_quote(text[end : match.start()], safe), match.group().upper()]  # RFC 3986: the same as small ones
        end = match.end()
    return "".join(pieces) + _quote(text[end:], safe)


def _quote(text: str, safe: str) -> str:
    try:
        return quote(text, safe)
    except UnicodeEncodeError:  # bytes of a redirect that are no UTF-8
        return quote(text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"), safe)
