"""The connections of one registry: a sync and an async driver, each made when it is first used."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelhub.errors import ModelHubError

if TYPE_CHECKING:
    from modelhub.aio import AioDriver
    from modelhub.sync import SyncDriver


class Drivers:
    """Holds the drivers that the models of a registry share, and the ``clock`` for their calls, in seconds.

    A forked child starts without drivers: processes must not share sockets.
    """

    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._sync: SyncDriver | None = None
        self._aio: AioDriver | None = None
        self._inherited: list[object] = []
        self._closed = False

    def sync(self) -> SyncDriver:
        """The driver for blocking calls; raises ModelHubError if the registry is closed."""
        if self._sync is None or self._pid != os.getpid():
            with self._opening():
                if self._sync is None:
                    self._sync = self.build_sync()
        return self._sync

    def aio(self) -> AioDriver:
        """The driver for calls from an event loop; raises ModelHubError if the registry is closed."""
        if self._aio is None or self._pid != os.getpid():
            with self._opening():
                if self._aio is None:
                    self._aio = self.build_aio()
        return self._aio

    def build_sync(self) -> SyncDriver:
        """A new driver for blocking calls."""
        from modelhub.sync import SyncDriver

        return SyncDriver()

    def build_aio(self) -> AioDriver:
        """A new driver for event loops."""
        from modelhub.aio import AioDriver

        return AioDriver()

    def _opening(self) -> threading.Lock:
        if self._pid != os.getpid():
            # Kept, not closed: a thread of the parent may have held its locks when the fork happened.
            self._inherited = [self._sync, self._aio, self._lock, self._inherited]
            self._sync = self._aio = None
            self._lock = threading.Lock()
            self._pid = os.getpid()
        if self._closed:
            raise ModelHubError("this registry is closed: its models cannot be called any more")
        return self._lock

    def close(self) -> None:
        """Close every connection; calls made afterwards raise ModelHubError."""
        self._closed = True
        sync, aio, self._sync, self._aio = self._sync, self._aio, None, None
        if self._pid != os.getpid():
            return
        if sync is not None:
            sync.close()
        if aio is not None:
            aio.close()

    async def aclose(self) -> None:
        """Close every connection, waiting for those of the running event loop."""
        aio = self._aio
        if aio is not None and self._pid == os.getpid():
            await aio.aclose()
        self.close()


SHARED = Drivers()
"""The drivers of models that were built without a registry."""
