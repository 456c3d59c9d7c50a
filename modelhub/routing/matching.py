"""Searches in text that cannot take for ever, whatever the text and the expression are.

Python's own ``re`` cannot be stopped. The library ``regex``, which reads the same expressions, can, and it lets other
threads run while it searches.
"""

from __future__ import annotations

import logging
from typing import Any

from modelhub.engine.effects import Flow, Invoke
from modelhub.errors import ConfigError

LIMIT = 1.0
"""How many seconds a search may take; one that takes longer finds nothing."""
AT_ONCE = 0.005  # seconds for which an event loop may wait
SHORT = 10_000  # characters; a longer text is not worth trying at once


class Pattern:
    """A regular expression, compiled; ``where`` says what it is for, in errors and in the log.

    Raises ConfigError for one that cannot be compiled.
    """

    def __init__(self, text: str, where: str) -> None:
        import regex  # only configs with expressions need it

        self.text = text
        self.where = where
        try:
            self._compiled: Any = regex.compile(text)
        except (regex.error, ValueError, OverflowError, RecursionError) as error:
            raise ConfigError(f"{where}: {text!r} is no regular expression: {error}") from None

    def found(self, text: str) -> Flow[bool]:
        """Whether ``text`` has it; what is not found at once is searched for where no event loop waits."""
        if len(text) <= SHORT:
            try:
                return self._search(text, AT_ONCE)
            except TimeoutError:
                pass
        found: bool = yield Invoke(lambda: self.is_in(text))
        return found

    def is_in(self, text: str, seconds: float = LIMIT) -> bool:
        """Whether ``text`` has it; False, and a line in the log, if that could not be told in time."""
        try:
            return self._search(text, seconds)
        except (TimeoutError, MemoryError) as error:
            why = f"took more than {seconds:.3g} s" if isinstance(error, TimeoutError) else "took too much memory"
            message = "%s: the search for %r in %d characters %s, so it counts as not found"
            logging.getLogger("modelhub").warning(message, self.where, self.text, len(text), why)
            return False

    def _search(self, text: str, seconds: float) -> bool:
        return self._compiled.search(text, timeout=seconds, concurrent=True) is not None
