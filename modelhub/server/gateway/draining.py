"""What is under way, and how it comes to its end when the server is to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

_LAST = 2.0  # seconds to tell callers that they are broken off


class Draining:
    """Counts the requests under way. Once it ``has_begun`` none is let in; when it ``is_over`` the rest is broken off.

    ``begin`` starts it, and ``finish`` waits for what is under way.
    """

    def __init__(self) -> None:
        self.has_begun = False
        self.is_over = False
        self._under_way: set[asyncio.Task[object]] = set()
        self._changed = asyncio.Event()

    @property
    def under_way(self) -> int:
        """How many requests are answered now."""
        return len(self._under_way)

    @contextmanager
    def count(self) -> Iterator[None]:
        """A request is answered inside it."""
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            yield
        finally:
            self._under_way.discard(task)
            if self.has_begun:
                self._changed.set()

    def begin(self) -> None:
        """Let no more requests in."""
        self.has_begun = True

    async def finish(self, grace: float, hurry: asyncio.Event) -> None:
        """Wait for what is under way, for ``grace`` seconds at most and until ``hurry`` is set; break off the rest."""
        loop = asyncio.get_running_loop()
        end = loop.time() + grace
        hurrying = asyncio.ensure_future(hurry.wait())
        while self._under_way and (left := end - loop.time()) > 0 and not hurry.is_set():
            self._changed.clear()
            changed = asyncio.ensure_future(self._changed.wait())
            await asyncio.wait({changed, hurrying}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
        hurrying.cancel()
        self.is_over = True
        for task in self._under_way:
            task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_LAST)
