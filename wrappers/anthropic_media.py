"""Images and files in Anthropic's form: https://platform.claude.com/docs/en/build-with-claude/vision."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from modelhub.errors import BadRequestError
from modelhub.media import PLAIN_IMAGES, Load, Takes, build_source, guess_url_type

TAKES = Takes(
    "Anthropic",
    kinds=frozenset({"image", "file"}),
    images=PLAIN_IMAGES,
    as_image=frozenset({"pdf"}),  # becomes a document
    files=frozenset({"pdf", "text", "image"}),
    roles=frozenset({"user", "tool", "function"}),
)
# What the API knows beside the source of a block: https://platform.claude.com/docs/en/api/messages
_BESIDE = {"image": ("cache_control",), "document": ("cache_control", "citations", "context", "title")}


def build_image(part: dict[str, Any]) -> dict[str, Any]:
    """An image as a block; a PDF becomes a document."""
    source = build_source(part["image_url"]["url"])
    kind = guess_url_type(source["url"]) if source["type"] == "url" else source["media_type"]
    return build_block("document" if kind == "application/pdf" else "image", source, part)


def build_document(part: dict[str, Any]) -> dict[str, Any]:
    """A file as a document block: its id, its URL, or its data, which is PDF or text; an image is a block of images."""
    file = part.get("file") or {}
    data = file.get("file_data")
    if "://" in str(file.get("file_id")):  # LiteLLM's form of a URL
        source = build_source(file["file_id"])
    elif file.get("file_id"):
        source = {"type": "file", "file_id": file["file_id"]}
    elif not isinstance(data, str):
        raise BadRequestError("a file part needs file_data or file_id")
    else:
        source = build_source(data)
    if source.get("media_type") in PLAIN_IMAGES:
        return build_block("image", source, part)
    source = write_text(source)
    title = {"title": file["filename"]} if file.get("filename") else {}
    return {**build_block("document", source, part), **title}


def build_block(kind: str, source: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """A block with what ``part`` says beside its medium and the API knows."""
    beside = {name: part[name] for name in _BESIDE[kind] if part.get(name) is not None}
    return {"type": kind, "source": source, **beside}


def write_text(source: dict[str, Any]) -> dict[str, Any]:
    """The source of a document as text, unless it is a PDF or elsewhere."""
    if source["type"] != "base64" or source["media_type"] == "application/pdf":
        return source
    try:
        text = base64.b64decode(source["data"]).decode("utf-8-sig")
    except ValueError:
        raise BadRequestError("the file_data of a text file must be the base64 of UTF-8") from None
    return {"type": "text", "media_type": "text/plain", "data": text}


def load_own(part: dict[str, Any], load: Load) -> dict[str, Any]:
    """A block in Anthropic's own form with base64 in place of bytes and files, and the type that its data has."""
    kind, source = part.get("type"), part.get("source")
    if kind not in _BESIDE or source is None:
        return part
    label = ""
    if isinstance(source, Mapping):
        given = source.get("data") or source.get("bytes")
        if given is None or source.get("type", "base64") != "base64":
            return part
        label = source.get("media_type") or ""
        source = f"data:{label};base64,{given}" if isinstance(given, str) else given
    loaded = build_source(load("image" if kind == "image" else "file", source, label))
    return {**part, "source": loaded if kind == "image" else write_text(loaded)}
