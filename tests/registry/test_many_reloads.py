"""Two hundred streams at a time, over a hundred edits of the file that their configs come from, good and bad."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.errors import ConfigError
from modelhub.registry.watching import Lookout
from modelhub.testing import MockServer, VirtualClock

STREAMS = 200
WORDS = 8
EACH = 8  # requests between two edits
# What is done to the file: 70 good edits, 20 wrong ones, 5 that are read half-written, 5 swaps of links.
EDITS = [
    {3: "wrong", 8: "wrong"}.get(n % 10) or {15: "truncated", 5: "swapped"}.get(n % 20) or "good" for n in range(100)
]


class Published:
    """A file behind the links that Kubernetes makes; ``number`` is in every config of it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.path = folder / "m.yaml"
        self.swap(0)
        self.path.symlink_to("..data/m.yaml")

    def build_text(self, number: int) -> str:
        """A fallback from a model that fails to one that answers, both of one generation; and what never changes."""
        rest = "retry: {max_attempts: 1}, api_key: k"
        lines = [
            "- {config_name: front, model_type: fallback, models: [fails, answers], on_error: [NotFoundError]}",
            "- {config_name: kept, model_type: fallback, models: [same]}",
        ]
        for name, path, tag in (("fails", "missing", number), ("answers", "v1", number), ("same", "v1", "-")):
            client = f"client_args: {{base_url: '{self.url}/{path}'}}, headers: {{X-Generation: '{tag}'}}"
            lines.append(f"- {{config_name: {name}, model_type: openai_chat, model_name: m, {rest}, {client}}}")
        return "\n".join(lines)

    def swap(self, number: int) -> None:
        """Put a new folder in the place of the old one, by a link."""
        new = self.folder / f"..{number}"
        new.mkdir()
        (new / "m.yaml").write_text(self.build_text(number))
        (self.folder / "..tmp").symlink_to(new.name)
        (self.folder / "..tmp").replace(self.folder / "..data")


def edit_all(hub: ModelRegistry, published: Published, told: list[Any], server: MockServer) -> None:
    """Make every edit, have the watcher's eyes see it, in virtual time, and wait until calls have begun since."""
    clock = VirtualClock()
    lookout = Lookout(clock)

    def look_until(count: int) -> None:
        for _ in range(20):
            clock.advance(lookout.look(hub._loader))
            if len(told) == count:
                return
        raise AssertionError(f"{count} reloads were expected, and there were {len(told)}")

    for number, edit in enumerate(EDITS, 1):
        text = published.build_text(number)
        if edit == "swapped":
            published.swap(number)
        elif edit == "wrong":
            published.path.write_text(text.replace("max_attempts", "max_atempts"))
        else:
            if edit == "truncated":
                published.path.write_text(text[: len(text) // 2])
                clock.advance(lookout.look(hub._loader))
                lookout.look(hub._loader)
                assert len(told) == number - 1, "what is half written is not believed"
            published.path.write_text(text)
        look_until(number)
        begun = len(server.requests)
        assert server.wait_until(lambda begun=begun: len(server.requests) >= begun + EACH, 30)  # type: ignore[misc]


def count_sockets() -> int:
    gc.collect()
    links = []
    for each in Path("/proc/self/fd").iterdir():
        try:
            links.append(os.readlink(each))
        except OSError:  # that of the listing itself
            continue
    return sum(link.startswith("socket:") for link in links)


def prompts(worker: int) -> Iterator[tuple[str, str]]:
    """The calls of one worker: model and prompt, which no other call has."""
    number = 0
    while True:
        name = ("front", "kept")[(worker + number) % 2]
        yield name, f"echo: {name}-{worker}-{number} " + "word " * WORDS
        number += 1


def read_in_threads(hub: ModelRegistry, done: threading.Event) -> dict[str, str]:
    texts: dict[str, str] = {}

    def work(worker: int) -> None:
        for name, prompt in prompts(worker):
            texts[prompt] = ""
            for delta in hub.get_model(name)(prompt, stream=True):
                texts[prompt] += delta.text
            if done.is_set():
                return

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(STREAMS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return texts


def read_in_a_loop(hub: ModelRegistry, done: threading.Event) -> dict[str, str]:
    texts: dict[str, str] = {}

    async def work(worker: int) -> None:
        for name, prompt in prompts(worker):
            texts[prompt] = ""
            async for delta in await hub.get_model(name).acall(prompt, stream=True):
                texts[prompt] += delta.text
            if done.is_set():
                return

    async def main() -> None:
        await asyncio.gather(*(work(worker) for worker in range(STREAMS)))
        assert len(asyncio.all_tasks()) == 1
        await hub.aclose()

    asyncio.run(main())
    return texts


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc and links")
@pytest.mark.parametrize("read", [read_in_threads, read_in_a_loop], ids=["threads", "async"])
def test_no_call_fails_and_each_sees_one_generation(read: Any, tmp_path: Path) -> None:
    assert Counter(EDITS) == {"good": 70, "wrong": 20, "truncated": 5, "swapped": 5}
    with MockServer(chunk_delay=0.1) as server:
        threads, sockets = threading.active_count(), count_sockets()
        published = Published(tmp_path, server.url)
        hub = ModelRegistry(published.path)
        kept = hub.get_model("same")
        told: list[Any] = []
        hub.on_reload(told.append)
        done = threading.Event()
        failures: list[BaseException] = []

        def edit() -> None:
            try:
                edit_all(hub, published, told, server)
            except BaseException as error:
                failures.append(error)
            finally:
                done.set()

        editor = threading.Thread(target=edit)
        editor.start()
        texts = read(hub, done)
        editor.join()
        assert failures == []
        assert sum(isinstance(each, ConfigError) for each in told) == 20
        assert hub.generation == 81
        assert hub.get_model("same") is kept, "what never changes is one object all the time"
        assert len(texts) >= STREAMS
        assert all(text.split() == prompt.removeprefix("echo: ").split() for prompt, text in texts.items())
        seen: dict[str, list[str]] = defaultdict(list)
        for request in server.requests:
            seen[request.json["messages"][0]["content"]].append(request.headers["X-Generation"])
        assert seen.keys() == texts.keys()
        for prompt, generations in seen.items():
            assert len(set(generations)) == 1, (prompt, generations)
            assert len(generations) == (2 if "front" in prompt else 1)
        assert len({generations[0] for generations in seen.values()}) > 20
        hub.close()
        end = time.monotonic() + 10
        # The server closes its own, too. What an earlier test still had may have ended since.
        while count_sockets() > sockets or threading.active_count() > threads:
            assert time.monotonic() < end, (count_sockets(), sockets, threading.active_count(), threads)
            time.sleep(0.05)
        print(f"{len(texts)} streams over {len(told)} reloads, {hub.generation} generations")
