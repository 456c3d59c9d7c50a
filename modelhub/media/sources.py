"""Reads what a caller may pass as a medium: a URL, a data URI, base64, a path, bytes, an open file or an image."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from modelhub.errors import BadRequestError
from modelhub.media.data_uris import build_data_uri, clean_base64, find_packed_type, read_data_uri, unpack_head
from modelhub.media.kinds import find_media_type, find_signature

SOURCES = "a URL, a data URI, base64, the path of a file, bytes, an open file or an image"
IMAGES = tuple(f"data:image/{kind};" for kind in ("png", "jpeg", "gif", "webp"))  # what all vendors take
_SAVED_AS = ("PNG", "JPEG", "WEBP", "GIF")  # of the formats that Pillow's images may have
_SHORT = 100  # a text of fewer letters is rather the name of a file than base64 of something unknown


class Medium(NamedTuple):
    """A medium: its URL, which is a data URI if its content is known, its media type, and the name of its file."""

    url: str
    kind: str | None = None
    name: str | None = None


def read_medium(given: Any, name: str = "", label: str = "", packed: bool = False) -> Medium:
    """The medium that ``given`` is or names; ``name`` and ``label`` count where its first bytes say nothing.

    ``packed`` says that a text which may be base64 is base64. Raises BadRequestError for what cannot be read.
    """
    if isinstance(given, str):
        return _read_text(given, name, label, packed)
    if isinstance(given, bytes | bytearray | memoryview):
        return _build_medium(bytes(given), "the data", name, label)
    if isinstance(given, os.PathLike):
        return read_file(Path(os.fsdecode(given)), name, label)
    if hasattr(given, "scheme"):  # a URL of pydantic, yarl or httpx
        return _read_text(str(given), name, label, packed)
    if callable(getattr(given, "read_bytes", None)):
        return _read_object(given, given.read_bytes, name, label)
    if callable(getattr(given, "read", None)):
        return _read_object(given, lambda: _read_stream(given), name, label)
    if callable(getattr(given, "save", None)) and (hasattr(given, "format") or hasattr(given, "mode")):
        return _read_object(given, lambda: _save_image(given), name, label)
    raise BadRequestError(f"it must be {SOURCES}, not {type(given).__name__}")


def _read_text(given: str, name: str, label: str, packed: bool) -> Medium:
    url = given.strip()
    if not url:
        raise BadRequestError(f"it is empty: pass {SOURCES}")
    if url[:5].lower() == "data:":
        kind, packed_data, own = read_data_uri(f"data:{label}{url[5:]}" if url[5:6] in (";", ",") else url)
        if not packed_data:
            raise BadRequestError("the data URI is empty")
        return Medium(f"data:{kind};base64,{packed_data}", kind, own)
    path = find_local_path(given if is_file(given) else url)
    if path is None:
        return Medium(url)
    if url[:5].lower() != "file:" and not is_file(str(path)) and (data := _find_base64(url, packed)) is not None:
        kind = find_packed_type(data, name, label)
        return Medium(f"data:{kind};base64,{data}", kind)
    return read_file(path, name, label)


def _find_base64(text: str, packed: bool) -> str | None:
    """``text`` as base64, if it is meant so: it is said to be, or what it holds is known, or it is too long a name."""
    data = clean_base64(text)
    if not data:
        return None
    known = (packed and data == text) or len(text) >= _SHORT or find_signature(unpack_head(data)) is not None
    return data if known else None


def _build_medium(data: bytes, what: str, name: str, label: str, own: str | None = None) -> Medium:
    if not data:
        raise BadRequestError(f"{what} is empty" if what != "the data" else "there are no bytes in it")
    kind = find_media_type(data, own or name, label)
    return Medium(build_data_uri(data, kind), kind, own)


def find_local_path(url: str) -> Path | None:
    """The file that ``url``, a path or a ``file:`` URL, names; None for any other URL. ``~`` is the home folder."""
    if url[:5].lower() == "file:":
        # AgentScope puts file:// before any path: it may be relative, and is not always quoted.
        path = url[5:].removeprefix("//").removeprefix("localhost/")
        path = f"/{path}" if url[5:].startswith("//localhost/") else path
        return _find_home(path if is_file(path) else unquote(path))
    # One letter before the colon is a drive, not a scheme; a file may have a colon in its name.
    scheme, colon, rest = url.partition(":")
    is_url = colon and len(scheme) > 1 and scheme.replace("+", "").isalnum()
    certain = rest.startswith("//") or scheme.lower() == "data"
    return None if is_url and (certain or not is_file(url)) else _find_home(url)


def _find_home(path: str) -> Path:
    return Path(path if not path.startswith("~") or is_file(path) else os.path.expanduser(path))  # noqa: PTH111


def is_file(path: str) -> bool:
    """Whether ``path`` is the path of a file; it may be any text, also one so long that pathlib would raise."""
    return os.path.isfile(path)  # noqa: PTH113


def read_file(path: Path, name: str = "", label: str = "") -> Medium:
    """The content of a file; raises BadRequestError when it cannot be read or is empty."""
    what = f"the file {str(path)[:200]!r}"
    try:
        path = _find_home(str(path))
        mode = path.stat().st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise BadRequestError(f"{what} cannot be read: it is a device")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such path"
        raise BadRequestError(f"{what} cannot be read: {reason}") from None
    return _build_medium(data, what, name, label, path.name)


def _read_object(given: Any, read: Callable[[], Any], name: str, label: str) -> Medium:
    """The medium in an object that is not ours, which may raise anything."""
    own = getattr(given, "name", None)
    own = os.path.basename(own) if isinstance(own, str) else None  # noqa: PTH119
    what = f"the {type(given).__name__} {own!r}" if own else f"the {type(given).__name__}"
    try:
        data = read()
    except Exception as error:
        raise BadRequestError(f"{what} cannot be read: {str(error) or type(error).__name__}") from None
    if isinstance(data, str):
        raise BadRequestError(f"{what} gives text, not bytes: open it with the mode 'rb'")
    if not isinstance(data, bytes | bytearray | memoryview):
        if hasattr(data, "close"):  # a coroutine that nobody awaits would complain
            data.close()
        raise BadRequestError(f"{what} gives no bytes when it is read: pass its bytes")
    return _build_medium(bytes(data), what, name, label, own or None)


def _read_stream(given: Any) -> Any:
    """All of an open file, also of one that was read or written before."""
    if callable(getattr(given, "seekable", None)) and given.seekable() is True:
        given.seek(0)
    return given.read()


def _save_image(image: Any) -> bytes:
    """The file of one of Pillow's images: in its own format, or else as PNG, which loses nothing."""
    form = getattr(image, "format", None)
    tries: list[dict[str, Any]] = [{"format": "PNG"}]
    if form in _SAVED_AS:
        tries.insert(0, {"format": form, "quality": "keep"} if form == "JPEG" else {"format": form})
    for n, options in enumerate(tries):
        buffer = io.BytesIO()
        try:
            image.save(buffer, **options)
        except (OSError, ValueError):  # such as a mode that the format does not have
            if n + 1 < len(tries):
                continue
            buffer = io.BytesIO()
            image.convert("RGB").save(buffer, format="PNG")
        return buffer.getvalue()
    raise AssertionError("an image is tried to be saved at least once")


def load_image(url: str) -> str | None:
    """An image in the form that vendors accept: its URL, or the data URI of a local file.

    None when the file does not exist or is not a PNG, JPEG, GIF or WebP.
    """
    path = find_local_path(url)
    if path is None:
        return re.sub(r"^data:image/jpg\b", "data:image/jpeg", url, flags=re.IGNORECASE)
    if not is_file(str(path)):
        return None
    uri = read_file(path).url
    return uri if uri.startswith(IMAGES) else None
