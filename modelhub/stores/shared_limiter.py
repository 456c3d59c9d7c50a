"""A limiter that processes and machines share through Redis."""

from __future__ import annotations

import atexit
import math
import time
import weakref
from collections import deque
from collections.abc import Callable, Hashable
from itertools import count
from queue import Empty, SimpleQueue
from secrets import token_hex
from threading import Thread

from modelhub.engine.forking import forget_in_child
from modelhub.locks import Lock
from modelhub.policies.limits import Limits
from modelhub.stores.address import Address
from modelhub.stores.outages import Outage, Outages
from modelhub.stores.shared_rules import RULES, list_keys
from modelhub.stores.shared_words import LONGEST, Release, Script, build_place, build_release

LEASE = 30.0  # seconds for which an attempt is believed to be under way when nothing is heard of its process
PATIENCE = 5.0  # seconds after which one that waits and does not ask again has lost its place
_LATE = 1.0  # seconds between two tries to say what has not got through
_AT_EXIT = 1.0  # seconds that the end of the program waits for it
_UNASKED, _FAILED = -2.0, -1.0
_WHAT = "the limits in %s cannot be shared, and this process keeps to its own: %s: %s"


class SharedLimiter:
    """Lets attempts of many processes through as ``limits`` allows, first come first served.

    ``key`` names the limiter: the config's ``group``, or else its name. A holder is one attempt: any key of a dict that
    no other attempt of this process has at the same time. What an attempt holds comes back by itself ``lease`` seconds
    after the last sign of life of its process, which a thread gives while anything is held.

    While Redis cannot be asked every attempt may begin, which is logged once. No method raises an exception.
    ``acquire``, ``place_in``, ``release`` and ``hold`` wait for the network; ``release_soon`` and ``close`` do not, and
    may be called from an event loop or a finalizer.
    """

    blocking = True

    def __init__(
        self,
        limits: Limits,
        key: str,
        address: Address,
        *,
        lease: float = LEASE,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        build: Callable[[], Script] | None = None,
    ) -> None:
        self.limits = limits
        self._build = build or (lambda: _build_script(address, key))
        self._lease = lease
        self._times = repr(float(lease)), repr(float(patience))
        self._clock = clock
        self._asking = Outage()
        self._outages = Outages(address, _WHAT, self._asking)
        self._lock = Lock()
        self._closed = False
        self.forget_holders()
        forget_in_child(self)
        _ALL.add(self)

    def forget_holders(self) -> None:
        """Forget what is held, as a forked process must: it is the parent's, and so are the connections."""
        self._process = token_hex(8)
        self._script: Script | None = None  # built when it is first needed, which may take a while
        self._numbers = count()
        self._names: dict[Hashable, str] = {}  # of all that Redis may know
        self._owed: SimpleQueue[Release | None] = SimpleQueue()  # a finalizer may put something at any moment
        self._thread: Thread | None = None  # runs while there are names, or something is owed

    def acquire(self, holder: Hashable, tokens: float = 0.0) -> float:
        """0 when the attempt may begin, else seconds after which to ask again; the first time takes a place in line.

        It will use about so many ``tokens``. ``release`` must end it, whether it was let in or waits.
        """
        known = self._names.get(holder)
        name = known or self._enter(holder)
        if name is None:
            return 0.0
        wait = self._ask("acquire", name, build_place(self.limits, tokens))
        if self._names.get(holder) != name:  # it was released while it asked
            self._say(build_release(self.limits, name, 0.0, False, math.inf))
        elif wait == _UNASKED and known is None:
            self._forget(holder, name)
        return max(wait, 0.0)

    def place_in(self, holder: Hashable, tokens: float = 0.0) -> float:
        """Seconds after which an attempt of so many tokens that comes now, behind those in line, is likely to begin.

        0 where that is not known. ``holder``, who waits, is not counted.
        """
        name = self._names.get(holder)
        return 0.0 if name is None else max(self._ask("place", name, build_place(self.limits, tokens)), 0.0)

    def release(self, holder: Hashable, tokens_used: float = 0.0, sent: bool = True) -> None:
        """End an attempt, or take it out of the line.

        ``tokens_used`` takes the place of the estimate: 0 for an attempt that failed or was cancelled. One that was not
        ``sent`` does not count as a request.
        """
        name = self._names.get(holder)
        if name is None:
            return
        release = build_release(self.limits, name, tokens_used, sent, time.monotonic() + self._lease)
        if self._say(release) < 0:
            self._owed.put(release)
        self._forget(holder, name)

    def release_soon(self, holder: Hashable, tokens_used: float = 0.0, sent: bool = True) -> None:
        """``release`` that waits for nothing: a thread says it to Redis."""
        name = self._names.get(holder)
        if name is not None:
            release = build_release(self.limits, name, tokens_used, sent, time.monotonic() + self._lease)
            self._owed.put(release)  # first, or the thread might think that all is done
            self._forget(holder, name)

    def hold(self, seconds: float) -> None:
        """Let nobody in for so many seconds, an hour at most, in any process: the server has asked for a pause."""
        if 0 < seconds < math.inf:
            self._ask("hold", repr(min(float(seconds), LONGEST)))

    def close(self) -> None:
        """Give back what this process holds; from then on every attempt may begin."""
        with self._lock:
            self._closed = True
            for holder in self._names.copy():
                self.release_soon(holder)
            if self._thread is None:
                self._finish()
            else:
                self._owed.put(None)

    def wait_closed(self, seconds: float) -> None:
        """Wait until Redis has been told of the end, but not for longer."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _enter(self, holder: Hashable) -> str | None:
        """A name for ``holder``, which no other attempt of any process ever has; None when nothing is shared."""
        with self._lock:
            if self._closed:
                return None
            name = self._names[holder] = f"{self._process}:{next(self._numbers)}"
            if self._thread is None:
                thread = Thread(target=self._serve, name="modelhub shared limits", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # the program ends, or there are too many threads
                    del self._names[holder]
                    return None
                self._thread = thread
            return name

    def _forget(self, holder: Hashable, name: str) -> None:
        if self._names.get(holder) == name:
            self._names.pop(holder, None)

    def _say(self, release: Release) -> float:
        return self._ask("release", release.name, release.used, release.sent)

    def _ask(self, verb: str, *words: str) -> float:
        """What the rules say; less than 0 if they could not be asked."""
        if not self._outages.may_try(self._asking, self._clock()):
            return _UNASKED
        try:
            script = self._open()
            answer = float(script.run(verb, *self._times, *words))  # type: ignore[arg-type]
        except Exception as error:
            self._outages.fail(self._asking, self._clock(), error)
            if self._script is not None:
                self._script.drop_idle()
            return _FAILED
        self._outages.succeed(self._asking)
        return answer

    def _open(self) -> Script:
        with self._lock:
            if self._script is None:
                self._script = self._build()
            return self._script

    def _serve(self) -> None:
        """Renew what is held, and say what is owed, until there is neither."""
        owed, late = self._owed, deque[Release]()
        beat = self._lease / 3
        due = time.monotonic() + beat
        while True:
            left = due - time.monotonic()
            try:
                release = owed.get(timeout=max(0.0, min(left, _LATE) if late else left))
            except Empty:
                pass
            else:
                if release is None:
                    self._pay(late)
                    self._finish()
                    return
                late.append(release)
            self._pay(late)
            if time.monotonic() < due:
                continue
            due = time.monotonic() + beat
            names = self._names.copy().values()
            if names:
                self._ask("renew", *names)
            with self._lock:
                if not (self._names or late) and owed.empty():
                    self._thread = None
                    return

    def _pay(self, late: deque[Release]) -> None:
        """Say what is late, the oldest first, as far as it gets through."""
        while late:
            if late[0].until > time.monotonic() and self._say(late[0]) < 0:
                return
            late.popleft()

    def _finish(self) -> None:
        self._outages.close()
        if self._script is not None:
            self._script.close()


def _build_script(address: Address, key: str) -> Script:
    from modelhub.stores.redis_script import RedisScript

    return RedisScript(address.place, RULES, list_keys(key))


_ALL: weakref.WeakSet[SharedLimiter] = weakref.WeakSet()


def _close_all() -> None:
    """Give back what the program holds when it ends."""
    limiters = list(_ALL)
    for limiter in limiters:
        limiter.close()
    end = time.monotonic() + _AT_EXIT
    for limiter in limiters:
        limiter.wait_closed(max(0.0, end - time.monotonic()))


atexit.register(_close_all)
