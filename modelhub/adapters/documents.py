"""The document of a reply, which expressions are asked of: its JSON, or its text as ``{"body": "..."}``."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Any

from modelhub.errors import ConfigError
from modelhub.patterns import expression
from modelhub.printable import printable, shorten
from modelhub.wire import Reply, decode_json

_CHARSET = expression(r"""charset\s*=\s*["']?([^\s;"',]+)""", re.I)
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "mbcs", "oem"})
_LOST = "\ufffd"
_BOM = "\ufeff"
_SHOWN = 20  # keys that a message tells
_LEVELS = 3


def find_charset(name: str) -> str | None:
    """Python's name of a charset; None if there is no such charset."""
    try:
        found = codecs.lookup(name)
        "".encode(name)  # what is a codec, but of no text, is refused here
    except (LookupError, ValueError):
        return None
    return None if found.name in _NO_CHARSETS or found.incrementaldecoder is None else found.name


def compile_charset(name: Any, where: str) -> str | None:
    """The charset that a config names; raises ConfigError where there is no such charset."""
    if name is None:
        return None
    found = find_charset(name) if isinstance(name, str) else None
    if found is None:
        raise ConfigError(f"{where}: there is no charset {name!r}")
    return found


def choose_charset(headers: Mapping[str, str], given: str | None) -> str:
    """The charset of a reply: the one that its Content-Type names, else ``given``, else UTF-8."""
    kind = headers.get("content-type")
    told = _CHARSET.search(kind) if kind else None
    return (find_charset(told[1]) if told else None) or given or "utf-8"


def decode_reply(reply: Reply, format: str = "json", charset: str | None = None) -> Any:
    """The document of a reply; with the ``format`` ``text`` it is always its text.

    Bytes that are no characters of the charset become U+FFFD.
    """
    charset = choose_charset(reply.headers, charset)
    if format == "text":
        return {"body": decode_text(reply.body, charset)}
    if charset in ("utf-8", "ascii"):
        return decode_document(reply.body)
    text = decode_text(reply.body, charset)
    try:
        return decode_json(text)
    except ValueError:
        return {"body": text}


def decode_document(data: bytes) -> Any:
    """The document of UTF-8 bytes."""
    try:
        return decode_json(data)
    except ValueError:
        text = decode_text(data, "utf-8")
    if _LOST in text:
        try:
            return decode_json(text)
        except ValueError:
            pass
    return {"body": text}


def decode_text(data: bytes, charset: str) -> str:
    """Bytes as text, without a byte order mark."""
    return data.decode(charset, "replace").removeprefix(_BOM)


def is_body(document: Any) -> bool:
    """Whether this may be the document of a text that is no JSON."""
    return isinstance(document, dict) and len(document) == 1 and isinstance(document.get("body"), str)


def describe_keys(document: Any) -> str:
    """What a document has, for messages: its keys, and never a value."""
    if not isinstance(document, dict | list):
        return f"is a {_KINDS.get(type(document), 'number')} and has no keys"
    paths: list[str] = []
    _list_paths(document, "", _LEVELS, paths)
    if not paths:
        return f"is an empty {_KINDS[type(document)]}"
    more = ", ..." if len(paths) > _SHOWN else ""
    return f"has {', '.join(paths[:_SHOWN])}{more}"


_KINDS = {dict: "object", list: "list", str: "text", bool: "boolean", type(None): "null"}


def _list_paths(value: Any, path: str, levels: int, paths: list[str]) -> None:
    """Add the paths of what is in ``value``; of a list, those of its first item."""
    inner = _list_items(value, path) if levels else []
    if not inner and path:
        paths.append(path)
    for place, item in inner:
        if len(paths) > _SHOWN:
            return
        _list_paths(item, place, levels - 1, paths)


def _list_items(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        start = f"{path}." if path else ""
        return [(start + shorten(printable(str(key)), 40), item) for key, item in value.items()]
    return [(f"{path}[0]", value[0])] if isinstance(value, list) and value else []
