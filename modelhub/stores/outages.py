"""When what lies behind an address fails: it is logged once, and left alone for longer each time."""

from __future__ import annotations

from modelhub.locks import Lock
from modelhub.printable import printable, shorten
from modelhub.secrets import scrub
from modelhub.stores.address import Address

PAUSE = 1.0  # seconds for which what has failed is not asked; twice as long each time
LONGEST_PAUSE = 30.0
QUIET = 60.0  # seconds without a failure, after which another one is a new story


class Outage:
    """Since when one kind of use fails, reading say, and until when it is not tried again."""

    __slots__ = ("_from", "_seconds")

    def __init__(self) -> None:
        self._seconds = 0.0
        self._from = 0.0

    @property
    def ongoing(self) -> bool:
        """Whether it fails."""
        return self._seconds > 0

    def may_try(self, now: float) -> bool:
        """Whether to try; of those that ask at the same time one does."""
        if not self._seconds:
            return True
        if 0 <= now - self._from < self._seconds:  # a clock that was set back does not make it longer
            return False
        self._from = now
        return True

    def begin(self, now: float) -> None:
        """It has failed."""
        self._seconds = min(self._seconds * 2 or PAUSE, LONGEST_PAUSE)
        self._from = now

    def end(self) -> None:
        """It works."""
        self._seconds = 0.0


class Outages:
    """The outages of one address: it has ``sides``, which fail apart, and they are one story in the log.

    ``what`` is what is logged, with ``%s`` for the address, the error's class and its message.
    """

    def __init__(self, address: Address, what: str, *sides: Outage) -> None:
        self._address = address
        self._what = what
        self._sides = sides
        self._lock = Lock()
        self._told = False
        self._failed_at = 0.0
        self._closed = False

    def may_try(self, side: Outage, now: float) -> bool:
        """Whether to ask at all: not soon after a failure, and not after the end."""
        if self._closed:
            return False
        with self._lock:
            return side.may_try(now)

    def succeed(self, side: Outage) -> None:
        """It has worked."""
        if not side.ongoing:
            return
        with self._lock:
            side.end()

    def fail(self, side: Outage, now: float, error: Exception) -> None:
        """It has failed with ``error``."""
        if self._closed:  # while it was being asked
            return
        with self._lock:
            is_over = not any(each.ongoing for each in self._sides)
            if is_over and now - self._failed_at >= QUIET:
                self._told = False
            self._failed_at = now
            side.begin(now)
        self.tell(error)

    def close(self) -> None:
        """Nothing may be asked any more, and no failure of it is told."""
        self._closed = True

    def tell(self, error: Exception) -> None:
        """Log ``error``, unless this story was told; the address's secrets are left out."""
        with self._lock:
            told, self._told = self._told, True
        if told:
            return
        import logging  # only programs with a store that fails need it

        why = shorten(printable(scrub(str(error), self._address.secrets)), 300)
        logging.getLogger("modelhub").warning(self._what, self._address.shown, type(error).__name__, why)
