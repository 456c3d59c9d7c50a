"""Data URIs: what is in them, and how they are built."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from modelhub.errors import BadRequestError
from modelhub.media.kinds import LOOKED_AT, find_media_type, find_signature, normalize_type

_ORDINARY = str.maketrans("-_", "+/")  # of base64 in its form for URLs


def split_data_uri(url: str) -> tuple[str, str] | None:
    """Media type and base64 text of a data URI; None for any other URL. Raises BadRequestError for a wrong data URI."""
    if url[:5].lower() != "data:":
        return None
    head, _, data = url[5:].partition(",")
    kind, _, encoding = head.partition(";")
    if kind and kind == normalize_type(kind) and encoding == "base64":
        return kind, data  # so are those that read_medium has made
    return read_data_uri(url)[:2]


def read_data_uri(url: str) -> tuple[str, str, str | None]:
    """Media type, base64 text and file name, if it tells one, of a data URI; data that is not base64 becomes so.

    The type is that of the first bytes; only if they do not tell it, it is what the data URI says.
    """
    head, comma, data = url[5:].partition(",")
    if not comma:
        raise BadRequestError("a data URI has a comma before its data: data:image/png;base64,...")
    label, *parameters = head.split(";")
    told = {name.strip().lower(): value.strip() for name, _, value in (item.partition("=") for item in parameters)}
    name = unquote(told.get("name") or told.get("filename") or "") or None
    packed = clean_base64(data) if "base64" in told or _is_meant_so(data) else _pack(data)
    if packed is None:
        raise BadRequestError("a data URI says that it is base64, but its data is not")
    return find_packed_type(packed, name or "", label), packed, name


def _is_meant_so(data: str) -> bool:
    """Whether data that is not said to be base64 is a file in base64 all the same."""
    packed = clean_base64(data)
    return bool(packed) and find_signature(unpack_head(packed or "")) is not None


def _pack(data: str) -> str:
    return base64.b64encode(unquote_to_bytes(data.encode("utf-8", "replace"))).decode("ascii")


def clean_base64(text: str) -> str | None:
    """Base64 as vendors want it: without line ends and percent signs, and padded; None if ``text`` is no base64."""
    if _is_base64(text):
        return text
    text = "".join(unquote(text).split()).rstrip("=").translate(_ORDINARY)
    text += "=" * (-len(text) % 4)
    return text if _is_base64(text) else None


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def find_packed_type(packed: str, name: str = "", label: str = "") -> str:
    """The media type of base64 text; see find_media_type."""
    return find_media_type(unpack_head(packed), name, label)


def unpack_head(packed: str) -> bytes:
    """The first bytes of base64 text, enough to know what they are."""
    return base64.b64decode(packed[: (LOOKED_AT + 2) // 3 * 4 + 4])


def build_data_uri(data: bytes, kind: str) -> str:
    """``data`` as a data URI."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def build_source(url: str) -> dict[str, Any]:
    """The ``source`` of an image or a document in Anthropic's API: data, or a URL that the vendor fetches.

    Raises BadRequestError for a wrong data URI.
    """
    data = split_data_uri(url)
    if data is None:
        return {"type": "url", "url": url}
    return {"type": "base64", "media_type": data[0], "data": data[1]}
