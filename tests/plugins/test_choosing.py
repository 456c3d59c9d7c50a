"""A model_type with a distribution before it is treated in every way as the model_type alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub import ConfigWarning, ModelRegistry
from modelhub.cli.app import cli
from modelhub.errors import ConfigError
from modelhub.testing import MockServer

CHOSEN = "modelhub-registry:{}"


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_chosen_type_is_called(server: MockServer, caller: Any) -> None:
    args = {"base_url": f"{server.url}/v1"}
    config = {"config_name": "x", "model_type": CHOSEN.format("openai_chat"), "api_key": "k", "client_args": args}
    with ModelRegistry(config) as hub:
        assert caller.call(hub.get_model("x"), "echo: hi").text == "hi"
        assert hub.config("x")["model_type"] == "modelhub-registry:openai_chat"


def test_what_is_said_of_a_type_holds_for_a_chosen_one(tmp_path: Path) -> None:
    text = """\
defaults:
  openai_chat: {organization: org-1}
models:
  - config_name: x
    model_type: modelhub-registry:openai_chat
    model: m
"""
    (tmp_path / "models.yaml").write_text(text)
    with pytest.warns(ConfigWarning, match="the key 'model' is the old name of 'model_name'"):
        hub = ModelRegistry(tmp_path / "models.yaml")
    assert hub.config("x")["organization"] == "org-1"
    assert hub.get_model("x").model_name == "m"
    text = text.replace("    model: m\n", "    api_key: sk-9f3kq81mz02xv7\n")
    (tmp_path / "models.yaml").write_text(text)
    output = CliRunner().invoke(cli, ["validate", str(tmp_path / "models.yaml")]).output
    assert "${OPENAI_API_KEY}" in output  # the variable of the vendor


@pytest.mark.parametrize(
    ("name", "near"),
    [("modelhub-registry:opnai_chat", None), ("nobody:openai_chat", None), ("openai_caht", "openai_chat")],
)
def test_what_nobody_provides_is_unknown(name: str, near: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        ModelRegistry({"config_name": "x", "model_type": name})
    (problem,) = caught.value.problems
    assert problem.code == "MH107"
    assert near is None or near in (problem.hint or "")


def test_commands_take_a_chosen_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = CHOSEN.format("openai_chat")
    (tmp_path / "models.yaml").write_text(run("new", chosen, "gpt"))
    assert run("validate", "models.yaml").endswith("1 config ok\n")
    assert chosen in run("list", "-c", "models.yaml")
    assert json.loads(run("schema", chosen)) == json.loads(run("schema", "openai_chat"))
    assert json.loads(run("show", "gpt", "--capabilities", "-c", "models.yaml"))["tools"] is True
    assert run("call", "gpt", "echo: hi", "--mock", "-c", "models.yaml") == "hi\n"
