"""What kind of thing a medium is: its media type by its first bytes, its label or its name, and its plain name."""

from __future__ import annotations

import mimetypes
import re

UNKNOWN = "application/octet-stream"
PDF = "application/pdf"
LOOKED_AT = 1024  # how many of the first bytes are looked at

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"\0\0\x01\0": "image/x-icon",
    b"8BPS": "image/vnd.adobe.photoshop",
    b"\0\0\0\x0cjP  ": "image/jp2",
    b"\0\0\0\x0cJXL ": "image/jxl",
    b"%PDF": "application/pdf",
    b"ID3": "audio/mpeg",
    b"fLaC": "audio/flac",
    b"#!AMR": "audio/amr",
    b"FLV\x01": "video/x-flv",
    b"\0\0\x01\xba": "video/mpeg",
}
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {  # of the files of ISO's base media format, which begin with their brands
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"), "image/heic"),
    **dict.fromkeys((b"mif1", b"msf1"), "image/heif"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
    b"qt  ": "video/quicktime",
}
_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/x-ms-bmp": "image/bmp",
    "image/svg": "image/svg+xml",
    "audio/mp3": "audio/mpeg",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-flac": "audio/flac",
    "audio/x-m4a": "audio/mp4",
    "audio/mp4a-latm": "audio/mp4",
    "application/x-pdf": "application/pdf",
}
_EXTENSIONS = {  # that not every Python knows
    "avif": "image/avif",
    "flac": "audio/flac",
    "heic": "image/heic",
    "heif": "image/heif",
    "m4a": "audio/mp4",
    "md": "text/markdown",
    "mkv": "video/x-matroska",
    "ogg": "audio/ogg",
    "webm": "video/webm",
    "webp": "image/webp",
}
_FORMATS = {  # whose extension is no part of the media type
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "image/x-icon": "ico",
    "text/plain": "txt",
    "text/markdown": "md",
    "video/quicktime": "mov",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
    UNKNOWN: "bin",
}
_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+_-]+")
_HTML = (b"<!doctype html", b"<html")
_BEFORE_SVG = (b"<svg", b"<?xml", b"<!--", b"<!doctype svg")
_MPEG_AUDIO = (b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2")
_ADTS = (b"\xff\xf1", b"\xff\xf9")


def find_media_type(data: bytes, name: str = "", label: str = "") -> str:
    """The media type of ``data``: what its first bytes say or, if they do not, its label, and then its name.

    The formats of text do not overrule a label that says text. What nothing is known of may still be plain text.
    """
    label = normalize_type(label)
    found = find_signature(data)
    if found is not None and not (label.startswith("text/") and is_written(found)):
        return found
    if label and label != UNKNOWN:
        return label
    return guess_type(name) or ("text/plain" if is_text(data) else UNKNOWN)


def find_signature(data: bytes) -> str | None:
    """The media type that the first bytes of ``data`` tell, None if they tell none."""
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF":
        return _RIFF.get(data[8:12])
    if data[4:8] == b"ftyp":
        brands = [data[n : n + 4] for n in (8, *range(16, min(int.from_bytes(data[:4], "big"), 64), 4))]
        kinds = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
        # The brand of all pictures of this family comes first in files that name their own brand only after it.
        return next((kind for kind in kinds if kind != "image/heif"), kinds[0] if kinds else "video/mp4")
    if data[:4] == b"\x1aE\xdf\xa3":
        return "video/x-matroska" if b"matroska" in data[:64] else "video/webm"
    if data[:4] == b"OggS":
        return "video/ogg" if b"theora" in data[:64] else "audio/ogg"
    if data[:4] == b"FORM" and data[8:11] == b"AIF":
        return "audio/aiff"
    if data[:2] == b"BM" and data[6:10] == bytes(4):
        return "image/bmp"
    if data[:2] in _MPEG_AUDIO:
        return "audio/mpeg"
    if data[:2] in _ADTS:
        return "audio/aac"
    return _find_markup(data[:LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n").lower())


def _find_markup(head: bytes) -> str | None:
    """Whether SVG or HTML begins with ``head``, which is in small letters."""
    if head.startswith(_HTML):
        return "text/html"
    before, svg, _ = head.partition(b"<svg") if head.startswith(_BEFORE_SVG) else (b"", b"", b"")
    return "image/svg+xml" if svg and b"<html" not in before else None


def is_written(kind: str) -> bool:
    """Whether files of this media type are text."""
    return kind.startswith("text/") or kind == "image/svg+xml"


def is_text(data: bytes) -> bool:
    """Whether the beginning of ``data`` is text in UTF-8."""
    head = data[:LOOKED_AT]
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3 or len(data) <= LOOKED_AT:  # else a character is cut in two
            return False
        text = head[: error.start].decode("utf-8")
    return bool(text) and all(char.isprintable() or char.isspace() for char in text)


def normalize_type(label: str) -> str:
    """A media type as it is registered: in small letters, not by an older name; empty for what is no media type."""
    label = label.partition(";")[0].strip().lower()
    return _ALIASES.get(label, label) if _TYPE.fullmatch(label) else ""


def guess_type(name: str) -> str | None:
    """The media type that the name of a file tells."""
    end = name.rpartition(".")[2].lower() if "." in name else ""
    if end in _EXTENSIONS:
        return _EXTENSIONS[end]
    kind = mimetypes.guess_type(f"a.{end}")[0] if end.isalnum() else None
    return None if kind is None else normalize_type(kind)


def guess_url_type(url: str) -> str | None:
    """The media type that the name in a URL tells."""
    path = url.partition("://")[2].partition("?")[0].partition("#")[0].partition("/")[2]
    return guess_type(path.rpartition("/")[2])


def find_family(kind: str) -> str:
    """``image``, ``video``, ``audio``, ``pdf`` or ``file``."""
    family = kind.partition("/")[0]
    return "pdf" if kind == PDF else family if family in ("image", "video", "audio") else "file"


def name_format(kind: str) -> str:
    """The short name of a media type, which is a file's extension too: png, svg, mp3, pdf."""
    return _FORMATS.get(kind) or kind.partition("/")[2].partition("+")[0].removeprefix("x-")


def describe_kind(kind: str) -> str:
    """What things of a media type are called in a sentence: SVG images, MP4 videos, PDF files."""
    family = find_family(kind)
    if kind == UNKNOWN:
        return "files of an unknown kind"
    many = {"image": "images", "video": "videos", "audio": "audio"}.get(family, "files")
    return f"{name_format(kind).upper()} {many}"
