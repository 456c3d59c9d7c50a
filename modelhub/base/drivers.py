"""The connections of one registry: a sync and an async driver, each opened when first used."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from modelhub.errors import ModelHubError

if TYPE_CHECKING:
    from modelhub.aio import AsyncTransport
    from modelhub.sync import SyncTransport


class Transports:
    """Holds the drivers that a registry's wrappers share.

    A forked child starts with none: sockets must not be shared between processes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._sync: SyncTransport | None = None
        self._aio: AsyncTransport | None = None
        self._inherited: list[object] = []
        self._closed = False

    def sync(self) -> SyncTransport:
        """The driver for blocking calls."""
        if self._sync is None or self._pid != os.getpid():
            from modelhub.sync import SyncTransport

            with self._opening():
                if self._sync is None:
                    self._sync = SyncTransport()
        return self._sync

    def aio(self) -> AsyncTransport:
        """The driver for calls from an event loop."""
        if self._aio is None or self._pid != os.getpid():
            from modelhub.aio import AsyncTransport

            with self._opening():
                if self._aio is None:
                    self._aio = AsyncTransport()
        return self._aio

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


SHARED = Transports()
"""The connections of wrappers that were built without a registry."""
