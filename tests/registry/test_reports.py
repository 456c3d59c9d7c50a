"""What a reload reports: config_names, compared by the values that are in effect."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

import pytest

import modelhub
from modelhub import ReloadReport
from modelhub.errors import ConfigError
from modelhub.registry.registry import ModelRegistry
from modelhub.registry.report import is_same

A = "{config_name: a, model_type: openai_chat, model_name: m}"
B = "{config_name: b, model_type: openai_chat, model_name: m}"
PROFILED = f"models: [{A}, {B}]\nprofiles:\n  prod: {{b: {{timeout: 9}}}}\n"

# The files before and after, and the names of what was added, changed, removed and left.
CHANGES: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "nothing": ({"m.yaml": f"[{A}]"}, {}, "|||a"),
    "spaces, comments and places": ({"m.yaml": f"[{A}]"}, {"m.yaml": f"# first\n\n- {A}\n"}, "|||a"),
    "the order of keys": (
        {"m.yaml": f"[{A}]"},
        {"m.yaml": "[{model_name: m, config_name: a, model_type: openai_chat}]"},
        "|||a",
    ),
    "the order of configs": ({"m.yaml": f"[{A}, {B}]"}, {"m.yaml": f"[{B}, {A}]"}, "|||b a"),
    "a new one": ({"m.yaml": f"[{A}]"}, {"m.yaml": f"[{B}, {A}]"}, "b|||a"),
    "one less": ({"m.yaml": f"[{A}, {B}]"}, {"m.yaml": f"[{B}]"}, "||a|b"),
    "another name": ({"m.yaml": f"[{A}]"}, {"m.yaml": f"[{B}]"}, "b||a|"),
    "another value": ({"m.yaml": f"[{A}, {B}]"}, {"m.yaml": f"[{A}, {B.replace(': m}', ': n}')}]"}, "|b||a"),
    "true for 1": (
        {"m.yaml": f"[{A.replace('m}', 'm, generate_args: {seed: 1}}')}]"},
        {"m.yaml": f"[{A.replace('m}', 'm, generate_args: {seed: 1.0}}')}]"},
        "|a||",
    ),
    "a key removed": ({"m.yaml": f"[{A[:-1]}, timeout: 3}}]"}, {"m.yaml": f"[{A}]"}, "|a||"),
    "defaults": (
        {"m.yaml": f"defaults: {{all: {{timeout: 3}}}}\nmodels: [{A}, {B[:-1]}, timeout: 4}}]"},
        {"m.yaml": f"defaults: {{all: {{timeout: 5}}}}\nmodels: [{A}, {B[:-1]}, timeout: 4}}]"},
        "|a||b",
    ),
    "a default written out": (
        {"m.yaml": f"defaults: {{all: {{timeout: 3}}}}\nmodels: [{A}]"},
        {"m.yaml": f"[{A[:-1]}, timeout: 3}}]"},
        "|||a",
    ),
    "extends": (
        {"m.yaml": f"[{A}, {{config_name: b, extends: a, timeout: 1}}, {{config_name: c, extends: b, stream: true}}]"},
        {"m.yaml": f"[{A}, {{config_name: b, extends: a, timeout: 2}}, {{config_name: c, extends: b, stream: true}}]"},
        "|b c||a",
    ),
    "the profile in use": ({"m.yaml": PROFILED}, {"m.yaml": PROFILED.replace("9", "8")}, "|b||a"),
    "an included file": (
        {"m.yaml": "include: i.yaml\nmodels: []", "i.yaml": A},
        {"i.yaml": A.replace(": m}", ": n}")},
        "|a||",
    ),
    "a new file for a pattern": (
        {"m.yaml": "include: 'team/*.yaml'\nmodels: []", "team/a.yaml": A},
        {"team/b.yaml": B},
        "b|||a",
    ),
    "moved to an included file": (
        {"m.yaml": f"include: i.yaml\nmodels: [{A}]", "i.yaml": B},
        {"m.yaml": "include: i.yaml\nmodels: []", "i.yaml": f"[{A}, {B}]"},
        "|||a b",
    ),
    "another format": (
        {"m.yaml": A, "n.yaml": B},
        {"m.yaml": '{"config_name": "a", "model_type": "openai_chat", "model_name": "m"}'},
        "|||a b",
    ),
    "an old spelling made new": (
        {"m.yaml": "[{config_name: a, model_type: openai, model_name: m}]"},
        {"m.yaml": f"[{A}]"},
        "|||a",
    ),
}


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.filterwarnings("ignore::modelhub.ConfigWarning")
@pytest.mark.parametrize("change", CHANGES)
def test_a_report(change: str, tmp_path: Path) -> None:
    before, after, expected = CHANGES[change]
    put(tmp_path, before)
    profile = "prod" if "profiles" in before["m.yaml"] else ""
    source = [tmp_path / name for name in before if name in ("m.yaml", "n.yaml")]
    hub = ModelRegistry(source, profile=profile)
    assert (hub.generation, hub.last_error) == (1, None)
    models = {name: hub.get_model(name) for name in hub.names()}
    put(tmp_path, after)
    report = hub.reload()
    added, changed, removed, unchanged = (tuple(names.split()) for names in expected.split("|"))
    number = 2 if added or changed or removed else 1
    assert report == ReloadReport(added, changed, removed, unchanged, number)
    assert hub.generation == number
    for name in hub:
        assert (hub.get_model(name) is models.get(name)) == (name in unchanged)
    assert hub.reload() == ReloadReport((), (), (), tuple(hub.names()), number)


def test_a_report_is_a_record() -> None:
    assert modelhub.ReloadReport is ReloadReport
    assert [field.name for field in dataclasses.fields(ReloadReport)] == [
        "added", "changed", "removed", "unchanged", "generation",
    ]  # fmt: skip
    with pytest.raises(dataclasses.FrozenInstanceError):
        ReloadReport((), (), (), (), 1).generation = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1, True),
        (1, True, False),
        (1, 1.0, False),
        (float("nan"), float("nan"), True),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, True),
        ({"a": [1]}, {"a": [1, 2]}, False),
        ({"a": [0]}, {"a": [False]}, False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
    ],
)
def test_sameness(one: Any, other: Any, same: bool) -> None:
    assert is_same(one, other) is same


def test_an_invalid_candidate_changes_nothing_and_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"[{A}]")
    hub = ModelRegistry(path)
    model, heard = hub.get_model("a"), []

    @hub.on_reload
    def broken(news: object) -> None:
        raise ZeroDivisionError

    hub.on_reload(heard.append)
    path.write_text(f"- {A}\n- {B[:-1]}, nonsense: 1}}\n")
    with pytest.raises(ConfigError) as caught:
        hub.reload()
    assert hub.last_error is caught.value
    assert hub.last_error.problems[0].place == f"{path}:2:60"
    assert (hub.names(), hub.generation, hub.get_model("a") is model) == (["a"], 1, True)
    path.write_text(f"[{A}, {B}]")
    report = hub.reload()
    assert hub.last_error is None
    assert heard == [caught.value, report]
    assert [record.message.partition(" failed: ")[2] for record in caplog.records] == ["ZeroDivisionError: "] * 2
    with pytest.raises(TypeError, match="a callback is a function"):
        hub.on_reload("print")  # type: ignore[type-var]


def test_relative_paths_stay_where_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    put(tmp_path, {"m.yaml": f"include: i.yaml\nmodels: [{A}]", "i.yaml": B})
    monkeypatch.chdir(tmp_path)
    hub = ModelRegistry(["m.yaml", {"config_name": "c", "model_type": "openai_chat", "model_name": "m"}])
    monkeypatch.chdir("elsewhere")
    assert hub.reload() == ReloadReport((), (), (), ("b", "a", "c"), 1)


def test_a_registry_of_nothing() -> None:
    assert ModelRegistry().reload() == ReloadReport((), (), (), (), 1)


def test_what_was_replaced_is_not_placed_in_the_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    path = tmp_path / "m.yaml"
    path.write_text(f"[{A[:-1]}, api_key: '${{NO_SUCH_KEY}}'}}]")
    hub = ModelRegistry(path)
    old = hub.get_model("a")
    path.write_text(f"\n[{A[:-1]}, api_key: '${{NO_SUCH_KEY}}', timeout: 2}}]")
    hub.reload()
    for model, place in ((old, "model_configs.api_key: "), (hub.get_model("a"), f"{path}:2:")):
        with pytest.raises(ConfigError) as caught:
            model("hello")
        assert str(caught.value).startswith(place)


def test_get_model_while_reloads_happen(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"[{A}, {B}]")
    hub = ModelRegistry(path)
    kept = hub.get_model("a")
    failures: list[object] = []
    done = threading.Event()

    def fetch() -> None:
        while not done.is_set():
            try:
                if hub.get_model("a") is not kept or hub.get_model("b").config_name != "b" or "b" not in hub:
                    failures.append("another model")
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(100):
        path.write_text(f"[{A}, {B[:-1]}, timeout: {number + 1}}}]")
        assert hub.reload() == ReloadReport((), ("b",), (), ("a",), number + 2)
        assert hub.config("b")["timeout"] == number + 1
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert hub.get_model("b").config_name == "b"
