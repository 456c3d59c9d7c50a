"""What a registry does with a centre, whatever its kind: read it, follow it, do without it while it is away."""

from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from modelhub import ModelRegistry, ReloadReport
from modelhub.centres.answers import OutOfReach, Text
from modelhub.centres.centre import Centre
from modelhub.centres.following import Follower
from modelhub.centres.parsing import parse_address
from modelhub.errors import ConfigError, ConfigWarning
from modelhub.testing import MockServer

KEY = "models.yaml"
A = "- {config_name: a, model_type: openai_chat, model_name: m}\n"
B = "- {config_name: b, model_type: openai_chat, model_name: m}\n"
WRONG = f"{A[:-2]}, nonsense: 1}}\n"


def count_threads() -> int:
    return sum(thread.name.startswith("modelhub-") for thread in threading.enumerate())


def wait_until(reached: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_it_is_read_and_followed(centre: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelhub.centres.following.REFUSED", 0.5)
    centre.put(KEY, A)
    before = count_threads()
    with ModelRegistry(centre.find_address(KEY), watch=True) as hub:
        assert hub.names() == ["a"]
        model = hub.get_model("a")
        told: SimpleQueue[Any] = SimpleQueue()
        hub.on_reload(told.put)
        centre.put(KEY, A + B)
        assert told.get(timeout=20) == ReloadReport(("b",), (), (), ("a",), 2)
        assert hub.get_model("a") is model
        centre.put(KEY, WRONG)
        refusal = told.get(timeout=20)
        assert refusal is hub.last_error
        (problem,) = refusal.problems
        place = centre.find_address(KEY)
        assert (problem.code, problem.file, problem.line, problem.column) == ("MH103", place, 1, 60)
        centre.remove(KEY)
        refusal = told.get(timeout=20)
        assert (refusal.problems[0].code, refusal.problems[0].file) == ("MH101", place)
        assert hub.names() == ["a", "b"]
        centre.put(KEY, B)
        assert told.get(timeout=20) == ReloadReport((), (), ("a",), ("b",), 3)
        start = time.monotonic()
    assert time.monotonic() - start < 1
    wait_until(lambda: count_threads() == before)


def test_a_centre_that_is_killed(
    centre: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No call fails while the centre is away, it is told once, and followed again when it is back."""
    monkeypatch.setattr("modelhub.centres.pause.LONGEST", 0.5)
    monkeypatch.setattr("modelhub.centres.pause.SHORTEST", 0.1)
    with MockServer() as server:
        client = f"client_args: {{base_url: '{server.url}/v1'}}"
        line = f"- {{config_name: %s, model_type: openai_chat, api_key: k, {client}}}\n"
        centre.put(KEY, line % "a")
        failures: list[BaseException] = []
        calls = 0
        stop = threading.Event()

        def call(hub: ModelRegistry) -> None:
            nonlocal calls
            while not stop.is_set():
                try:
                    assert hub.get_model("a")("hi", stream=True).text
                    calls += 1
                except BaseException as error:
                    failures.append(error)

        with ModelRegistry(centre.find_address(KEY), watch=True) as hub, caplog.at_level(logging.INFO, "modelhub"):
            thread = threading.Thread(target=call, args=(hub,))
            thread.start()
            wait_until(lambda: calls > 3)
            centre.kill()
            wait_until(lambda: "out of reach" in caplog.text)
            reached = calls
            with pytest.raises(ConfigError) as caught:
                hub.reload()
            assert caught.value is hub.last_error
            assert hub.names() == ["a"]
            time.sleep(1)  # two more attempts fail
            assert caplog.text.count("out of reach") == 1
            centre.start()
            centre.put(KEY, line % "a" + line % "b")
            wait_until(lambda: hub.names() == ["a", "b"])
            wait_until(lambda: calls > reached)
            assert caplog.text.count("can be reached again") == 1
            stop.set()
            thread.join()
    assert failures == []


def test_an_empty_text_is_read_again(plain_web: Any) -> None:
    """What somebody may be writing is not believed at once, and is asked for again before it is."""
    plain_web.put(KEY, A)
    with ModelRegistry(plain_web.find_address(KEY).replace("0.2", "60"), watch=True) as hub:
        told: SimpleQueue[Any] = SimpleQueue()
        hub.on_reload(told.put)
        (centre,) = hub._loader.centres._centres.values()  # type: ignore[union-attr]
        for half in ("", "[]", "# models\n"):
            centre._keep(type(centre.last)(half.encode()))  # as if it had been asked at the worst moment
            wait_until(lambda: centre.last.content == A.encode())
            told.get(timeout=20)
            assert (hub.names(), hub.last_error) == (["a"], None)
        plain_web.put(KEY, "[]")
        centre._keep(type(centre.last)(b"[]"))
        assert told.get(timeout=20).removed == ("a",)


def test_files_are_followed_while_a_centre_is_away(plain_web: Any, tmp_path: Path) -> None:
    plain_web.put(KEY, A)
    path = tmp_path / "b.yaml"
    path.write_text(B)
    with ModelRegistry([plain_web.find_address(KEY), path], watch=True) as hub:
        told: SimpleQueue[Any] = SimpleQueue()
        hub.on_reload(told.put)
        plain_web.kill()
        path.write_text(B.replace("b", "c"))
        assert told.get(timeout=20) == ReloadReport(("c",), (), ("b",), ("a",), 2)


def test_the_copy_on_disk_serves(centre: Any, cache: Path) -> None:
    text = f"{A[:-2]}, api_key: '${{SOME_KEY}}'}}\n"
    centre.put(KEY, text)
    address = centre.find_address(KEY)
    ModelRegistry(address).close()
    (copy,) = cache.iterdir()
    assert (copy.stat().st_mode & 0o777, cache.stat().st_mode & 0o777) == (0o600, 0o700)
    assert text in copy.read_text()
    centre.kill()
    with pytest.warns(ConfigWarning, match=r"out of reach, so its last good copy .* \d seconds? old") as warned:
        hub = ModelRegistry(address, watch=True)
    assert str(warned[0].message).startswith(f"{address}: MH101 ")
    assert hub.names() == ["a"]
    assert [each for each in warned if each.filename != __file__] == []
    told: SimpleQueue[Any] = SimpleQueue()
    hub.on_reload(told.put)
    centre.start()
    centre.put(KEY, text + B)
    assert told.get(timeout=30) == ReloadReport(("b",), (), (), ("a",), 2)
    wait_until(lambda: B in copy.read_text())
    hub.close()
    centre.kill()
    copy.write_text(copy.read_text()[:-1])
    with pytest.raises(ConfigError) as caught:
        ModelRegistry(address)
    assert caught.value.problems[0].file == address


def test_only_what_was_in_use_is_kept(plain_web: Any, cache: Path) -> None:
    plain_web.put(KEY, WRONG)
    with pytest.raises(ConfigError):
        ModelRegistry(plain_web.find_address(KEY))
    assert not cache.exists()
    plain_web.put(KEY, A)
    hub = ModelRegistry(plain_web.find_address(KEY))
    plain_web.put(KEY, WRONG)
    with pytest.raises(ConfigError):
        hub.reload()
    (copy,) = cache.iterdir()
    assert copy.read_text().endswith(A)
    plain_web.put(KEY, A + B)
    hub.reload()
    assert copy.read_text().endswith(A + B)


def test_a_dropped_registry_ends_its_threads(centre: Any) -> None:
    centre.put(KEY, A)
    before = count_threads()
    hub = ModelRegistry(centre.find_address(KEY), watch=True)
    assert count_threads() == before + 2
    gone = weakref.ref(hub)
    del hub
    wait_until(lambda: gc.collect() >= 0 and gone() is None)
    wait_until(lambda: count_threads() == before)


def test_close_while_a_centre_hangs(plain_web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the thread that follows it nor the one that reads half-written texts again holds up ``close``."""
    hanging, go_on = threading.Event(), threading.Event()

    def hang(path: str) -> None:
        hanging.set()
        go_on.wait(30)

    plain_web.put(KEY, A)
    before = count_threads()
    hub = ModelRegistry(plain_web.find_address(KEY), watch=True)
    plain_web.override = hang
    assert hanging.wait(10)
    (centre,) = hub._loader.centres._centres.values()  # type: ignore[union-attr]
    centre._keep(type(centre.last)(b""))
    wait_until(lambda: len(centre._open) == 1)
    start = time.monotonic()
    hub.close()
    assert time.monotonic() - start < 2
    wait_until(lambda: count_threads() == before, 3)
    go_on.set()


def test_a_centre_is_not_asked_without_end(centre: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing changes, a watch waits, and what is asked is asked at its pace."""
    asked: list[float] = []
    original = Centre.ask

    def ask(self: Centre, connection: Any) -> Any:
        asked.append(time.monotonic())
        return original(self, connection)

    monkeypatch.setattr(Centre, "ask", ask)
    centre.put(KEY, A)
    address = centre.find_address(KEY)
    with ModelRegistry(address, watch=True):
        time.sleep(2)
        most = 2 / 0.2 + 2 if "every=" in address else 3
        assert len(asked) <= most


class Stage:
    """A connection whose answers and waits are a test's."""

    every = None

    def __init__(self, wait: Callable[[], None]) -> None:
        self._wait = wait
        self.asked = 0

    def ask(self, last: Text | None) -> Text:
        self.asked += 1
        return Text(A.encode(), "1")

    def wait(self, text: Text) -> None:
        self._wait()

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("seconds", [0.0, 0.1])
def test_waits_that_end_without_an_answer(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that end at once are failures, with pauses that grow; those that a proxy ends after a while are none."""

    def wait() -> None:
        time.sleep(seconds)
        raise OutOfReach("cut")

    stage = Stage(wait)
    monkeypatch.setattr("modelhub.centres.following.open_connection", lambda address: stage)
    monkeypatch.setattr("modelhub.centres.following.PATIENCE", 0.1)
    monkeypatch.setattr("modelhub.centres.pause.SHORTEST", 0.02)
    follower = Follower(Centre(parse_address("etcd://h/k")))
    if seconds:
        wait_until(lambda: stage.asked > 12)  # with pauses that grow, it would take a minute
    else:
        time.sleep(2)
        assert stage.asked <= 8
    follower.close()
    follower.join(5)


def test_news_that_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A centre, or something before it, that says at once that there are news is not asked as fast as it can."""
    stage = Stage(lambda: None)
    monkeypatch.setattr("modelhub.centres.following.open_connection", lambda address: stage)
    follower = Follower(Centre(parse_address("etcd://h/k")))
    time.sleep(1)
    follower.close()
    follower.join(5)
    assert 2 <= stage.asked <= 6
