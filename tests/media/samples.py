"""Files of every kind, as short as they may be, and requests that are built but not sent."""

from __future__ import annotations

import base64
import json
from typing import Any

from ..served import build_model

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def brand(*names: bytes) -> bytes:
    """The beginning of a file of ISO's base media format."""
    body = b"ftyp" + names[0] + bytes(4) + b"".join(names[1:])
    return (len(body) + 4).to_bytes(4, "big") + body + bytes(8)


FILES = {
    "png": (PNG, "image/png"),
    "jpg": (b"\xff\xd8\xff\xe0", "image/jpeg"),
    "gif": (b"GIF89a", "image/gif"),
    "webp": (b"RIFF\x04\0\0\0WEBPVP8 ", "image/webp"),
    "bmp": (b"BM\x1a\0\0\0\0\0\0\0\x1a\0\0\0", "image/bmp"),
    "tif": (b"II*\0\x08\0\0\0", "image/tiff"),
    "tiff": (b"MM\0*\0\0\0\x08", "image/tiff"),
    "heic": (brand(b"heic"), "image/heic"),
    "HEIC": (brand(b"mif1", b"mif1", b"heic"), "image/heic"),
    "heif": (brand(b"mif1"), "image/heif"),
    "avif": (brand(b"avif"), "image/avif"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
    "SVG": (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- drawn -->\n<svg/>", "image/svg+xml"),
    "ico": (b"\0\0\1\0\1\0", "image/x-icon"),
    "pdf": (b"%PDF-1.7", "application/pdf"),
    "html": (b"<!DOCTYPE html><html><svg/></html>", "text/html"),
    "mp4": (brand(b"isom", b"mp42"), "video/mp4"),
    "mov": (brand(b"qt  "), "video/quicktime"),
    "webm": (b"\x1aE\xdf\xa3\x01\0\0\0B\x82\x84webm", "video/webm"),
    "mkv": (b"\x1aE\xdf\xa3\x01\0\0\0B\x82\x88matroska", "video/x-matroska"),
    "avi": (b"RIFF\x04\0\0\0AVI LIST", "video/x-msvideo"),
    "mp3": (b"ID3\4\0\0", "audio/mpeg"),
    "MP3": (b"\xff\xfb\x90\x64", "audio/mpeg"),
    "wav": (b"RIFF\x04\0\0\0WAVEfmt ", "audio/wav"),
    "flac": (b"fLaC\0\0\0\x22", "audio/flac"),
    "ogg": (b"OggS\0\2", "audio/ogg"),
    "m4a": (brand(b"M4A "), "audio/mp4"),
    "aac": (b"\xff\xf1\x50\x80", "audio/aac"),
    "aiff": (b"FORM\0\0\0\4AIFFCOMM", "audio/aiff"),
}
BASE64 = {name: base64.b64encode(data).decode("ascii") for name, (data, _) in FILES.items()}
URIS = {name: f"data:{kind};base64,{BASE64[name]}" for name, (_, kind) in FILES.items()}


def build(model_type: str, content: Any, role: str = "user", **config: Any) -> dict[str, Any]:
    """The body of the request for one message with this content."""
    model = MODELS.get(model_type)
    if model is None or config:
        model = build_model(model_type, "http://127.0.0.1:9", **config)
        if not config:
            MODELS[model_type] = model
    before = [{"role": "user", "content": "hi"}, {"role": "assistant", "tool_calls": [CALL]}] if role == "tool" else []
    after = [] if role in ("user", "tool") else [{"role": "user", "content": "hi"}]
    own = {"tool_call_id": "c1", "name": "f"} if role == "tool" else {}
    input, options = model.bind([*before, {"role": role, "content": content, **own}, *after])
    body: dict[str, Any] = json.loads(model.build_request(input, options, False).body)
    return body


MODELS: dict[str, Any] = {}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def read_parts(body: dict[str, Any]) -> list[Any]:
    """The parts of the only message in a body."""
    turn = (body.get("contents") or body.get("messages") or body["input"]["messages"])[0]
    parts: list[Any] = turn.get("images") or turn.get("parts") or turn["content"]
    return parts


def wrap(kind: str, given: Any) -> dict[str, Any]:
    """A part of a message."""
    if kind == "input_audio":
        return {"type": kind, kind: {"data": given}}
    if kind == "file":
        return {"type": kind, kind: {"file_data": given}}
    return {"type": kind, kind: {"url": given}}
