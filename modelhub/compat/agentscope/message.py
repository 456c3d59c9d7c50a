"""``agentscope.message``: messages and their blocks; ``msg["name"]`` works too, as before 0.1.3."""

from __future__ import annotations

from typing import Any

from modelhub.compat.agentscope.scope import refuse
from modelhub.messages import msg
from modelhub.messages.content import AudioBlock as AudioBlock
from modelhub.messages.content import ContentBlock as ContentBlock
from modelhub.messages.content import FileBlock as FileBlock
from modelhub.messages.content import ImageBlock as ImageBlock
from modelhub.messages.content import TextBlock as TextBlock
from modelhub.messages.content import ToolResultBlock as ToolResultBlock
from modelhub.messages.content import ToolUseBlock as ToolUseBlock
from modelhub.messages.content import VideoBlock as VideoBlock


class Msg(msg.Msg):
    """A message; the role is assistant by default, and the fields that AgentScope ignored are ignored here too."""

    def __init__(
        self,
        name: str,
        content: Any,
        role: Any = None,
        metadata: Any = None,
        echo: bool = False,
        url: str | list[str] | None = None,
        timestamp: str | None = None,
        **ignored: Any,
    ) -> None:
        super().__init__(name, content, role or "assistant", metadata=metadata, echo=echo, url=url)
        self.timestamp = timestamp or self.timestamp

    def __getitem__(self, key: str) -> Any:
        try:
            return getattr(self, key)
        except AttributeError:
            raise KeyError(key) from None

    def get(self, key: str, default: Any = None) -> Any:
        """A field by its name."""
        return getattr(self, key, default)


MessageBase = Msg


class Tht(Msg):
    """A thought of the assistant."""

    def __init__(self, content: Any, timestamp: str | None = None) -> None:
        super().__init__("thought", content, "assistant", timestamp=timestamp)


__getattr__ = refuse("agentscope.message")
