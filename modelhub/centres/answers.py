"""What comes of asking a centre: a text, a refusal, or nothing because it is out of reach."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

MAX_BYTES = 10 * 1024 * 1024  # of one text; what a format allows may be less


class Text:
    """A text as a centre has it; ``version`` is the centre's own name for this version, None if there is none."""

    __slots__ = ("content", "digest", "version")

    def __init__(self, content: bytes, version: Any = None) -> None:
        self.content = content
        self.version = version
        self.digest = sha256(content).hexdigest()


class NoText(Exception):
    """No text was had; ``hint`` says what to do. Neither holds a secret."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Refused(NoText):
    """The centre has answered, but not with a text: there is no such key, or it may not be read."""

    @property
    def digest(self) -> str:
        """What tells this refusal from others."""
        return f"refused: {self.message}"


class OutOfReach(NoText):
    """The centre does not answer, or says that it cannot just now; later it may."""
