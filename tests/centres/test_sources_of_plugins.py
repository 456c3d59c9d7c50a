"""Schemes of plugins, by the hook ``load_source``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.configs import load
from modelhub.errors import ConfigWarning
from modelhub.hooks import hookimpl
from modelhub.plugins.hooks import HOOKS, load_hooks

A = "- {config_name: a, model_type: openai_chat, model_name: m}\n"
B = "- {config_name: b, model_type: openai_chat, model_name: m}\n"
SECRET = "hunter2-of-alice"


class Drawer:
    """A plugin that keeps texts in a dict."""

    def __init__(self) -> None:
        self.texts: dict[str, Any] = {}
        self.asked: list[tuple[str, Any]] = []
        self.error: Exception | None = None

    @hookimpl
    def load_source(self, scheme: str, url: str, last: Any) -> Any:
        if scheme != "drawer":
            return None
        self.asked.append((url, last))
        if self.error is not None:
            raise self.error
        name = url.partition("://")[2].partition("?")[0].rpartition("@")[2]
        if name not in self.texts:
            raise LookupError(f"there is nothing in the drawer of {url}")
        return self.texts[name]


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    plugin = Drawer()
    load_hooks().register(plugin)
    yield plugin
    load_hooks().unregister(plugin)
    HOOKS.forget()


def test_a_plugin_is_asked_and_followed(drawer: Drawer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAWER_KEY", SECRET)
    drawer.texts["models.yaml"] = (A, 1)
    address = "drawer://${DRAWER_KEY}@models.yaml?every=0.1"
    with ModelRegistry(address, watch=True) as hub:
        assert hub.names() == ["a"]
        assert drawer.asked[0] == (f"drawer://{SECRET}@models.yaml?every=0.1", None)
        told: SimpleQueue[Any] = SimpleQueue()
        hub.on_reload(told.put)
        drawer.texts["models.yaml"] = (None, 1)
        end = time.monotonic() + 10
        while len(drawer.asked) < 4:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert drawer.asked[-1][1] == 1
        assert hub.names() == ["a"] and told.empty()
        drawer.texts["models.yaml"] = ((A + B).encode(), "two")
        assert told.get(timeout=10).added == ("b",)
        drawer.error = OSError(f"the key {SECRET} opens nothing")
        assert hub.names() == ["a", "b"]
    with pytest.warns(ConfigWarning, match="out of reach") as warned:
        hub = ModelRegistry(address)
    assert hub.names() == ["a", "b"]
    assert SECRET not in str(warned[0].message)
    assert str(warned[0].message).startswith("drawer://models.yaml?every=0.1: MH101 ")


WRONG: dict[str, tuple[Any, str]] = {
    "nothing": (None, "nothing reads configs from drawer://"),
    "a text alone": (A, "gives no (text, version)"),
    "three": ((A, 1, 2), "gives no (text, version)"),
    "a number": ((7, 1), "gives no (text, version)"),
    "not changed, the first time": ((None, 1), "gives no (text, version)"),
    "too large": ((b"#" * (11 << 20), 1), "larger than 10 MB"),
    "not UTF-8": ((b"\xff", 1), "not UTF-8"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_plugin_must_give(name: str, drawer: Drawer) -> None:
    drawer.texts["m.yaml"], message = WRONG[name]
    (problem,) = load("drawer://m.yaml").problems
    assert (problem.code, problem.file) == ("MH101", "drawer://m.yaml")
    assert message in problem.message


def test_errors_of_a_plugin(drawer: Drawer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAWER_KEY", SECRET)
    (problem,) = load("drawer://${DRAWER_KEY}@gone.yaml").problems
    assert problem.message == "there is nothing in the drawer of drawer://***@gone.yaml"
    drawer.error = ValueError(f"{SECRET} is wrong")
    (problem,) = load("drawer://${DRAWER_KEY}@gone.yaml").problems
    assert problem.message == "the plugin for drawer:// failed: ValueError"


def test_schemes_of_nobody() -> None:
    (problem,) = load("etdc://h/k").problems
    assert (problem.message, problem.hint) == ("nothing reads configs from etdc://", "did you mean etcd://?")
    (problem,) = load("s3://bucket/m.yaml").problems
    assert "https://" in (problem.hint or "") and "plugins" in (problem.hint or "")
    (problem,) = load("file:///a/m.yaml").problems
    assert "without file://" in (problem.hint or "")
