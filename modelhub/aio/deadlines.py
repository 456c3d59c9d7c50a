"""Ends what waits too long in an event loop."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol


class Heard(Protocol):
    """A connection that knows when something last came over it."""

    heard: float


class Wait:
    """One wait of a task: until when, and on which connection; None while there is none yet.

    ``cancelling`` is how many cancellations the task had before: a task goes on after those that it has caught.
    """

    __slots__ = ("cancelling", "connection", "deadline", "expired", "queued", "task", "timeout")

    def __init__(self, task: asyncio.Task[Any], timeout: float, deadline: float, connection: Heard | None) -> None:
        self.task = task
        self.timeout = timeout
        self.deadline = deadline
        self.connection = connection
        self.cancelling = task.cancelling()
        self.expired = False
        self.queued = False  # for a connection that another call gives back


class Deadlines:
    """Ends what waits too long, with one timer for all requests of a loop instead of one for each.

    A task is cancelled when its time is up; whoever catches the cancellation asks ``ended`` whose it was. Whatever
    comes over the connection of a wait begins it anew, also where it is not enough yet to go on with.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waits: dict[asyncio.Task[Any], Wait] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next = float("inf")

    def begin(self, timeout: float, connection: Heard | None = None) -> Wait:
        """Watch the running task until ``end``."""
        task = asyncio.current_task(self._loop)
        assert task is not None
        deadline = self._loop.time() + timeout
        wait = self._waits[task] = Wait(task, timeout, deadline, connection)
        if deadline < self._next:
            self._set_timer(deadline)
        return wait

    def renew(self, wait: Wait) -> None:
        """Begin ``wait`` anew."""
        wait.deadline = self._loop.time() + wait.timeout  # never sooner than before: the timer need not change

    def queue(self) -> None:
        """The running task has to wait until another call gives its connection back."""
        wait = self._waits.get(asyncio.current_task(self._loop))  # type: ignore[arg-type]  # None waits for nothing
        if wait is not None:
            wait.queued = True

    def connected(self, connection: Heard) -> None:
        """Begin the wait of the running task anew: it has a connection, so only from now on can the server answer."""
        wait = self._waits.get(asyncio.current_task(self._loop))  # type: ignore[arg-type]  # None waits for nothing
        if wait is not None:
            wait.connection = connection
            self.renew(wait)

    def end(self, wait: Wait) -> None:
        """Watch the task of ``wait`` no more."""
        self._waits.pop(wait.task, None)
        if wait.expired:  # and something else ended it at the same time
            wait.expired = False
            wait.task.uncancel()

    def ended(self, error: BaseException, wait: Wait) -> bool:
        """Whether ``error`` is how the watch ended ``wait``, and not a cancellation from outside."""
        if not isinstance(error, asyncio.CancelledError) or not wait.expired:
            return False
        wait.expired = False
        return wait.task.uncancel() <= wait.cancelling

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
        for wait in list(self._waits.values()):
            if wait.connection is not None:
                wait.deadline = max(wait.deadline, wait.connection.heard + wait.timeout)
            if wait.deadline <= now:
                del self._waits[wait.task]
                wait.expired = True
                wait.task.cancel()
        if self._waits:
            self._set_timer(min(wait.deadline for wait in self._waits.values()))
