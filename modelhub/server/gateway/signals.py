"""What a process is told from outside: to end, to end at once, to read its files again."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable


class Signals:
    """Listens in the running loop: the first SIGTERM or Ctrl-C sets ``stop``, the next sets ``hurry``.

    ``reload`` is called at each SIGHUP. A worker, whose parent is told of Ctrl-C as well, is ``deaf`` to that.
    """

    def __init__(self, reload: Callable[[], object], *, deaf: bool = False) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        self._listen(signal.SIGTERM, self.end)
        self._listen(signal.SIGINT, (lambda: None) if deaf else self.end)
        if hasattr(signal, "SIGHUP"):
            self._listen(signal.SIGHUP, reload)

    def end(self) -> None:
        """What a signal to end does."""
        if self.stop.is_set():
            self.hurry.set()
        self.stop.set()

    def _listen(self, number: int, act: Callable[[], object]) -> None:
        # Not on Windows, and not outside the main thread.
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(number, act)
