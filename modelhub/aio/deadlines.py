"""Ends what waits too long in an event loop."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

_NEVER = float("inf")


class Heard(Protocol):
    """A connection that knows when something last came over it."""

    heard: float


class Wait:
    """One wait of a task: until when, and on which connection; None while there is none yet.

    ``cancelling`` is how many cancellations the task had before: a task goes on after those that it has caught.
    """

    __slots__ = ("cancelling", "connection", "deadline", "expired", "queued", "strict", "task", "timeout", "until")

    def __init__(
        self,
        task: asyncio.Task[Any],
        timeout: float,
        deadline: float,
        connection: Heard | None,
        strict: bool,
        until: float,
    ) -> None:
        self.task = task
        self.timeout = timeout
        self.deadline = deadline
        self.connection = connection
        self.strict = strict  # what comes, but is not yet what is waited for, does not begin it anew
        self.until = until  # when the call must be over, whatever comes
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

    def begin(
        self, timeout: float, connection: Heard | None = None, strict: bool = False, until: float = _NEVER
    ) -> Wait:
        """Watch the running task until ``end``; ``until`` is when it must be over, by the clock of the loop."""
        task = asyncio.current_task(self._loop)
        assert task is not None
        deadline = min(self._loop.time() + timeout, until)
        wait = self._waits[task] = Wait(task, timeout, deadline, connection, strict, until)
        if deadline < self._next:
            self._set_timer(deadline)
        return wait

    def renew(self, wait: Wait) -> None:
        """Begin ``wait`` anew."""
        wait.deadline = min(self._loop.time() + wait.timeout, wait.until)
        if wait.deadline < self._next:  # where it was longer before
            self._set_timer(wait.deadline)

    def go_on(self, wait: Wait, timeout: float) -> None:
        """What was waited for has begun to come: the next wait is as long as ``timeout``."""
        wait.timeout = timeout
        wait.strict = False
        self.renew(wait)

    def is_over(self, wait: Wait) -> bool:
        """Whether the whole call of ``wait`` has taken too long."""
        return self._loop.time() >= wait.until

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
            if wait.connection is not None and not wait.strict:
                wait.deadline = min(max(wait.deadline, wait.connection.heard + wait.timeout), wait.until)
            if wait.deadline <= now:
                del self._waits[wait.task]
                wait.expired = True
                wait.task.cancel()
        if self._waits:
            self._set_timer(min(wait.deadline for wait in self._waits.values()))
