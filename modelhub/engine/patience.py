"""How long a call may still wait."""

from __future__ import annotations

from typing import Protocol

from modelhub.engine.connection_errors import out_of_time
from modelhub.wire import Deadline


class Bounded(Protocol):
    """What may have an end: a call, or a request of one."""

    @property
    def deadline(self) -> Deadline | None:
        """When it must be over, None for no end."""
        ...


def find_patience(bounded: Bounded) -> float:
    """The seconds that are left of the time of ``bounded``, infinite if it has no end; TimeoutError if it is over."""
    if bounded.deadline is None:
        return float("inf")
    left = bounded.deadline.at - bounded.deadline.clock()
    if left <= 0:
        error = out_of_time()
        error.sent = False
        raise error
    return left
