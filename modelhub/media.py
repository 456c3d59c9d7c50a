"""Turns the local files that messages name into data, so that wrappers need not read files."""

from __future__ import annotations

import base64
import mimetypes
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from modelhub.errors import BadRequestError

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"%PDF": "application/pdf",
    b"BM": "image/bmp",
}


def load_media(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``messages`` with every ``image_url`` part that names a local file turned into a data URI.

    The messages themselves are not changed. Raises BadRequestError for a file that cannot be read.
    """
    if not any(isinstance(message.get("content"), list) for message in messages):
        return messages
    return [_load_message(message) for message in messages]


def _load_message(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [_load_part(part) for part in content]}


def _load_part(part: Any) -> Any:
    if not isinstance(part, dict) or part.get("type") != "image_url":
        return part
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    if not isinstance(url, str):
        raise BadRequestError("an image_url part needs a URL, a data URI or the path of a file")
    path = find_local_path(url)
    if path is None:
        return part
    details = image if isinstance(image, dict) else {}
    return {**part, "image_url": {**details, "url": build_data_uri(path)}}


def find_local_path(url: str) -> Path | None:
    """The file that ``url`` names: a path or a ``file:`` URL; None for what is to be fetched by others."""
    if url.startswith("file:"):
        return Path(unquote(urlsplit(url).path))
    # One letter before the colon is a drive, not a scheme.
    scheme, colon, _ = url.partition(":")
    if colon and len(scheme) > 1 and scheme.replace("+", "").isalnum():
        return None
    return Path(url)


def build_data_uri(path: Path) -> str:
    """The content of a file as a data URI; raises BadRequestError when it cannot be read."""
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such path"
        raise BadRequestError(f"the file {str(path)[:200]!r} cannot be read: {reason}") from None
    kind = find_media_type(data, path.name)
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def find_media_type(data: bytes, name: str) -> str:
    """The media type that the first bytes of a file tell, else its name."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def split_data_uri(url: str) -> tuple[str, str] | None:
    """Media type and base64 text of a data URI; None for any other URL. Raises BadRequestError for a malformed one."""
    if url[:5].lower() != "data:":
        return None
    head, comma, data = url[5:].partition(",")
    kind, _, encoding = head.partition(";")
    if not comma or "base64" not in encoding:
        raise BadRequestError("a data URI must be base64: data:image/png;base64,...")
    return kind or "text/plain", data
