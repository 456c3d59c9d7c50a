"""A real PostgreSQL: the one that is installed on this machine, with a data folder of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

INSTALL = "install PostgreSQL (Debian: apt-get install postgresql)"
_SECONDS = 60.0
_RUN = """
import os, signal, subprocess, sys, threading
child = subprocess.Popen(sys.argv[2:], user=sys.argv[1] or None)
def end_with_parent():
    os.read(0, 1)
    child.send_signal(signal.SIGINT)
threading.Thread(target=end_with_parent, daemon=True).start()
sys.exit(child.wait())
"""  # until stdin is closed, which the end of the parent does, however it comes; SIGTERM would wait for clients


def find_postgres() -> Path | None:
    """The folder of its programs; None when they are not there."""
    named = shutil.which("initdb")
    folders = [Path(named).resolve().parent] if named else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "postgres").exists()), None)


@contextlib.contextmanager
def run_postgres() -> Iterator[str]:
    """The address of a server for the time of the block; it does not run as root, which it refuses."""
    binaries = find_postgres()
    if binaries is None:
        raise RuntimeError(INSTALL)
    user = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="modelhub-pg-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        if user:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        made = [str(binaries / "initdb"), "-D", data, "-U", "tester", "-A", "trust", "-N", "--locale=C", "-E", "UTF8"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, user=user, cwd="/", timeout=_SECONDS)
        probe.close()
        settings = ["-F", "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                _RUN,
                user or "",
                str(binaries / "postgres"),
                "-D",
                data,
                "-p",
                str(port),
                *settings,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        try:
            url = f"postgresql://tester:s3cret-pw@127.0.0.1:{port}/postgres"
            _wait(url, process)
            yield url
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(_SECONDS)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    import psycopg

    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.05)
