"""A connection to a centre, whatever it speaks."""

from __future__ import annotations

from typing import Protocol

from modelhub.centres.answers import Text

TOTAL = 30.0  # seconds that asking once may take, whatever the server does


class Connection(Protocol):
    """A connection to the centre of one address; after a failure it is closed, and another one opened.

    ``every`` is how many seconds to wait between two questions, None where ``wait`` does the waiting.
    """

    @property
    def every(self) -> float | None:
        """Seconds between two questions; None where ``wait`` waits."""
        ...

    def ask(self, last: Text | None) -> Text:
        """The text of now, which may be ``last``; raises Refused and OutOfReach, and ConfigError for a reference."""
        ...

    def wait(self, text: Text) -> None:
        """Wait until the text may be another one than ``text``, but not for ever; raises OutOfReach."""
        ...

    def close(self) -> None:
        """Close it; who waits for something of it comes back at once."""
        ...
