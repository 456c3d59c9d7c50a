"""The media of a request: data, or public URLs, which vendors fetch; never files, nor what is behind the gateway."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from modelhub.server.formats.replies import Failure
from modelhub.server.formats.requests.fields import Fields, name_type, refuse

_KIND = re.compile(r"[\w.+-]+/[\w.+-]+")
_FILE_ID = re.compile(r"[\w.-]{1,200}")
_NUMBERS = re.compile(r"(0x[0-9a-f]+|\d+)(\.(0x[0-9a-f]+|\d+))*\.?", re.I)  # an address in any notation
_INSIDE = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa")


def read_link(value: Any, place: str) -> str:
    """A data URI or a public URL; raises Failure for anything else, above all for the path of a file."""
    if not isinstance(value, str):
        raise refuse(f"{place} must be a string, not {name_type(value)}")
    url = value.strip()
    if url[:5].lower() == "data:":
        if "," not in url:
            raise refuse(f"{place}: a data URI has a comma before its data, as in data:image/png;base64,...")
        return url
    if url[:8].lower().startswith(("http://", "https://")):
        if not _is_public(url):
            raise _refuse(place, "addresses inside a network are not fetched")
        return url
    raise _refuse(place, "files are not read")


def read_packed(value: Any, place: str, kind: Any = None) -> str:
    """Base64 as a data URI of the media type ``kind``; what is a data URI or a public URL stays."""
    if isinstance(value, str) and ":" not in value[:8]:
        told = kind if isinstance(kind, str) and _KIND.fullmatch(kind) else ""
        return f"data:{told};base64,{value}"
    return read_link(value, place)


def read_file_id(fields: Fields) -> str | None:
    """The ``file_id`` of a file that a vendor keeps; it is no address."""
    ident = fields.read_text("file_id")
    if ident is not None and not _FILE_ID.fullmatch(ident):
        raise refuse(f"{fields.find_place('file_id')} is no id of a file")
    return ident


def _is_public(url: str) -> bool:
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return False
    try:
        address = ip_address(host.partition("%")[0])
        return (getattr(address, "ipv4_mapped", None) or address).is_global
    except ValueError:
        pass
    if _NUMBERS.fullmatch(host):
        return False
    return "." in host.strip(".") and not host.rstrip(".").endswith(_INSIDE)


def _refuse(place: str, why: str) -> Failure:
    return refuse(f"{place} must be a data: URI or a public http(s) URL: {why}")
