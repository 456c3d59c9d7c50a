"""``Msg``: one message of a conversation, with its speaker and its content."""

from __future__ import annotations

import json
from typing import Any, Literal

from modelhub.messages.content import ContentBlock, guess_kind, parse_content
from modelhub.overriding import override

ROLES = ("system", "user", "assistant")


class Msg:
    """What ``name`` said in a ``role`` (system, user or assistant): a text, or a list of content blocks.

    Content that is None becomes an empty list; content that is neither text nor list becomes its ``str``. ``metadata``
    is for the caller and must fit into JSON. With ``echo`` the message is printed. ``url`` (one or several) is
    AgentScope's old way to add media and is deprecated: write blocks. Raises ValueError for a wrong role or block,
    TypeError for metadata that does not fit into JSON.
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
        """Whether the system, the user or the assistant speaks; setting it raises ValueError for another role."""
        return self._role

    @role.setter
    def role(self, role: Literal["system", "user", "assistant"]) -> None:
        if role not in ROLES:
            raise ValueError(f"the role of a message must be one of {', '.join(ROLES)}, not {role!r}")
        self._role: Literal["system", "user", "assistant"] = role

    @property
    def content(self) -> str | list[ContentBlock]:
        """The text or the blocks of the message; setting it raises ValueError for a wrong block."""
        return self._content

    @content.setter
    def content(self, content: Any) -> None:
        self._content: str | list[ContentBlock] = parse_content(content, self.name)

    @property
    def metadata(self) -> Any:
        """The caller's own data; setting it raises TypeError for data that does not fit into JSON."""
        return self._metadata

    @metadata.setter
    def metadata(self, metadata: Any) -> None:
        try:
            json.dumps(metadata)
        except (TypeError, ValueError) as error:
            raise TypeError(f"the metadata of a message from {self.name!r} does not fit into JSON: {error}") from None
        self._metadata = metadata

    def get_text_content(self) -> str | None:
        """The texts of the message, joined with nothing between them; None when it has no text block."""
        if isinstance(self.content, str):
            return self.content
        texts = [block["text"] for block in self.content if block["type"] == "text"]
        return "".join(texts) if texts else None

    def get_content_blocks(self, type: str | None = None, *, block_type: str | None = None) -> list[Any]:
        """The blocks of the message, or only those of one type; content that is a text counts as one text block.

        ``block_type`` is AgentScope's name for ``type``.
        """
        content, type = self.content, type or block_type
        blocks: list[Any] = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
        return blocks if type is None else [block for block in blocks if block["type"] == type]

    def to_dict(self) -> dict[str, Any]:
        """The message as a dict that fits into JSON; ``Msg.from_dict`` reads it back."""
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
        """The message that ``to_dict`` wrote, here or in AgentScope; raises ValueError for any other dict."""
        missing = [key for key in ("name", "content", "role") if key not in data]
        if missing or data.get("__name__", cls.__name__) != cls.__name__:
            lacking = f"it lacks {', '.join(missing)}" if missing else f"it is a {data['__name__']!r}"
            raise ValueError(f"this is no message that Msg.to_dict wrote: {lacking}")
        msg = cls(data["name"], data["content"], data["role"], metadata=data.get("metadata"), url=data.get("url"))
        msg.id = data.get("id") or msg.id
        msg.timestamp = data.get("timestamp") or msg.timestamp
        return msg

    def _add_media(self, urls: list[str]) -> list[Any]:
        """The blocks of the message, and one more for each of ``urls``."""
        import warnings

        warnings.warn(
            "Msg(url=...) is deprecated: write content blocks, such as {'type': 'image', 'url': ...}",
            DeprecationWarning,
            stacklevel=3,
        )
        return [*self.get_content_blocks(), *({"type": guess_kind(url), "url": url} for url in urls)]

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Msg) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    @override
    def __repr__(self) -> str:
        return f"Msg(name={self.name!r}, content={self.content!r}, role={self.role!r})"
