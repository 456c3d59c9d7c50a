"""Streams and calls that are under way while their configs are replaced and removed."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from pathlib import Path

import pytest

from modelhub import ModelRegistry
from modelhub.testing import MockServer

STREAMS = 200


def build_line(name: str, url: str, timeout: int) -> str:
    client = f"client_args: {{base_url: '{url}/v1'}}"
    return (
        f"- {{config_name: {name}, model_type: openai_chat, model_name: m, api_key: k, timeout: {timeout}, {client}}}"
    )


def write(path: Path, url: str, number: int, names: tuple[str, ...] = ("kept", "changed", "removed")) -> None:
    lines = [build_line(name, url, 30 + number * (name == "changed")) for name in names]
    path.write_text("\n".join(lines))


def count_sockets() -> int:
    gc.collect()
    folder = Path("/proc/self/fd")
    links = []
    for each in folder.iterdir():
        try:
            links.append(os.readlink(each))
        except OSError:  # that of the listing itself
            continue
    return sum(link.startswith("socket:") for link in links)


@pytest.mark.filterwarnings("ignore::modelhub.ConfigWarning")
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_streams_go_on_over_reloads(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"

    async def read(hub: ModelRegistry, name: str, started: list[str]) -> str:
        stream = await hub.get_model(name).acall(f"echo: hello {name} " + "word " * 20, stream=True)
        text = ""
        async for delta in stream:
            if not text:
                started.append(name)
            text += delta.text
        return text

    async def main(hub: ModelRegistry, url: str) -> list[str]:
        started: list[str] = []
        names = ("kept", "changed", "removed")
        tasks = [asyncio.create_task(read(hub, names[n % 3], started)) for n in range(STREAMS)]
        while len(started) < STREAMS // 2:
            await asyncio.sleep(0.001)
        for number in range(1, 6):
            write(path, url, number, names if number < 3 else names[:2])
            await asyncio.to_thread(hub.reload)
        texts = await asyncio.gather(*tasks)
        assert "removed" not in hub
        assert hub.generation == 6
        assert len(asyncio.all_tasks()) == 1
        await hub.aclose()
        return texts

    with MockServer(chunk_delay=0.02) as server:
        threads, sockets = threading.active_count(), count_sockets()
        write(path, server.url, 0)
        hub = ModelRegistry(path)
        texts = asyncio.run(main(hub, server.url))
        assert len(texts) == STREAMS
        assert {text.split()[1] for text in texts} == {"kept", "changed", "removed"}
        assert all(text.count("word") == 20 for text in texts)
        assert server.wait_closed(10)
        deadline = time.monotonic() + 10
        while count_sockets() != sockets and time.monotonic() < deadline:  # the server, in its thread, closes its own
            time.sleep(0.01)
        assert count_sockets() == sockets
        assert threading.active_count() == threads
