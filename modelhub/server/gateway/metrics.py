"""What a gateway counts of its requests, beside what the observer ``prometheus`` counts of calls; their page."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

from modelhub.plugins.modules import find_module
from modelhub.server.formats.replies import Reply
from modelhub.telemetry.scraping import find_registry

OBSERVER = "prometheus"
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # of prometheus_client: where processes count together
_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600)
_MISSING = b"metrics need a library: pip install prometheus-client\n"


def are_available() -> bool:
    """Whether the library that counts is installed."""
    return find_module("prometheus_client") is not None


class Visit:
    """One request; ``status`` is that of its reply, 499 while there is none: a caller that has left gets none."""

    __slots__ = ("status",)

    def __init__(self) -> None:
        self.status = 499


class Metrics:
    """Counts requests by protocol and status; without prometheus_client, nothing."""

    def __init__(self) -> None:
        self._requests: Any = None
        self._known: dict[tuple[str, int], Any] = {}
        self._times: dict[str, Any] = {}
        if are_available():
            from prometheus_client import Counter, Gauge, Histogram

            self._requests = Counter("modelhub_gateway_requests", "Requests answered.", ("protocol", "status"))
            self._seconds = Histogram(
                "modelhub_gateway_seconds", "Duration of requests.", ("protocol",), buckets=_SECONDS
            )
            self._streams = Gauge("modelhub_gateway_streams", "Streams under way.", multiprocess_mode="livesum")

    @contextmanager
    def count(self, protocol: str) -> Iterator[Visit]:
        """A request is answered inside it."""
        visit = Visit()
        if self._requests is None:
            yield visit
            return
        began = time.perf_counter()
        try:
            yield visit
        finally:
            key = (protocol, visit.status)
            counter = self._known.get(key)
            if counter is None:
                counter = self._known[key] = self._requests.labels(*map(str, key))
            counter.inc()
            seconds = self._times.get(protocol)
            if seconds is None:
                seconds = self._times[protocol] = self._seconds.labels(protocol)
            seconds.observe(time.perf_counter() - began)

    @contextmanager
    def stream(self) -> Iterator[None]:
        """A stream is under way inside it."""
        if self._requests is None:
            yield
            return
        with self._streams.track_inprogress():
            yield

    def build_page(self) -> Reply:
        """All metrics of the program, in multiprocess mode those of all its processes."""
        if self._requests is None:
            return Reply(501, _MISSING, content_type="text/plain; charset=utf-8")
        import prometheus_client

        page = prometheus_client.generate_latest(find_registry())
        return Reply(200, page, content_type=prometheus_client.CONTENT_TYPE_LATEST)


@contextmanager
def counting_together() -> Iterator[None]:
    """Processes that are started inside it count in one folder, so that each can tell the metrics of all."""
    if os.environ.get(_FOLDER) or not are_available():
        yield
        return
    with TemporaryDirectory(prefix="modelhub-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[_FOLDER]


def forget_process(pid: int) -> None:
    """Count what was under way in a process that has ended no longer."""
    if os.environ.get(_FOLDER) and are_available():
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(pid)  # type: ignore[no-untyped-call]


@cache
def find_metrics() -> Metrics:
    """Those of this program: prometheus_client knows each name once."""
    return Metrics()
