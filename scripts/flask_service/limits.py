"""How many answers are made at a time, and how many requests may wait for their turn."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .refusal import Refusal

_LOOK_SECONDS = 0.2


class Places:
    """``concurrency`` places at the model and a queue for them, first come, first served."""

    def __init__(self, concurrency: int, queue: int) -> None:
        self.queue = queue
        self._free = concurrency
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def take(self, is_gone: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Hold a place for the time of the block, after waiting for it.

        Raises Refusal when too many wait already, and when ``is_gone`` says that nobody waits for this one any more.
        """
        self._wait(is_gone)
        try:
            yield
        finally:
            self._give()

    def _wait(self, is_gone: Callable[[], bool]) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            if len(self._waiting) >= self.queue:
                message = f"the model is busy, and {self.queue} requests wait for it already: try again later"
                raise Refusal(429, message, "rate_limit_exceeded", headers={"Retry-After": "1"})
            turn = threading.Event()
            self._waiting.append(turn)
        while not turn.wait(_LOOK_SECONDS):
            if is_gone():
                self._leave(turn)
                raise Refusal(503, "the request was given up while it waited", "cancelled")

    def _leave(self, turn: threading.Event) -> None:
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        self._give()  # its turn came in this very moment

    def _give(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()  # the place goes from hand to hand, so nobody gets in between
            else:
                self._free += 1
