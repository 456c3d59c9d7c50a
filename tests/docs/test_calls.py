"""docs/calls.md: its examples run, its table of what happens when is true, and its picture is the order of the code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from modelhub import Attempt, ModelRegistry, errors
from modelhub.policies.stack import LAYERS
from modelhub.testing import MockServer, VirtualDrivers

from ..network.server import RawServer, read_request
from ..paths import ROOT

PAGE = (ROOT / "docs" / "calls.md").read_text("utf-8")


def test_the_examples(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    names: dict[str, Any] = {"__name__": "page"}
    said = ""
    for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S):
        if kind == "yaml":
            (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
        elif kind == "python":
            exec(compile(text, "docs/calls.md", "exec"), names)
            said += capsys.readouterr().out
        elif "│" not in text:
            assert said == text
            said = ""
    assert said == ""


def test_the_picture_is_the_order() -> None:
    picture = next(text for text in re.findall(r"^```text\n(.*?)^```$", PAGE, re.M | re.S) if "│" in text)
    drawn = [line.strip(" │▼").split("  ")[0] for line in picture.splitlines()[1:]]
    assert drawn == list(LAYERS)


def test_every_outcome_is_told() -> None:
    told = re.search(r"\| `outcome` \| \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE)
    assert told is not None
    names = {name for line in told[1].splitlines() for name in line.split("|")[1].strip().split(", ")}
    known = Attempt.__annotations__["outcome"]
    from modelhub.trail import Outcome

    assert known == "Outcome"
    assert names == set(Outcome.__args__)  # type: ignore[attr-defined]


ROWS = {
    row[0]: (row[1], row[2])
    for line in re.search(r"\| what happens \|.*\n\|---.*\n((?:\|.*\n)+)", PAGE)[1].splitlines()  # type: ignore[index]
    if (row := [cell.strip() for cell in line.strip("|").split("|")])
}


class Scene:
    """A model whose pauses take no time, and the server that it asks."""

    def __init__(self, server: MockServer, folder: Path, caller: Any) -> None:
        self.server = server
        self.folder = folder
        self.caller = caller
        self.model: Any = None
        self.hubs: list[ModelRegistry] = []
        self.log: list[str] = []

    def build(self, drivers: Any = True, **config: Any) -> Any:
        client = {"client_args": {"base_url": f"{self.server.url}/v1"}}
        hub = ModelRegistry({"config_name": "m", "model_type": "openai_chat", "api_key": "k", **client, **config})
        self.hubs.append(hub)
        self.model = hub.get_model("m")
        if drivers:
            self.model.drivers = VirtualDrivers()
        return self.model

    def ask(self, *, stream: bool = False, text: str = "echo: hi") -> Any:
        if stream:
            return self.caller.deltas(self.model, text)[1]
        return self.caller.call(self.model, text)


@pytest.fixture
def scene(tmp_path: Path, caller: Any, exact_pauses: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("modelhub.policies.retry.random.random", lambda: 0.0)
    with MockServer(retry_after="") as server:
        scene = Scene(server, tmp_path, caller)
        yield scene
        for hub in scene.hubs:
            hub.close()


def fail_twice(scene: Scene) -> Any:
    scene.build(circuit_breaker={"failures": 2}, retry={"max_attempts": 1})
    scene.server.script("500", "500")
    for _ in range(2):
        with pytest.raises(errors.ServerError):
            scene.ask()
    return scene.ask()


def fill(scene: Scene, **limits: Any) -> Any:
    model = scene.build(limits={"concurrency": 1, **limits}, drivers=False)
    reply = model("count: 20", stream=True)
    next(iter(reply))  # holds the only place
    try:
        return scene.ask()
    finally:
        reply.close()


def change_badly(scene: Scene) -> Any:
    path = scene.folder / "models.yaml"
    line = "- {{config_name: m, model_type: openai_chat, api_key: k, client_args: {{base_url: '{}/v1'}}}}\n"
    path.write_text(line.format(scene.server.url))
    hub = ModelRegistry(path)
    scene.hubs.append(hub)
    path.write_text(path.read_text().replace("client_args", "client_arg"))
    with pytest.raises(errors.ConfigError) as caught:
        hub.reload()
    assert hub.last_error is caught.value
    scene.model = hub.get_model("m")
    return scene.ask()


def lose_the_centre(scene: Scene) -> Any:
    line = "- {{config_name: m, model_type: openai_chat, api_key: k, client_args: {{base_url: '{}/v1'}}}}"
    text = line.format(scene.server.url).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(text)

    def serve(connection: Any, number: int) -> None:
        read_request(connection)
        connection.sendall(head + text)

    with RawServer(serve) as centre:
        hub = ModelRegistry(f"{centre.url}/models.yaml")
        scene.hubs.append(hub)
    with pytest.raises(errors.ConfigError):
        hub.reload()
    scene.model = hub.get_model("m")
    return scene.ask()


def scripted(*faults: str, stream: bool = False, text: str = "echo: hi", **config: Any) -> Callable[[Scene], Any]:
    def play(scene: Scene) -> Any:
        scene.build(**config)
        scene.server.script(*faults)
        return scene.ask(stream=stream, text=text)

    return play


SCENES: dict[str, Callable[[Scene], Any]] = {
    "429 with `Retry-After: 2`": scripted("429;retry-after=2"),
    "429 without `Retry-After`": scripted("429"),
    "429 with `Retry-After: 3600`": scripted("429;retry-after=3600"),
    "500, three times": scripted("500", "500", "500"),
    "400": scripted("400"),
    "a stream is cut before its first delta": scripted("close", stream=True),
    "a stream is cut after its first delta": scripted("cut", stream=True, text="count: 20"),
    "the server says nothing": scripted("hang", drivers=False, timeout={"first_token": 0.2}),
    "a stream stalls": scripted("stall", stream=True, text="count: 20", drivers=False, timeout={"idle": 0.2}),
    "a repeat would begin after `timeout.total`": scripted(
        "500", timeout={"total": 5}, retry={"initial": 6, "max": 6, "max_attempts": 2}
    ),
    "`timeout.total` ends in an attempt": scripted("hang", drivers=False, timeout={"total": 0.2}),
    "the breaker is open": fail_twice,
    "the breaker opens between two attempts": scripted("500", "500", circuit_breaker={"failures": 2}),
    "all places are taken, `on_limit: fail`": lambda scene: fill(scene, on_limit="fail"),
    "`max_wait` is over": lambda scene: fill(scene, max_wait=0.1),
    "the Redis of the cache is dead": scripted(cache={"store": "redis://127.0.0.1:1/0"}),
    "the Redis of the limits is dead": scripted(limits={"store": "redis://127.0.0.1:1/0", "concurrency": 2}),
    "the centre of the configs is dead": lose_the_centre,
    "a changed file is wrong": change_badly,
}


@pytest.mark.parametrize("row", ROWS)
def test_what_happens_when(row: str, scene: Scene) -> None:
    told, trail = ROWS[row]
    with ThreadPoolExecutor(1) as threads:  # an event loop cannot run within another
        try:
            outcome = threads.submit(SCENES[row], scene).result()
        except errors.ModelCallError as error:
            cause = error.__cause__ if isinstance(error.__cause__, errors.TimeoutError) else error
            more = getattr(cause, "bound", None) or (error.code if error.code == "local_limit" else None)
            found = " ".join(filter(None, [type(error).__name__, more]))
            outcome = error
        else:
            seconds = scene.model.drivers.clock() if isinstance(scene.model.drivers, VirtualDrivers) else 0
            found = f"an answer after {seconds:g} s" if seconds else "an answer"
    assert (found, ", ".join(attempt.outcome for attempt in outcome.trail)) == (told, trail)


def test_every_row_is_played() -> None:
    assert list(SCENES) == list(ROWS)
