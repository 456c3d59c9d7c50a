"""Serves the metrics of the program for Prometheus to scrape; observers that name the same port share it."""

from __future__ import annotations

import logging
import os
import socket
from contextlib import suppress
from threading import Thread
from typing import Any

from modelhub.locks import Lock

LOCAL = "127.0.0.1"
_LOCK = Lock()
_SERVED: dict[tuple[str, int], Scraped] = {}


class Scraped:
    """A server of ``/metrics`` at ``host`` and ``port``, for as long as somebody uses it."""

    def __init__(self, host: str, port: int, server: Any) -> None:
        self.host = host
        self.port = port
        self._server = server
        self._users = 1
        self._pid = os.getpid()

    def join(self) -> Scraped:
        """One more uses it."""
        self._users += 1
        return self

    def leave(self) -> None:
        """One fewer uses it; the last one closes it."""
        with _LOCK:
            self._users -= 1
            if self._users or self._pid != os.getpid():  # a forked child has no thread that serves
                return
            for place, served in [*_SERVED.items()]:
                if served is self:
                    del _SERVED[place]
        stop = Thread(target=self._server.shutdown)
        stop.start()
        with suppress(OSError):  # it looks twice a second whether it is to stop, and whenever somebody comes
            socket.create_connection((self.host, self.port), 1.0).close()
        stop.join()
        self._server.server_close()


def find_port(text: str) -> tuple[str, int]:
    """Host and port that a text such as ``9464`` or ``0.0.0.0:9464`` means; raises ValueError for any other text."""
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise ValueError(f"write prometheus, prometheus:PORT or prometheus:HOST:PORT, not prometheus:{text}")
    return host.strip("[]") or LOCAL, int(port)


def serve(host: str, port: int) -> Scraped | None:
    """The server at this place; None where the place is taken by another process, which is logged."""
    with _LOCK:
        served = _SERVED.get((host, port))
        if served is not None:
            return served.join()
        from prometheus_client import start_http_server

        try:
            server, _ = start_http_server(port, host, registry=find_registry())
        except OSError as error:
            what = "the metrics are counted, but not served at %s:%s: %s"
            logging.getLogger("modelhub").warning(what, host, port, error.strerror or error)
            return None
        served = Scraped(host, server.server_port, server)
        if port:
            _SERVED[host, port] = served
        return served


def find_registry() -> Any:
    """What is collected: the metrics of this process, or in multiprocess mode those of all of them."""
    import prometheus_client

    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return prometheus_client.REGISTRY
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = prometheus_client.CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
