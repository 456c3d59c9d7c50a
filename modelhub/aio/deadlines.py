"""Ends what waits too long in an event loop."""

from __future__ import annotations

import asyncio
from typing import Any


class Deadlines:
    """Ends what waits too long, with one timer for all requests of a loop instead of one for each.

    A task is cancelled when its time is up; whoever catches the cancellation asks ``ended`` whose it was.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._deadlines: dict[asyncio.Task[Any], float] = {}
        self._expired: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._next = float("inf")

    def begin(self, timeout: float) -> asyncio.Task[Any]:
        """Watch the running task until ``end``."""
        task = asyncio.current_task(self._loop)
        assert task is not None
        self.renew(task, timeout)
        return task

    def renew(self, task: asyncio.Task[Any], timeout: float) -> None:
        """Let ``task`` wait ``timeout`` seconds from now."""
        deadline = self._deadlines[task] = self._loop.time() + timeout
        if deadline < self._next:
            self._set_timer(deadline)

    def end(self, task: asyncio.Task[Any]) -> None:
        """Watch ``task`` no more."""
        self._deadlines.pop(task, None)

    def ended(self, error: BaseException, task: asyncio.Task[Any]) -> bool:
        """Whether ``error`` is how the watch ended the wait of ``task``, and not a cancellation from outside."""
        if not isinstance(error, asyncio.CancelledError) or task not in self._expired:
            return False
        self._expired.discard(task)
        return task.uncancel() == 0

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = deadline
        self._timer = self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._timer, self._next = None, float("inf")
        now = self._loop.time()
        for task, deadline in list(self._deadlines.items()):
            if deadline <= now:
                del self._deadlines[task]
                self._expired.add(task)
                task.cancel()
        if self._deadlines:
            self._set_timer(min(self._deadlines.values()))
