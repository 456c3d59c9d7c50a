"""The processes of a plan: started one after the other, waited for, watched, and all stopped in the end."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from .plan import Plan, Process

_FIRST_LOOK, _LAST_LOOK = 0.05, 0.5  # seconds between two looks, more and more
# The leash gives its process ten seconds to end, and its children as many again.
_STOP_SECONDS = 25.0
_TAIL_LINES = 20


class ServingError(Exception):
    """The engine failed, or cannot start; the message says how."""


class Child:
    """A process on its leash, whose output goes to stderr line by line, under its name."""

    def __init__(self, process: Process) -> None:
        self.name = process.name
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        leash = [sys.executable, "-I", "-S", str(Path(__file__).with_name("leash.py"))]
        self.popen = subprocess.Popen(
            leash + process.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **process.env},
            start_new_session=True,  # ctrl-C is for the start script, which then lets go
        )
        self.reader = threading.Thread(target=self._copy_output, daemon=True)
        self.reader.start()

    def _copy_output(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            text = line.decode(errors="replace").rstrip()
            self.tail.append(text)
            with contextlib.suppress(OSError, ValueError):  # nobody may be reading
                print(f"[{self.name}] {text}", file=sys.stderr, flush=True)

    def find_end(self) -> str | None:
        """How it ended, with the last lines that it wrote; None while it runs."""
        status = self.popen.poll()
        if status is None:
            return None
        self.reader.join(_STOP_SECONDS)
        lines = "".join(f"\n    {line}" for line in self.tail)
        return f"{self.name} ended with exit status {status}" + (f"; its last lines:{lines}" if lines else "")

    def let_go(self) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.close()

    def wait_for_end(self) -> None:
        try:
            self.popen.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        self.reader.join(1)


@contextlib.contextmanager
def run_plan(plan: Plan, wait: float | None = None) -> Iterator[list[Child]]:
    """Serve for the time of the block, which gets the servers that were started.

    ``wait`` replaces the time that each start may take. Raises ServingError when a port is taken, or a process ends or
    is not ready in time.
    """
    servers: list[Child] = []
    try:
        to_start = [process for process in plan.processes if not is_running(process)]
        for process in to_start:
            check_port(process)
        for process in to_start:
            child = Child(process)
            servers.append(child)
            wait_until_ready(process, servers, process.wait if wait is None else wait)
            if process.ready is None:
                servers.remove(child)
        yield servers
    finally:
        for child in servers:
            child.let_go()
        for child in servers:
            child.wait_for_end()


def is_running(process: Process) -> bool:
    return process.may_run_already and process.ready is not None and process.ready.is_answered()


def check_port(process: Process) -> None:
    """Raise ServingError when somebody else listens where ``process`` is to."""
    if process.listens is None:
        return
    host, port = process.listens
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        problem = f"{process.name} cannot listen on {host} port {port}: {error.strerror or error}"
        raise ServingError(f"{problem}; choose another with -p PORT or --host HOST") from None


def wait_until_ready(process: Process, children: list[Child], seconds: float) -> None:
    """Wait for the last of ``children``, which runs ``process``, while all of them live."""
    deadline = time.monotonic() + seconds
    *others, child = children
    pause = _FIRST_LOOK
    while True:
        if process.ready is None:
            if child.popen.poll() == 0:
                return
        elif process.ready.is_answered():
            return
        check_alive(others)
        check_alive([child])
        if process.ready is not None and time.monotonic() > deadline:
            raise ServingError(f"{process.name} does not answer at {process.ready.url} after {seconds:g} s")
        time.sleep(pause)
        pause = min(1.3 * pause, _LAST_LOOK)


def watch(servers: list[Child]) -> None:
    """Wait for ever, which the end of a server ends with a ServingError."""
    while servers:
        check_alive(servers)
        time.sleep(_LAST_LOOK)


def check_alive(children: list[Child]) -> None:
    for child in children:
        if end := child.find_end():
            raise ServingError(end)
