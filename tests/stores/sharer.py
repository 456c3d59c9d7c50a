"""Makes attempts under a shared limit until it is told to end: run by the tests as a process.

    sharer.py STORE CONCURRENCY LEASE PORT THREADS

Each attempt asks the server of the tests on PORT, which counts those under way. What is read from stdin ends it; then
it prints how many attempts it has made, how many of them failed, and how often it has logged something.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time

from modelhub.policies.acquiring import acquired
from modelhub.policies.limits import Limits
from modelhub.stores import parse_address
from modelhub.stores.shared_limiter import SharedLimiter
from modelhub.sync import SyncDriver

ended = threading.Event()
made: list[float] = []
failed: list[BaseException] = []
logged: list[logging.LogRecord] = []


def attempt(shared: SharedLimiter, holder: str, port: int) -> None:
    """Wait for a place, ask the server, and give the place back."""
    SyncDriver().run(acquired(shared, holder, 1, time.monotonic))
    try:
        with socket.create_connection(("127.0.0.1", port), 1000) as connection:
            connection.sendall(b"?")
            connection.recv(1)  # the server has counted it out by now
    finally:
        shared.release(holder, 1)


def work(shared: SharedLimiter, thread: int, port: int) -> None:
    """Make one attempt after another."""
    number = 0
    while not ended.is_set():
        number += 1
        try:
            attempt(shared, f"{thread} {number}", port)
        except Exception as error:
            failed.append(error)
        made.append(time.monotonic())


def main(store: str, concurrency: str, lease: str, port: str, threads: str) -> None:
    """Work with so many threads."""
    handler = logging.Handler()
    handler.emit = logged.append  # type: ignore[method-assign]
    logging.getLogger("modelhub").addHandler(handler)
    shared = SharedLimiter(Limits(concurrency=int(concurrency)), "group", parse_address(store), lease=float(lease))
    workers = [threading.Thread(target=work, args=(shared, n, int(port)), daemon=True) for n in range(int(threads))]
    for worker in workers:
        worker.start()
    print("ready", flush=True)
    sys.stdin.read(1)
    ended.set()
    for worker in workers:
        worker.join()
    print(len(made), len(failed), len(logged), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
