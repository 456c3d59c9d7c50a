"""``Msg``: one message of a conversation, who said it and what, a text or blocks of text, media and tool calls."""

from __future__ import annotations

import json
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
ROLES = ("system", "user", "assistant")


class TextBlock(TypedDict):
    type: Literal["text"]
    text: str


class ImageBlock(TypedDict):
    """An image by URL, data URI or path, as the blocks of other media are."""

    type: Literal["image"]
    url: str


class AudioBlock(TypedDict):
    type: Literal["audio"]
    url: str


class VideoBlock(TypedDict):
    type: Literal["video"]
    url: str


class FileBlock(TypedDict):
    type: Literal["file"]
    url: str


class ToolUseBlock(TypedDict):
    """A call of a tool that the model asks for."""

    type: Literal["tool_use"]
    id: str
    name: str
    input: dict[str, Any]


class _ToolResult(TypedDict):
    type: Literal["tool_result"]
    id: str
    output: Any


class ToolResultBlock(_ToolResult, total=False):
    """What a tool returned to the call with this ``id``."""

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


class Msg:
    """What ``name`` said in a ``role`` (system, user or assistant): a text, or a list of content blocks.

    ``metadata`` is the caller's own and must fit into JSON; with ``echo`` the message is printed. ``url``, one or
    several, is AgentScope's old way to add media: write blocks. None is no content, and what is neither text nor list
    becomes its ``str``. Raises ValueError for a wrong role or block, TypeError for metadata that JSON does not have.
    """

    def __init__(
        self,
        name: str,
        content: Any,
        role: Literal["system", "user", "assistant"],
        metadata: Any = None,
        echo: bool = False,
        url: str | list[str] | None = None,
    ) -> None:
        from datetime import datetime
        from uuid import uuid4

        if not isinstance(name, str):
            raise ValueError(f"the name of a message must be a str, not {type(name).__name__}")
        self.id = uuid4().hex
        self.timestamp = f"{datetime.now():%Y-%m-%d %H:%M:%S}"
        self.name = name
        self.role = role
        self.content = content
        self.metadata = metadata
        if url:
            self.content = self._add_media([url] if isinstance(url, str) else url)
        if echo:
            print(f"{self.name}: {self.content}")

    @property
    def role(self) -> Literal["system", "user", "assistant"]:
        return self._role

    @role.setter
    def role(self, role: Literal["system", "user", "assistant"]) -> None:
        if role not in ROLES:
            raise ValueError(f"the role of a message must be one of {', '.join(ROLES)}, not {role!r}")
        self._role: Literal["system", "user", "assistant"] = role

    @property
    def content(self) -> str | list[ContentBlock]:
        return self._content

    @content.setter
    def content(self, content: Any) -> None:
        self._content: str | list[ContentBlock] = parse_content(content, self.name)

    @property
    def metadata(self) -> Any:
        return self._metadata

    @metadata.setter
    def metadata(self, metadata: Any) -> None:
        try:
            json.dumps(metadata)
        except (TypeError, ValueError) as error:
            raise TypeError(f"the metadata of a message from {self.name!r} does not fit into JSON: {error}") from None
        self._metadata = metadata

    def get_text_content(self) -> str | None:
        """Its texts joined without anything between them; None when it has no text block."""
        if isinstance(self.content, str):
            return self.content
        texts = [block["text"] for block in self.content if block["type"] == "text"]
        return "".join(texts) if texts else None

    def get_content_blocks(self, type: str | None = None, *, block_type: str | None = None) -> list[Any]:
        """Its blocks, or those of one type, which AgentScope's programs call ``block_type``; a text is one block."""
        content, type = self.content, type or block_type
        blocks: list[Any] = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
        return blocks if type is None else [block for block in blocks if block["type"] == type]

    def to_dict(self) -> dict[str, Any]:
        """The message as JSON has it; ``Msg.from_dict`` reads it back."""
        return {
            "__module__": type(self).__module__,
            "__name__": type(self).__name__,
            "id": self.id,
            "name": self.name,
            "role": self.role,
            "content": self.content,
            "metadata": self.metadata,
            "timestamp": self.timestamp,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Msg:
        """The message that ``to_dict`` wrote, here or in AgentScope; raises ValueError for what is none."""
        missing = [key for key in ("name", "content", "role") if key not in data]
        if missing or data.get("__name__", cls.__name__) != cls.__name__:
            lacking = f"it lacks {', '.join(missing)}" if missing else f"it is a {data['__name__']!r}"
            raise ValueError(f"this is no message that Msg.to_dict wrote: {lacking}")
        msg = cls(data["name"], data["content"], data["role"], metadata=data.get("metadata"), url=data.get("url"))
        msg.id = data.get("id") or msg.id
        msg.timestamp = data.get("timestamp") or msg.timestamp
        return msg

    def _add_media(self, urls: list[str]) -> list[Any]:
        """The blocks of the message with one for each of ``urls``."""
        import warnings

        warnings.warn(
            "Msg(url=...) is deprecated: write content blocks, such as {'type': 'image', 'url': ...}",
            DeprecationWarning,
            stacklevel=3,
        )
        return [*self.get_content_blocks(), *({"type": guess_kind(url), "url": url} for url in urls)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Msg) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Msg(name={self.name!r}, content={self.content!r}, role={self.role!r})"


def parse_content(content: Any, name: str) -> Any:
    """The content of a message from ``name``, checked; raises ValueError naming the block that is wrong."""
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
    """One block with its keys in AgentScope's order, which its layout for Anthropic shows."""
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
    """What a URL, a data URI or a path leads to: image, audio, video, or file when it does not tell."""
    scheme, _, rest = url.partition(":")
    if scheme.lower() == "data":
        kind = rest.partition("/")[0].lower()
        return kind if kind in ("image", "audio", "video") else "file"
    path = url.partition("#")[0].partition("?")[0] if "://" in url else url
    return _KINDS.get(os.path.splitext(path)[1][1:].lower(), "file")  # noqa: PTH122  pathlib costs more than the rest
