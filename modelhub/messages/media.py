"""Turns the local files that messages name into data, so that wrappers need not read files."""

from __future__ import annotations

import base64
import mimetypes
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from modelhub.errors import BadRequestError

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"%PDF": "application/pdf",
    b"BM": "image/bmp",
}
IMAGES = tuple(f"data:image/{kind};" for kind in ("png", "jpeg", "gif", "webp"))  # what all vendors take


def load_media(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``messages`` with the content of local files in place of their names.

    Images and videos are named by a path or a ``file:`` URL, audio and other files by a ``file:`` URL. The messages
    that are passed in are not changed. Raises BadRequestError for a file that cannot be read.
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
    kind = part.get("type") if isinstance(part, dict) else None
    if kind in ("image_url", "video_url"):
        return _load_url(part, kind)
    if kind == "input_audio":
        return _load_field(part, kind, "data")
    if kind == "file":
        return _load_field(part, kind, "file_data")
    return part


def _load_url(part: dict[str, Any], kind: str) -> dict[str, Any]:
    given = part.get(kind)
    url = given.get("url") if isinstance(given, dict) else given
    if not isinstance(url, str):
        article = "an" if kind == "image_url" else "a"
        raise BadRequestError(f"{article} {kind} part needs a URL, a data URI or the path of a file")
    path = find_local_path(url)
    if path is None:
        return part
    details = given if isinstance(given, dict) else {}
    return {**part, kind: {**details, "url": build_data_uri(path)}}


def _load_field(part: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    """``part`` with the content of a file in place of its ``file:`` URL; audio is plain base64, as OpenAI wants it."""
    given = part.get(kind)
    data = given.get(name) if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(data, str):
        return part
    path = find_local_path(data) if data.startswith("file:") else None
    if path is not None:
        data = build_data_uri(path)
    if kind == "input_audio" and (split := split_data_uri(data)) is not None:
        data = split[1]
    return {**part, kind: {**given, name: data}}


def find_local_path(url: str) -> Path | None:
    """The file that ``url``, a path or a ``file:`` URL, names; None for any other URL."""
    if url.startswith("file:"):
        # AgentScope puts file:// before any path: it may be relative, and is not always quoted.
        path = url.removeprefix("file:").removeprefix("//").removeprefix("localhost/")
        path = f"/{path}" if url.startswith("file://localhost/") else path
        return Path(path if is_file(path) else unquote(path))
    # One letter before the colon is a drive, not a scheme.
    scheme, colon, _ = url.partition(":")
    if colon and len(scheme) > 1 and scheme.replace("+", "").isalnum():
        return None
    return Path(url)


def is_file(path: str) -> bool:
    """Whether ``path`` is the path of a file; it may be any text, also one so long that pathlib would raise."""
    return os.path.isfile(path)  # noqa: PTH113


def load_image(url: str) -> str | None:
    """An image in the form that vendors accept: its URL, or the data URI of a local file.

    None when the file does not exist or is not a PNG, JPEG, GIF or WebP.
    """
    path = find_local_path(url)
    if path is None:
        return re.sub(r"^data:image/jpg\b", "data:image/jpeg", url, flags=re.IGNORECASE)
    if not is_file(str(path)):
        return None
    uri = build_data_uri(path)
    return uri if uri.startswith(IMAGES) else None


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
    """The media type of a file, from its first bytes or, if they are not known, from its name."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def split_data_uri(url: str) -> tuple[str, str] | None:
    """Media type and base64 text of a data URI; None for any other URL. Raises BadRequestError for a wrong data URI."""
    if url[:5].lower() != "data:":
        return None
    head, comma, data = url[5:].partition(",")
    kind, _, encoding = head.partition(";")
    if not comma or "base64" not in encoding:
        raise BadRequestError("a data URI must be base64: data:image/png;base64,...")
    return "image/jpeg" if kind == "image/jpg" else kind or "text/plain", data


def build_source(url: str) -> dict[str, Any]:
    """The ``source`` of an image or a document in Anthropic's API: data, or a URL that the vendor fetches.

    Raises BadRequestError for a data URI that is not base64.
    """
    data = split_data_uri(url)
    if data is None:
        return {"type": "url", "url": url}
    return {"type": "base64", "media_type": data[0], "data": data[1]}
