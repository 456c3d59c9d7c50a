"""What a call asks, as far as routes want to know: its texts, its media, how long it is, its tools and its tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from modelhub.errors import BadRequestError
from modelhub.messages import normalize_messages
from modelhub.messages.plain import read_fields
from modelhub.messages.tokens import estimate_tokens

_GIVEN = ("messages", "texts", "prompt")
"""The names of what models are called with."""
_OPTIONS = ("stream", "tools", "tool_choice")
"""The options of a chat that may be passed without their names."""
_MEDIA = {
    **dict.fromkeys(("image_url", "image", "input_image"), "image"),
    **dict.fromkeys(("input_audio", "audio", "audio_url"), "audio"),
    **dict.fromkeys(("video_url", "video", "input_video"), "video"),
    **dict.fromkeys(("file", "input_file", "document"), "file"),
}
"""What kind of medium the parts of each type are."""


class Asked:
    """One call: what it was given, by place and by name, and what of that it asks."""

    def __init__(self, args: Sequence[Any], keywords: Mapping[str, Any], task: str = "chat") -> None:
        self.task = task
        self.options: dict[str, Any] = dict(zip(_OPTIONS, args[1:], strict=False)) | dict(keywords)
        name = next((name for name in _GIVEN if name in self.options), None)
        self.input: tuple[Any, ...] = (*args[:1], *args[1 + len(_OPTIONS) :])
        """What a call is given by place, when its options go by name."""
        if not args and name is not None:
            self.input = (self.options.pop(name),)

    @property
    def given(self) -> Any:
        """The messages, the texts or the prompt."""
        return self.input[0] if self.input else None

    @cached_property
    def messages(self) -> list[dict[str, Any]]:
        """What is asked as messages in the neutral form; each text to embed is a message of the user."""
        if self.task == "chat":
            return _read_messages(self.given)
        texts = [self.given] if isinstance(self.given, str) or not isinstance(self.given, Sequence) else self.given
        return [{"role": "user", "content": text} for text in texts if isinstance(text, str)]

    @cached_property
    def media(self) -> frozenset[str]:
        """The kinds of media in the messages: image, audio, video, file."""
        kinds = (part.get("type") for message in self.messages for part in _list_parts(message))
        return frozenset(_MEDIA[kind] for kind in kinds if isinstance(kind, str) and kind in _MEDIA)

    @cached_property
    def last_text(self) -> str:
        """The text of the last message of the user that has one; "" if there is none."""
        for message in reversed(self.messages):
            if message.get("role") == "user" and (text := _join(message)):
                return text
        return ""

    @cached_property
    def tokens(self) -> int:
        """The estimated number of tokens of the prompt, tools included."""
        return estimate_tokens(self.messages, _read_tools(self.options["tools"]) if self.has_tools else None)

    @property
    def has_tools(self) -> bool:
        """Whether the call has tools."""
        tools = self.options.get("tools")
        return tools is not None and not (hasattr(tools, "__len__") and len(tools) == 0)

    @cached_property
    def tags(self) -> frozenset[str]:
        """The tags of the call; raises BadRequestError for what is no list of str."""
        tags = self.options.get("tags")
        if tags is None:
            return frozenset()
        if isinstance(tags, str | Mapping) or not isinstance(tags, Iterable):
            raise BadRequestError(f"tags must be a list of str, not {type(tags).__name__}")
        return frozenset(tag for tag in tags if isinstance(tag, str))


def _read_messages(given: Any) -> list[dict[str, Any]]:
    """Messages in the neutral form, or, where they have parts that only one vendor knows, as they are."""
    try:
        return normalize_messages(given)
    except BadRequestError:
        if not isinstance(given, list | tuple):
            raise
    found: list[dict[str, Any]] = []
    for message in given:
        try:
            found += normalize_messages([message])
        except BadRequestError:
            fields = read_fields(message)
            if fields is None:
                raise
            found.append(fields)
    return found


def _read_tools(tools: Any) -> Any:
    """Tools of any form as data; those that only one vendor knows, as text."""
    from modelhub.fitting import PLAIN  # few routes look at the length of tools
    from modelhub.fitting.tools import normalize_tools

    try:
        return normalize_tools(tools, PLAIN)
    except BadRequestError:
        return str(tools)


def _list_parts(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    content = message.get("content", message.get("parts"))  # Gemini's own messages have parts
    for part in content if isinstance(content, list | tuple) else ():
        if isinstance(part, Mapping):
            yield part


def _join(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in _list_parts(message) if isinstance(part.get("text"), str))
