"""Observers by name: where they are named, what is said of a wrong name, and that each is made once and closed."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import modelhub
from modelhub import ConfigError, ModelRegistry, PluginError, events
from modelhub.registry.observers import OBSERVERS
from modelhub.telemetry.log import Log
from modelhub.testing import Replay

CHAT = {"config_name": "m", "model_type": "openai_chat", "api_key": "${OPENAI_API_KEY}", "model_name": "gpt"}
OK = {"body": '{"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}'}
PLUGIN = """
from pathlib import Path

MADE = []

class Watcher:
    def __init__(self, *given):
        self.given, self.told, self.closed = given, [], 0
        MADE.append(self)

    def __call__(self, event):
        self.told.append(type(event).__name__)

    def close(self):
        self.closed += 1

def plain():
    return Watcher()

def wants_one(text):
    return Watcher(text)

def fails(text=None):
    raise KeyError("why")

def misused(text=None):
    raise ValueError(f"there is no {text}")

def lacks(text=None):
    import a_library_that_is_not_here

def gives_none(text=None):
    return None

class CannotClose(Watcher):
    def close(self):
        super().close()
        raise RuntimeError("no")

nothing = None
"""
ENTRY_POINTS = """[modelhub.observers]
acme = acme_watch:plain
acme_any = acme_watch:Watcher
acme_one = acme_watch:wants_one
acme_fails = acme_watch:fails
acme_misused = acme_watch:misused
acme_lacks = acme_watch:lacks
acme_none = acme_watch:gives_none
acme_nothing = acme_watch:nothing
acme_gone = acme_watch:gone
acme_stuck = acme_watch:CannotClose
"""


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A package with observers; what they are: the list of those that were made."""
    folder = tmp_path / "site"
    info = folder / "acme_watch-1.5.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-watch\nVersion: 1.5\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (folder / "acme_watch.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.delenv("MODELHUB_OBSERVERS", raising=False)
    OBSERVERS.forget()
    import acme_watch  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]

    yield acme_watch.MADE
    del sys.modules["acme_watch"]
    OBSERVERS.forget()


def call(hub: ModelRegistry) -> None:
    hub.get_model("m").drivers = Replay([OK])
    assert hub.get_model("m")("hi").text == "hi"


def test_a_name_is_an_observer(made: Any) -> None:
    told: list[events.Event] = []
    with ModelRegistry(CHAT, observers=["acme", told.append, "acme_any:with:text", "acme_one"]) as hub:
        assert [each.given for each in made] == [(), ("with:text",), (None,)]
        hub.observe("acme_any")
        call(hub)
        assert [each.told for each in made] == [[type(event).__name__ for event in told]] * 4
        assert [each.closed for each in made] == [0] * 4
    assert [each.closed for each in made] == [1] * 4
    hub.close()
    assert [each.closed for each in made] == [1] * 4


def test_the_environment_adds_names(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELHUB_OBSERVERS", " acme_any:x, acme,, log:json ")
    with modelhub.init(CHAT, observers=["acme"]) as hub:
        assert [each.given for each in made] == [(), ("x",)]
        assert [type(each) for each in hub._observing.told][2] is Log
        hub.observe("acme_any:x")
        hub.observe(" acme ")
        hub.observe("acme_any:y")
        assert [each.given for each in made] == [(), ("x",), ("y",)]


def test_observe_is_a_decorator(made: Any) -> None:
    with ModelRegistry(CHAT) as hub:
        told: list[str] = []

        @hub.observe
        def watch(event: events.Event) -> None:
            told.append(type(event).__name__)

        call(hub)
        assert callable(watch)
        assert told[0] == "CallStarted"


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("promethues", ConfigError, "MH505 there is no observer 'promethues'; did you mean 'prometheus'?"),
        ("xyzzy:1", ConfigError, "MH505 there is no observer 'xyzzy'; the observers are: "),
        ("", ConfigError, "MH505 there is no observer ''"),
        ("log:xml", ConfigError, "MH505 the observer 'log' cannot be made: write log or log:json, not log:xml"),
        ("record", ConfigError, "MH505 the observer 'record' cannot be made: write record:FOLDER"),
        ("prometheus:http", ConfigError, "write prometheus, prometheus:PORT or prometheus:HOST:PORT"),
        ("prometheus:70000", ConfigError, "write prometheus, prometheus:PORT or prometheus:HOST:PORT"),
        ("acme_misused:it", ConfigError, "MH505 the observer 'acme_misused' cannot be made: there is no it"),
        ("acme_lacks", ConfigError, "MH506 the observer 'acme_lacks' needs the module 'a_library_that_is_not_here'"),
        (
            "acme_lacks",
            ConfigError,
            "install it; acme_lacks (acme-watch 1.5, acme_watch:lacks) should have asked for it",
        ),
        ("acme_fails", PluginError, "the observer 'acme_fails' cannot be made: KeyError: 'why'"),
        ("acme_none", PluginError, "the observer 'acme_none' is no function that takes an event, but NoneType"),
        (
            "acme_nothing",
            PluginError,
            "observer acme_nothing (acme-watch 1.5, acme_watch:nothing) cannot be used: it cannot",
        ),
        ("acme_gone", PluginError, "cannot be used: importing it raised AttributeError"),
    ],
)
def test_a_name_that_cannot_be_used(name: str, kind: type, said: str, made: Any, monkeypatch: Any) -> None:
    with pytest.raises(kind) as caught:
        ModelRegistry(CHAT, observers=["acme", name])
    assert said in str(caught.value)
    assert "MODELHUB_OBSERVERS" not in str(caught.value)
    with ModelRegistry(CHAT) as hub, pytest.raises(kind):
        hub.observe(name)
    if name:
        monkeypatch.setenv("MODELHUB_OBSERVERS", f"acme,{name},acme")
        with pytest.raises(kind) as caught:
            ModelRegistry(CHAT)
        assert said in str(caught.value).replace(" in $MODELHUB_OBSERVERS", "")
        assert ("in $MODELHUB_OBSERVERS" in str(caught.value)) or kind is PluginError
    assert [each.closed for each in made] == [1] * len(made)


