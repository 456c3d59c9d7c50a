"""Streams of the gateway: through reloads, the death of a worker, and with callers that read slowly."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from modelhub.testing import MockServer

from .fuzzing import build_request
from .running import Running, build_models, running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what belongs to which process is seen in /proc")

STREAMS, RELOADS, WORDS = (int(number) for number in os.environ.get("GATEWAY_STREAMS", "40,5,60").split(","))
"""How many at a time, how often twice, and how long; GATEWAY_STREAMS=200,10,600 tries it at length."""

TEXT = " ".join(map(str, range(1, WORDS + 1)))


def build_chat(model: str, question: str) -> bytes:
    body = {"model": model, "messages": [{"role": "user", "content": question}], "stream": True}
    return build_request("/v1/chat/completions", json.dumps(body).encode())


class Stream:
    """One stream as a caller sees it: what has come of it, and the port of its end here."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self.port = 0
        self.text = ""
        self.is_whole = False
        self.error = ""

    async def read(self) -> None:
        """Ask, and read until the end."""
        reader, writer = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        self.port = writer.get_extra_info("sockname")[1]
        writer.write(build_chat("slow", f"count: {WORDS}"))
        try:
            while line := await reader.readline():
                if line.startswith(b"data: {"):
                    self._take(json.loads(line[6:]))
                elif line.startswith(b"data: [DONE]"):
                    self.is_whole = True
                    return
        except ConnectionError:
            return
        finally:
            writer.close()

    def _take(self, chunk: dict[str, Any]) -> None:
        if "error" in chunk:
            self.error = json.dumps(chunk)
        else:
            self.text += chunk["choices"][0]["delta"].get("content") or ""


def find_workers(gateway: Running) -> list[int]:
    """The processes that answer, below the one that was started."""
    tasks = Path(f"/proc/{gateway.process.pid}/task").glob("*/children")
    children = [pid for path in tasks for pid in path.read_text("utf-8").split()]
    return [int(pid) for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text("utf-8")]


def find_ports(pid: int) -> set[int]:
    """The ports at the other end of the connections that a process has."""
    files = Path(f"/proc/{pid}/fd")
    inodes = set()
    for name in os.listdir(files):
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(files / name))
        except FileNotFoundError:
            continue
        if found:
            inodes.add(found[1])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("utf-8").splitlines()[1:]]
    return {int(row[2].rpartition(":")[2], 16) for row in rows if row[9] in inodes}


async def wait_for(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


def test_streams_live_through_reloads_and_the_death_of_a_worker(upstream: MockServer, tmp_path: Path) -> None:
    models = build_models(upstream.url)
    with running(tmp_path, models, "--workers", "2") as gateway:
        streams = [Stream(gateway.url) for _ in range(STREAMS)]
        lost = asyncio.run(disturb(gateway, streams, models))
        assert len(find_workers(gateway)) == 2
    kept = [stream for stream in streams if stream not in lost]
    assert 0 < len(lost) < STREAMS
    assert [(stream.text, stream.is_whole) for stream in kept] == [(TEXT, True)] * len(kept)
    assert not any(stream.is_whole or stream.error for stream in lost)
    assert "killed by SIGKILL" in gateway.read_log()


async def disturb(gateway: Running, streams: list[Stream], models: list[dict[str, Any]]) -> list[Stream]:
    """Reload, kill a worker and reload again while the streams come; those that the worker had are lost."""
    tasks = [asyncio.ensure_future(stream.read()) for stream in streams]
    await wait_for(lambda: all(stream.text for stream in streams))
    await reload(gateway, models, range(RELOADS))
    victim = find_workers(gateway)[0]
    ports = find_ports(victim)
    lost = [stream for stream in streams if stream.port in ports and not stream.is_whole]
    os.kill(victim, signal.SIGKILL)
    await wait_for(lambda: "is started again" in gateway.read_log())
    await reload(gateway, models, range(RELOADS, 2 * RELOADS))
    assert not all(task.done() for task in tasks)
    await asyncio.gather(*tasks)
    await wait_for(lambda: len(find_workers(gateway)) == 2)
    return lost


async def reload(gateway: Running, models: list[dict[str, Any]], numbers: range) -> None:
    """Change the model that the streams come from, several times, and have it read again each time."""
    for number in numbers:
        changed = [{**model, "timeout": 100 + number} if model["config_name"] == "slow" else model for model in models]
        (gateway.folder / "models.yaml").write_text(yaml.safe_dump(changed), "utf-8")
        told = gateway.read_log().count("slow")
        gateway.process.send_signal(signal.SIGHUP)
        await wait_for(lambda told=told: gateway.read_log().count("slow") > told)  # type: ignore[misc]


def read_cpu_time(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def test_a_caller_that_reads_slowly_costs_no_memory(gateway: Running, upstream: MockServer) -> None:
    asyncio.run(Stream(gateway.url).read())  # loads what calls need
    words = ["x" * 2000] * 8000
    upstream.reply(" ".join(words))
    parts = urlsplit(gateway.url)
    before = gateway.read_memory()
    with socket.socket() as sock:
        sock.settimeout(20)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect((parts.hostname, parts.port))
        sock.sendall(build_chat("openai", "Hi"))
        reply = HTTPResponse(sock, method="POST")
        reply.begin()
        body = reply.read(1000)
        spent = -1.0
        while (now := read_cpu_time(gateway.process.pid)) > spent:  # until it does nothing more
            spent = now
            time.sleep(0.3)
        assert upstream.in_flight == 1  # the vendor waits, too
        grown = gateway.read_memory() - before
        body += reply.read()
    assert body.count(words[0].encode()) == len(words) and body.endswith(b"data: [DONE]\n\n")
    assert grown < 12


def test_a_stream_is_not_held_back(gateway: Running) -> None:
    async def read() -> list[float]:
        parts = urlsplit(gateway.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(build_chat("slow", "count: 20"))
        times = []
        async for line in reader:
            if line.startswith(b"data: {"):
                times.append(time.monotonic())
            elif line.startswith(b"data: [DONE]"):
                break
        writer.close()
        return times

    times = asyncio.run(read())
    assert len(times) >= 20 and times[-1] - times[0] > 0.2  # 20 pauses of 0.02 s
