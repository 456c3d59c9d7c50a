"""Makes the connections of one event loop, and tells when they are there and when something comes over them."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from modelhub.aio.deadlines import Deadlines
from modelhub.overriding import override


class Connector(aiohttp.TCPConnector):
    """aiohttp's connector, whose waits for a server begin when there is a connection to it."""

    _pid = 0

    def __init__(self, watch: Deadlines, **settings: Any) -> None:
        super().__init__(**settings)
        self._watch = watch
        self._pid = os.getpid()
        self._factory: Any = partial(_Protocol, loop=self._loop)

    @property
    def full(self) -> bool:
        """Whether a call has to wait until another gives its connection back."""
        return 0 < self.limit <= len(self._acquired)

    @override
    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        connection = await super().connect(*args, **kwargs)
        self._watch.connected(connection.protocol)  # type: ignore[arg-type]  # it is one of ours
        return connection

    @override
    def __del__(self, *args: Any) -> None:
        if self._pid == os.getpid():  # those of a parent are the parent's to close
            super().__del__(*args)


class _Protocol(ResponseHandler):
    """aiohttp's protocol; ``heard`` is when something last came, or when the connection was made."""

    heard = 0.0

    @override
    def data_received(self, data: bytes) -> None:
        self.heard = self._loop.time()
        super().data_received(data)
