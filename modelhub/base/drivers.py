"""The connections of one registry: a sync and an async driver, each made when it is first used."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelhub.errors import ModelHubError
from modelhub.locks import Lock

if TYPE_CHECKING:
    from modelhub.aio import AioDriver
    from modelhub.sync import SyncDriver


class Drivers:
    """Holds the drivers that the models of a registry share, and the ``clock`` for their calls, in seconds.

    ``wall`` is the time since 1970, which processes that share something have in common. ``nonce`` makes a text that
    was never used before.

    ``refused`` has what each address has refused of what models say by themselves, so that it is not said again.

    A forked child starts without drivers: processes must not share sockets.
    """

    clock: Callable[[], float] = staticmethod(time.monotonic)
    wall: Callable[[], float] = staticmethod(time.time)
    nonce: Callable[[], str] = staticmethod(lambda: os.urandom(16).hex())

    def __init__(self) -> None:
        self.refused: dict[tuple[str, str], frozenset[str]] = {}
        self._lock = Lock()
        self._pid = os.getpid()
        self._sync: SyncDriver | None = None
        self._aio: AioDriver | None = None
        self._inherited: list[object] = []
        self._closed = False

    def sync(self) -> SyncDriver:
        """The driver for blocking calls; raises ModelHubError if the registry is closed."""
        driver = self._sync
        if driver is None or self._pid != os.getpid():
            with self._lock:
                self._check()
                if self._sync is None:
                    self._sync = self.build_sync()
                driver = self._sync
        return driver

    def aio(self) -> AioDriver:
        """The driver for calls from an event loop; raises ModelHubError if the registry is closed."""
        driver = self._aio
        if driver is None or self._pid != os.getpid():
            with self._lock:
                self._check()
                if self._aio is None:
                    self._aio = self.build_aio()
                driver = self._aio
        return driver

    def build_sync(self) -> SyncDriver:
        """A new driver for blocking calls."""
        from modelhub.sync import SyncDriver

        return SyncDriver()

    def build_aio(self) -> AioDriver:
        """A new driver for event loops."""
        from modelhub.aio import AioDriver

        return AioDriver()

    def _check(self) -> None:
        self._disown()
        if self._closed:
            raise ModelHubError("this registry is closed: its models cannot be called any more")

    def _disown(self) -> None:
        """In a forked child, let go of the drivers of the parent."""
        if self._pid != os.getpid():
            # Kept, not closed: the parent goes on with these connections, and a thread of it may hold their locks.
            self._inherited = [self._sync, self._aio, self._inherited]
            self._sync = self._aio = None
            self._pid = os.getpid()

    def close(self) -> None:
        """Close every connection, from any thread; calls made afterwards raise ModelHubError."""
        with self._lock:
            self._disown()
            self._closed = True
            sync, aio, self._sync, self._aio = self._sync, self._aio, None, None
        if sync is not None:
            sync.close()
        if aio is not None:
            aio.close()

    async def aclose(self) -> None:
        """Close every connection, waiting for those of the running event loop."""
        with self._lock:
            self._disown()
            self._closed = True
            aio = self._aio
        if aio is not None:
            await aio.aclose()
        self.close()


SHARED = Drivers()
"""The drivers of models that were built without a registry."""
