"""A reload or an init that fails, in whatever way, changes nothing."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import modelhub
from modelhub.compat.agentscope.manager import ModelManager
from modelhub.errors import ConfigError, ConfigWarning
from modelhub.registry import checking, default
from modelhub.registry.registry import ModelRegistry
from modelhub.registry.types import KnownTypes

BEFORE = "- {config_name: a, model_type: openai_chat, model_name: m, timeout: 1}\n"
AFTER = BEFORE.replace("timeout: 1", "timeout: 2") + "- {config_name: b, model_type: openai_chat, model_name: m}\n"


class Broken(Exception):
    """What no code of modelhub catches."""


def write(path: Path, text: str) -> None:
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir()
    path.write_text(text)


def refuse(*_: Any, **__: Any) -> Any:
    raise Broken


def interrupt(*_: Any, **__: Any) -> Any:
    raise KeyboardInterrupt


# What has happened to the file, and what a part of the library does then.
FAILURES: dict[str, tuple[Callable[[Path], None], Callable[[pytest.MonkeyPatch], None], type[BaseException]]] = {
    "gone": (lambda path: shutil.rmtree(path.parent), lambda patch: None, ConfigError),
    "no text": (lambda path: path.write_bytes(b"\xff\0"), lambda patch: None, ConfigError),
    "a folder": (lambda path: (path.unlink(), path.mkdir())[0], lambda patch: None, ConfigError),
    "syntax": (lambda path: write(path, AFTER + "- [\n"), lambda patch: None, ConfigError),
    "duplicate": (lambda path: write(path, AFTER + AFTER), lambda patch: None, ConfigError),
    "unknown type": (lambda path: write(path, AFTER.replace("openai_chat", "x")), lambda patch: None, ConfigError),
    "another program's": (
        lambda path: write(path, "model_list: []\nlitellm_settings: {}\n"),
        lambda p: None,
        ConfigError,
    ),
    "a warning": (
        lambda path: write(path, AFTER.replace("m}", "m, generate_args: {our_option: 1}}")),
        lambda patch: None,
        ConfigWarning,
    ),
    "the last of several warnings": (
        lambda path: write(path, AFTER.replace("model_name: m", "model_name: m, max_tokens: 1")),
        lambda patch: warnings.filterwarnings("ignore", message=".*:1:"),
        ConfigWarning,
    ),
    "a plugin's schema": (
        lambda path: write(path, AFTER),
        lambda patch: patch.setattr(KnownTypes, "__contains__", refuse),
        Broken,
    ),
    "while checking": (
        lambda path: write(path, AFTER),
        lambda patch: patch.setattr(checking, "check", refuse),
        Broken,
    ),
    "ctrl-C while warning": (
        lambda path: write(path, AFTER),
        lambda patch: patch.setattr(checking, "warn", interrupt),
        KeyboardInterrupt,
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("how", ["reload", "init"])
def test_a_failure_changes_nothing(failure: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "conf" / "m.yaml"
    path.parent.mkdir()
    path.write_text(BEFORE)
    monkeypatch.setattr(default, "_default", None)
    hub = modelhub.init(path)
    model = hub.get_model("a")
    change, patch, kind = FAILURES[failure]
    change(path)
    with warnings.catch_warnings(), monkeypatch.context() as patched:
        warnings.simplefilter("error")
        patch(patched)
        with pytest.raises(kind):
            hub.reload() if how == "reload" else modelhub.init(path)
    assert hub.names() == ["a"]
    assert hub.get_model("a") is model is modelhub.get_model("a")
    assert hub.config("a")["timeout"] == 1
    write(path, AFTER)
    hub.reload()
    assert hub.names() == ["a", "b"]
    assert hub.get_model("a") is not model


def test_agentscopes_manager_is_left_alone_too() -> None:
    manager = ModelManager()
    one = {"config_name": "a", "model_type": "openai_chat"}
    manager.load_model_configs(one)
    model = manager.get_model_by_config_name("a")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for clear, configs in ((False, [{**one, "config_name": "b"}, one]), (True, [one, {**one, "timeout": "soon"}])):
            with pytest.raises((ConfigWarning, ValueError)):
                manager.load_model_configs(configs, clear_existing=clear)
    assert manager.get_config_by_name("b") is None
    assert manager.get_model_by_config_name("a") is model


def test_an_observer_that_is_none_leaves_the_default_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default, "_default", None)
    hub = modelhub.init({"config_name": "a", "model_type": "openai_chat"})
    with pytest.raises(modelhub.ConfigError):
        modelhub.init({"config_name": "b", "model_type": "openai_chat"}, observers=["no observer"])
    assert default._default is hub


@pytest.mark.parametrize("how", ["init", "ModelRegistry", "reload"])
def test_a_warning_names_the_callers_line(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default, "_default", None)
    path = tmp_path / "m.yaml"
    path.write_text(BEFORE)
    hub = ModelRegistry(path)
    path.write_text(AFTER.replace("m,", "m, max_tokens: 1,"))
    load = {"init": modelhub.init, "ModelRegistry": ModelRegistry, "reload": lambda _: hub.reload()}[how]
    with pytest.warns(ConfigWarning) as caught:
        load(path)
    assert {warning.filename for warning in caught} == {__file__}