@pytest.mark.parametrize("wrong", [7, None, ["log"]])
def test_what_is_no_observer(wrong: Any, made: Any) -> None:
    with pytest.raises(TypeError, match="an observer is a name, or a function that takes an event"):
        ModelRegistry(CHAT, observers=[wrong])
    with pytest.raises(TypeError, match=r"write observers=\['log'\]"):
        ModelRegistry(CHAT, observers="log")


@pytest.mark.parametrize(
    ("name", "module", "package"),
    [("prometheus", "prometheus_client", "prometheus-client"), ("otel", "opentelemetry", "opentelemetry-api")],
)
def test_a_library_that_is_missing_is_named(name: str, module: str, package: str, made: Any, monkeypatch: Any) -> None:
    if name not in OBSERVERS:
        pytest.skip("it is not installed")
    monkeypatch.setattr("modelhub.registry.observers.find_module", lambda name: None if name == module else True)
    with pytest.raises(ConfigError, match="MH506") as caught:
        ModelRegistry(CHAT, observers=[name])
    assert f"needs the module {module!r}" in str(caught.value)
    assert f"pip install {package}" in str(caught.value)


def test_configs_that_are_wrong_are_told_first_and_no_observer_is_made(made: Any) -> None:
    with pytest.raises(ConfigError, match="MH10"):
        ModelRegistry({"config_name": "m"}, observers=["acme"])
    assert made == []


def test_names_cross_to_other_processes(made: Any) -> None:
    told: list[events.Event] = []
    with ModelRegistry(CHAT, observers=["acme_any:x", told.append]) as hub:
        with pickle.loads(pickle.dumps(hub)) as other:
            assert [each.given for each in made] == [("x",), ("x",)]
            call(other)
            assert [len(each.told) > 0 for each in made] == [False, True]
        model = pickle.loads(pickle.dumps(hub.get_model("m")))
        assert made[-1] in model.home.observers
        with copy.deepcopy(hub) as twin:
            assert len(twin._observing.told) == 2
    assert told == []


def test_observers_end_with_a_registry_that_nobody_has(made: Any) -> None:
    hub = ModelRegistry(CHAT, observers=["acme_stuck", "acme"])
    call(hub)
    del hub
    gc.collect()
    assert [each.closed for each in made] == [1, 1]


def test_async_closing_closes_them(made: Any) -> None:
    async def run() -> None:
        async with ModelRegistry(CHAT, observers=["acme"]) as hub:
            hub.get_model("m").drivers = Replay([OK])
            assert (await hub.get_model("m").acall("hi")).text == "hi"

    asyncio.run(run())
    assert [each.closed for each in made] == [1]


def test_the_end_of_the_program_and_the_commands(made: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """One process: the observer of the environment is made, is told, and is closed at the end."""
    (tmp_path / "models.json").write_text(
        '{"config_name": "m", "model_type": "post_api_chat", "api_url": "http://127.0.0.1:9"}'
    )
    code = (
        "import atexit, sys, modelhub; sys.path.insert(0, sys.argv[1]); import acme_watch;"
        "atexit.register(lambda: print([(w.closed, w.told[0], w.told[-1]) for w in acme_watch.MADE]));"
        "m = modelhub.init(sys.argv[2]).get_model('m')\n"
        "try: m('hi', retry={'max_attempts': 1})\n"
        "except modelhub.ModelCallError as error: print(type(error).__name__)"
    )
    monkeypatch.setenv("MODELHUB_OBSERVERS", "acme")
    arguments = [sys.executable, "-c", code, str(tmp_path / "site"), str(tmp_path / "models.json")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.splitlines() == ["ConnectionError", "[(1, 'CallStarted', 'CallEnded')]"]
    assert done.stderr == ""
    monkeypatch.setenv("MODELHUB_OBSERVERS", "log")
    arguments = [sys.executable, "-m", "modelhub", "call", "-c", str(tmp_path / "models.json"), "m", "hi"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "m post_api_chat" in done.stderr
    assert "failed: ConnectionError" in done.stderr
    assert done.stdout == ""


def test_plugins_are_listed(made: Any, tmp_path: Path) -> None:
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from modelhub.cli import main; main()"
    command = [sys.executable, "-c", code, str(tmp_path / "site"), "plugins"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    lines = [line.split() for line in done.stdout.splitlines() if "acme_any" in line]
    assert lines == [["installed", "acme_any", "acme-watch", "1.5", "acme_watch:Watcher", "observer"]]
    assert "acme_gone" in done.stdout
    assert "prometheus" not in done.stdout  # those of modelhub itself are no plugins
