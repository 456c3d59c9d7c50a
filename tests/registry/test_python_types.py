"""``model_type: python:package.module:Class``: only where it is allowed, and never imported before it is called."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import modelhub
from modelhub import ConfigError, ModelRegistry, PluginError
from modelhub.registry import checking
from modelhub.registry.types import KnownTypes

MODULE = """
from modelhub.wrappers.openai import OpenAIChatWrapper
from modelhub.base import ModelWrapperBase

class Loud(ModelWrapperBase):
    def __init__(self, config_name, volume: int = 3):
        super().__init__(config_name)
        self.volume = volume

    def __call__(self, text):
        return text.upper() + "!" * self.volume

class Mine(OpenAIChatWrapper):
    pass

class Outer:
    class Inner(Loud):
        pass

NOTHING = 4
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of the program's own."""
    package = tmp_path / "odd_own"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "models.py").write_text(MODULE)
    (package / "raises.py").write_text("def f():\n    raise SystemExit(7)\nf()\nclass W: ...")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield package
    for name in [name for name in sys.modules if name.partition(".")[0] == "odd_own"]:
        del sys.modules[name]


def build(name: str = "Loud", **keys: object) -> dict[str, object]:
    return {"config_name": "m", "model_type": f"python:odd_own.models:{name}", **keys}


def test_it_is_called(module: Path) -> None:
    with modelhub.init(build(volume=1), allow_python=True) as hub:
        assert "odd_own.models" not in sys.modules
        model = hub.get_model("m")
        assert model("hi").text == "HI!"
        assert hub.get_model("m") is model


def test_a_class_in_a_class(module: Path) -> None:
    with ModelRegistry(build("Outer.Inner"), allow_python=True) as hub:
        assert hub.get_model("m")("hi").text == "HI!!!"


@pytest.mark.parametrize("allowed", [{}, {"allow_python": False}])
def test_nobody_has_allowed_it(module: Path, allowed: dict[str, bool]) -> None:
    with pytest.raises(ConfigError, match="allow_python=True") as caught:
        ModelRegistry(build(), **allowed)  # type: ignore[arg-type]
    assert [problem.code for problem in caught.value.problems] == ["MH504"]
    assert "odd_own" not in sys.modules
    with pytest.raises(ConfigError, match="MH504"):
        ModelRegistry(
            [{"config_name": "a", "model_type": "openai_chat"}, build()],
        )


@pytest.mark.parametrize(
    ("config", "code", "said"),
    [
        (build(volmue=2), "MH103", "did you mean 'volume'"),
        (build(volume="loud"), "MH104", "volume"),
        (build("Mine", temprature=2), "MH103", "temprature"),
        (build("Mine", generate_args={"temprature": 1}), "MH103", "did you mean 'temperature'"),
        (build("Quiet"), "MH501", "there is no 'Quiet' in odd_own.models"),
        (build("NOTHING"), "MH501", "no subclass"),
        ({"config_name": "m", "model_type": "python:odd_own.gone:W"}, "MH501", "'odd_own.gone' is not found"),
        ({"config_name": "m", "model_type": "python:odd_nowhere:W"}, "MH501", "'odd_nowhere' is not found"),
        ({"config_name": "m", "model_type": "python:odd_own.models"}, "MH504", "names no class"),
        ({"config_name": "m", "model_type": "python:"}, "MH504", "names no class"),
        ({"config_name": "m", "model_type": "python:os; print(1):x"}, "MH504", "names no class"),
        ({"config_name": "m", "model_type": "python:..models:W"}, "MH504", "names no class"),
    ],
)
def test_what_is_checked(module: Path, config: dict[str, object], code: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ModelRegistry(config, allow_python=True)
    (problem,) = caught.value.problems
    assert problem.code == code
    assert said in str(problem)
    assert "odd_own.models" not in sys.modules


def test_a_secret_of_its_base_is_masked(module: Path) -> None:
    with ModelRegistry(build("Mine", api_key="sk-1234567890"), allow_python=True) as hub:
        assert hub.config("m")["api_key"] != "sk-1234567890"
        assert hub.capabilities("m")["streaming"] is True


def test_a_module_that_ends_the_program(module: Path) -> None:
    types = KnownTypes({}, allow_python=True)
    assert "python:odd_own.raises:W" in types
    with pytest.raises(PluginError, match="SystemExit: 7"):
        types.find_class("python:odd_own.raises:W")


def test_it_crosses_with_its_permission(module: Path) -> None:
    with ModelRegistry(build(), allow_python=True) as hub:
        assert pickle.loads(pickle.dumps(hub.get_model("m")))("hi").text == "HI!!!"
        with pickle.loads(pickle.dumps(hub)) as twin:
            assert twin.get_model("m")("hi").text == "HI!!!"


def test_a_reload_may_bring_it_only_where_it_is_allowed(module: Path, tmp_path: Path) -> None:
    file = tmp_path / "models.yaml"
    for allowed in (True, False):
        file.write_text("{config_name: a, model_type: openai_chat}")
        with ModelRegistry(file, allow_python=allowed) as hub:
            file.write_text("{config_name: m, model_type: 'python:odd_own.models:Loud'}")
            if allowed:
                hub.reload()
                assert hub.get_model("m")("hi").text == "HI!!!"
            else:
                with pytest.raises(ConfigError, match="MH504"):
                    hub.reload()


def test_the_commands(module: Path, tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text("{config_name: m, model_type: 'python:odd_own.models:Loud'}")
    (module / "models.py").write_text(f"open('imported', 'w').close()\n{MODULE}")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "modelhub", *arguments]
        environment = {**os.environ, "NO_COLOR": "1"}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    refused = run("validate", "models.yaml")
    assert refused.returncode == 1
    assert "MH504" in refused.stdout
    assert "--allow-python" in refused.stdout
    assert run("call", "-c", "models.yaml", "m", "hi").returncode == 1
    checked = run("validate", "--allow-python", "models.yaml")
    assert (checked.returncode, checked.stdout) == (0, "1 config ok\n")
    for command in (["list"], ["show", "m"], ["explain", "m"]):
        assert run(command[0], "-c", "models.yaml", *command[1:], "--allow-python").returncode == 0, command
    assert not (tmp_path / "imported").exists()
    assert run("call", "-c", "models.yaml", "m", "hi", "--allow-python").stdout == "HI!!!\n"


def test_an_installed_type_cannot_take_such_a_name(module: Path) -> None:
    loaded = checking.read(_sources(build()), types=KnownTypes({}))
    assert [problem.code for problem in loaded.problems] == ["MH504"]


def _sources(config: dict[str, object]) -> modelhub.configs.Sources:  # type: ignore[name-defined]
    from modelhub.configs import Sources

    sources = Sources()
    sources.add(config)
    return sources
