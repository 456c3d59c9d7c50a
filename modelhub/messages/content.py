"""The content of a Msg, as AgentScope has it: a text, or blocks of known types with their keys."""

from __future__ import annotations

import os
from typing import Any, Literal, TypedDict, Union

_IMAGES = "apng bmp bw dib gif icns ico j2c j2k jfif jp2 jpc jpe jpeg jpf jpg jpx png rgb rgba sgi tif tiff webp"
_AUDIOS = "3gp 3gpp aac amr flac mp3 ogg wav"
_VIDEOS = "avi flv mkv mov mp4 rmvb webm wmv"
_KINDS = {
    extension: kind
    for kind, extensions in (("image", _IMAGES), ("audio", _AUDIOS), ("video", _VIDEOS))
    for extension in extensions.split()
}


class TextBlock(TypedDict):
    """A piece of text."""

    type: Literal["text"]
    text: str


class ImageBlock(TypedDict):
    """An image; ``url`` is a URL, a data URI or a path, also in the blocks of other media."""

    type: Literal["image"]
    url: str


class AudioBlock(TypedDict):
    """A piece of sound."""

    type: Literal["audio"]
    url: str


class VideoBlock(TypedDict):
    """A video."""

    type: Literal["video"]
    url: str


class FileBlock(TypedDict):
    """A file of another kind, such as a PDF."""

    type: Literal["file"]
    url: str


class ToolUseBlock(TypedDict):
    """The model's wish to call a tool, with the arguments in ``input``."""

    type: Literal["tool_use"]
    id: str
    name: str
    input: dict[str, Any]


class _ToolResult(TypedDict):
    type: Literal["tool_result"]
    id: str
    output: Any


class ToolResultBlock(_ToolResult, total=False):
    """The output of a tool, for the call with this ``id``."""

    name: str | None


ContentBlock = Union[  # noqa: UP007  a module's name, which must exist when it runs
    TextBlock, ImageBlock, AudioBlock, VideoBlock, FileBlock, ToolUseBlock, ToolResultBlock
]

# The keys of each block, in AgentScope's order, and the types of their values; `?` marks what may be left out.
_MEDIA: dict[str, Any] = {"url": str}
_BLOCKS: dict[str, dict[str, Any]] = {
    "text": {"text": str},
    **dict.fromkeys(("image", "audio", "video", "file"), _MEDIA),
    "tool_use": {"id": str, "name": str, "input": dict},
    "tool_result": {"id": str, "output": object, "name?": (str, type(None))},
}


def parse_content(content: Any, name: str) -> Any:
    """Check the content of a message from ``name``; raises ValueError that names the wrong block."""
    if content is None:
        return []
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        import logging

        what = "the content of a message from %r is a %s: its str is taken"
        logging.getLogger("modelhub").warning(what, name, type(content).__name__)
        return str(content)
    return [_parse_block(block, f"content[{index}] of a message from {name!r}") for index, block in enumerate(content)]


def _parse_block(block: Any, where: str) -> dict[str, Any]:
    """One block with its keys in AgentScope's order, which can be seen in its layout for Anthropic."""
    kind = block.get("type") if isinstance(block, dict) else None
    keys = _BLOCKS.get(kind) if isinstance(kind, str) else None
    if keys is None:
        given = f"one of type {kind!r}" if isinstance(block, dict) else f"a {type(block).__name__}"
        raise ValueError(f"{where} must be a block of type {', '.join(_BLOCKS)}, not {given}")
    parsed: dict[str, Any] = {"type": kind}
    for key, types in keys.items():
        name = key.removesuffix("?")
        if name not in block:
            if name == key:
                raise ValueError(f"{where}: a {kind} block needs {name!r}")
            continue
        if not isinstance(block[name], types):
            raise ValueError(f"{where}: {name!r} of a {kind} block cannot be a {type(block[name]).__name__}")
        parsed[name] = block[name]
    return {**parsed, **block}


def guess_kind(url: str) -> str:
    """What kind of media a URL, a data URI or a path names: image, audio or video; file if that is not known."""
    scheme, _, rest = url.partition(":")
    if scheme.lower() == "data":
        kind = rest.partition("/")[0].lower()
        return kind if kind in ("image", "audio", "video") else "file"
    path = url.partition("#")[0].partition("?")[0] if "://" in url else url
    return _KINDS.get(os.path.splitext(path)[1][1:].lower(), "file")  # noqa: PTH122  pathlib costs more than the rest
