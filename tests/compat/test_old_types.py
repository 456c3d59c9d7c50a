"""The model_types that AgentScope gave up still name a wrapper, with a warning that says what to write."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub import ModelRegistry, ModelResponse, ModelWrapperBase
from modelhub.cli.app import cli
from modelhub.errors import ConfigWarning
from modelhub.validation.rules.identity import ALIASES

OLD = {
    "openai": "OpenAIChatWrapper",
    "tongyi_chat": "DashScopeChatWrapper",
    "post_api_dalle": "PostAPIDALLEWrapper",
}


def build_config(model_type: str) -> dict[str, Any]:
    more = {"api_url": "http://localhost/x"} if "post" in model_type else {"api_key": "k"}
    return {"config_name": "a", "model_type": model_type, "model_name": "m", **more}


def test_all_of_them_are_known() -> None:
    assert ALIASES.keys() == OLD.keys()


@pytest.mark.parametrize("old", OLD)
def test_an_old_type_is_built(old: str) -> None:
    with pytest.warns(ConfigWarning, match=f"MH109.*'{old}'.*'{ALIASES[old]}'"):
        hub = ModelRegistry(build_config(old))
    with hub:
        model = hub.get_model("a")
        assert (type(model).__name__, model.model_type) == (OLD[old], ALIASES[old])
        assert hub.config("a")["model_type"] == old


def test_a_class_of_that_name_wins() -> None:
    class OpenAI(ModelWrapperBase):
        model_type = "openai"

        def __call__(self, *args: Any, **kwargs: Any) -> ModelResponse:
            return ModelResponse("mine")

    config = {"config_name": "a", "model_type": "openai"}
    assert ModelRegistry(config, wrappers=[OpenAI]).get_model("a")().text == "mine"


@pytest.mark.filterwarnings("ignore::modelhub.errors.ConfigWarning")
def test_commands_show_the_name_as_written(tmp_path: Path) -> None:
    gc.collect()  # a class called as the old type would count, for as long as it lives
    path = tmp_path / "models.json"
    path.write_text(json.dumps([build_config("openai")]))
    done = CliRunner().invoke(cli, ["validate", str(path)])
    assert (done.exit_code, "MH109" in done.output, "openai_chat" in done.output) == (0, True, True)
    assert CliRunner().invoke(cli, ["validate", "--strict", str(path)]).exit_code == 1
    (row,) = json.loads(CliRunner().invoke(cli, ["list", "--json", "-c", str(path)]).stdout)
    assert row["model_type"] == "openai"
    shown = json.loads(CliRunner().invoke(cli, ["show", "a", "-c", str(path)]).stdout)
    assert shown["model_type"] == "openai"
