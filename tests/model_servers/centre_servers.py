"""Real configuration centres, etcd and Consul: those that ``scripts/fetch_centres_for_tests`` made, or on the PATH."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .redis_server import RedisServer

INSTALL = "no {} here: run scripts/fetch_centres_for_tests once, or put `{}` on the PATH"
_LEASH = Path(__file__).with_name("leash.py")
_SECONDS = 30.0


def find_centre(name: str) -> Path | None:
    """The program to test against; None when there is none. Raises FileNotFoundError for a folder that has none."""
    named = os.environ.get("MODELHUB_TEST_CENTRES")
    binary = Path(named or "~/.cache/modelhub-tests/centres").expanduser() / "bin" / name
    if binary.exists():
        return binary
    if named:
        raise FileNotFoundError(f"MODELHUB_TEST_CENTRES names {named}, which has no bin/{name}")
    installed = shutil.which(name)
    return Path(installed) if installed else None


def find_ports(count: int) -> list[int]:
    """Ports that nothing listens on."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def send(
    url: str, data: bytes | None = None, method: str | None = None, headers: dict[str, str] | None = None
) -> bytes:
    """What a server answers; nothing for a 404."""
    request = urllib.request.Request(url, data, headers or {}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_SECONDS) as reply:
            return bytes(reply.read())
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 404:
                return b""
            raise


class CentreServer:
    """A centre in a process of its own, on a port that stays the same when it is stopped and started again."""

    name = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = find_ports(6)
        self.port = self.ports[0]
        self._process: subprocess.Popen[bytes] | None = None

    def build_options(self) -> list[str]:
        """What it is started with."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether it answers; raises OSError until something listens."""
        raise NotImplementedError

    def put(self, key: str, text: str) -> None:
        """Write the text under a key."""
        raise NotImplementedError

    def remove(self, key: str) -> None:
        """Remove a key."""
        raise NotImplementedError

    def find_address(self, key: str) -> str:
        """The address of a key."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and wait until it answers; raises RuntimeError when it cannot be had."""
        binary = find_centre(self.name)
        if binary is None:
            raise RuntimeError(INSTALL.format(self.name, self.name))
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(_LEASH), str(binary), *self.build_options()],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        deadline = time.monotonic() + _SECONDS
        while True:
            with contextlib.suppress(OSError):
                if self.is_ready():
                    return
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"{binary} does not answer on port {self.port}")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(_SECONDS)
            assert process.stdin is not None
            process.stdin.close()


class Etcd(CentreServer):
    """etcd, which keeps what it has when it is started again."""

    name = "etcd"

    def build_options(self) -> list[str]:
        """Its data, and its two ports."""
        clients, peers = (f"http://127.0.0.1:{port}" for port in self.ports[:2])
        return [
            *("--data-dir", str(self.folder / "etcd"), "--initial-cluster", f"default={peers}"),
            *("--listen-client-urls", clients, "--advertise-client-urls", clients),
            *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers),
        ]

    def is_ready(self) -> bool:
        """Whether it is healthy."""
        return json.loads(send(f"http://127.0.0.1:{self.port}/health"))["health"] == "true"

    def post(self, path: str, **body: Any) -> Any:
        """What its JSON gateway answers."""
        return json.loads(send(f"http://127.0.0.1:{self.port}/v3/{path}", json.dumps(body).encode()))

    def put(self, key: str, text: str) -> None:
        """Write the text under a key."""
        self.post("kv/put", key=b64encode(key.encode()).decode(), value=b64encode(text.encode()).decode())

    def remove(self, key: str) -> None:
        """Remove a key."""
        self.post("kv/deleterange", key=b64encode(key.encode()).decode())

    def find_address(self, key: str) -> str:
        """The address of a key."""
        return f"etcd://127.0.0.1:{self.port}/{key}"


class Consul(CentreServer):
    """Consul as developers run it: it forgets everything when it ends."""

    name = "consul"
    token = ""

    def build_options(self) -> list[str]:
        """Its ports, and as little as can be beside."""
        http, server, lan, wan = map(str, self.ports[:4])
        return [
            *("agent", "-dev", "-bind", "127.0.0.1", "-client", "127.0.0.1", "-http-port", http, "-dns-port", "-1"),
            *("-grpc-port", "-1", "-server-port", server, "-serf-lan-port", lan, "-serf-wan-port", wan),
            *("-disable-host-node-id", "-log-level", "err", *self.build_policy()),
        ]

    def build_policy(self) -> list[str]:
        """With a ``token``, whoever has none may do nothing."""
        if not self.token:
            return []
        path = self.folder / "acl.json"
        acl = {"enabled": True, "default_policy": "deny", "tokens": {"master": self.token}}
        path.write_text(json.dumps({"acl": acl}))
        return ["-config-file", str(path)]

    def is_ready(self) -> bool:
        """Whether it has a leader, and takes a value."""
        leader = json.loads(send(f"http://127.0.0.1:{self.port}/v1/status/leader"))
        if leader:
            self.put("ready", "yes")
        return bool(leader)

    def put(self, key: str, text: str) -> None:
        """Write the text under a key."""
        url = f"http://127.0.0.1:{self.port}/v1/kv/{key}"
        send(url, text.encode(), "PUT", {"X-Consul-Token": self.token} if self.token else {})

    def remove(self, key: str) -> None:
        """Remove a key."""
        send(f"http://127.0.0.1:{self.port}/v1/kv/{key}", method="DELETE")

    def find_address(self, key: str) -> str:
        """The address of a key."""
        return f"consul://127.0.0.1:{self.port}/{key}"


class Redis:
    """Redis, used as a centre; it forgets everything when it ends."""

    name = "redis"

    def __init__(self, folder: Path) -> None:
        self._server = RedisServer(folder)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._server.start()

    def kill(self) -> None:
        """End it."""
        self._server.stop()

    def put(self, key: str, text: str) -> None:
        """Write the text under a key."""
        import redis

        with redis.Redis(port=self.port) as client:
            client.set(key, text)

    def remove(self, key: str) -> None:
        """Remove a key."""
        import redis

        with redis.Redis(port=self.port) as client:
            client.delete(key)

    def find_address(self, key: str) -> str:
        """The address of a key; it is asked more often than by default."""
        return f"redis://127.0.0.1:{self.port}/0/{key}?every=0.2"


CENTRES: dict[str, type[CentreServer] | type[Redis]] = {"etcd": Etcd, "consul": Consul, "redis": Redis}


@contextlib.contextmanager
def run_centre(name: str, folder: Path) -> Iterator[CentreServer | Redis]:
    """A centre for the time of the block; everything it writes stays in ``folder``."""
    server = CENTRES[name](folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
