"""Whatever a reference resolves to: it arrives in its header, or the error names the variable and the key."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelhub import ConfigError, ModelRegistry
from modelhub.base import HTTPModelWrapperBase
from modelhub.cli.app import cli
from modelhub.errors import BadRequestError
from modelhub.registry.installed import WRAPPERS
from modelhub.testing import MockServer
from modelhub.wire.headers import explain_unsendable

VALUES = st.text(min_size=1, max_size=12).filter(
    lambda text: "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)
)
PLACES: dict[str, tuple[str, dict[str, Any]]] = {
    "api_key": ("Authorization", {"api_key": "${MH_VALUE}"}),
    "headers.X-Team": ("X-Team", {"headers": {"X-Team": "team ${MH_VALUE}"}}),
    "headers.x-key": ("x-key", {"headers": {"x-key": "${MH_VALUE}!"}}),
    "organization": ("OpenAI-Organization", {"organization": "o${env:MH_VALUE}"}),
    "client_args.project": ("OpenAI-Project", {"client_args": {"project": "p${MH_VALUE:-x}"}}),
}
BASE = {"config_name": "a", "model_type": "openai_chat", "model_name": "m", "api_key": "k"}
VARIABLES = {
    "openai_chat": "OPENAI_API_KEY",
    "anthropic_chat": "ANTHROPIC_API_KEY",
    "gemini_chat": "GEMINI_API_KEY",
    "dashscope_chat": "DASHSCOPE_API_KEY",
    "ollama_chat": "OLLAMA_API_KEY",
    "yi_chat": "YI_API_KEY",
}


def build_config(place: str, url: str) -> dict[str, Any]:
    own = PLACES[place][1]
    return {**BASE, **own, "client_args": {"base_url": f"{url}/v1", **own.get("client_args", {})}}


def call(config: dict[str, Any]) -> None:
    with ModelRegistry(config) as hub:
        hub.get_model("a")("hi")


async def acall(config: dict[str, Any]) -> None:
    async with ModelRegistry(config) as hub:
        await hub.get_model("a").acall("hi")


@pytest.mark.parametrize("awaited", [False, True], ids=["blocking", "awaited"])
@given(st.sampled_from(list(PLACES)), VALUES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_arrives_or_is_named(server: MockServer, awaited: bool, place: str, value: str) -> None:
    os.environ["MH_VALUE"] = value
    config = build_config(place, server.url)
    try:
        asyncio.run(acall(config)) if awaited else call(config)
    except ConfigError as error:
        assert "${MH_VALUE}" in str(error) or "${env:MH_VALUE}" in str(error)
        assert place in str(error)
        assert explain_unsendable(value) or value[:1] in " \t"
        return
    finally:
        del os.environ["MH_VALUE"]
    assert explain_unsendable(value.removeprefix("\ufeff").rstrip("\r\n")) is None
    assert PLACES[place][0].lower() in {name.lower() for name in server.requests[-1].headers}


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("sk-\x07key", "the control character U+0007"),
        ("sk-\u641c\u7d22", "the character U+641C"),
        ("sk-\u200bkey", "the invisible character U+200B"),
        ("sk-a\nsk-b", "a line end"),
        ("sk-a\r\nsk-b", "a line end"),
        ("\u201csk-a\u201d", "the character U+201C"),
    ],
)
@pytest.mark.parametrize("place", PLACES)
def test_validate_says_it_beforehand(
    place: str, value: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "models.json"
    path.write_text(json.dumps(build_config(place, "https://h.example")))
    monkeypatch.setenv("MH_VALUE", value)
    done = CliRunner().invoke(cli, ["validate", "--env", "--format", "json", str(path)])
    [problem] = [each for each in json.loads(done.output) if each["severity"] == "error"]
    assert word in problem["message"]
    assert "MH_VALUE" in problem["message"]
    assert place in problem["message"]
    assert value not in done.output
    # The same in the file itself.
    path.write_text(path.read_text().replace("${MH_VALUE}", json.dumps(value)[1:-1]).replace("${env:MH_VALUE}", "\\n"))
    path.write_text(path.read_text().replace("${MH_VALUE:-x}", json.dumps(value)[1:-1]))
    done = CliRunner().invoke(cli, ["validate", "--format", "json", str(path)])
    assert any(each["severity"] == "error" and place in each["message"] for each in json.loads(done.output))


@pytest.mark.parametrize("name", ["X Team", "X-Team:", "", "X-T\u00e9am", "X\nTeam"])
def test_the_name_of_a_header(name: str) -> None:
    with pytest.raises(ConfigError, match="no name of an HTTP header"):
        ModelRegistry({**BASE, "headers": {name: "search"}})


@pytest.mark.parametrize("model_type", VARIABLES)
def test_a_vendors_own_variable(
    model_type: str, server: MockServer, caller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = {"host": server.url} if model_type == "ollama_chat" else {"client_args": {"base_url": server.url}}
    with ModelRegistry({"config_name": "a", "model_type": model_type, "model_name": "m", **home}) as hub:
        monkeypatch.setenv(VARIABLES[model_type], "\ufeffsk-own-1\r\n")
        model = hub.get_model("a")
        assert isinstance(model, HTTPModelWrapperBase)
        assert any("sk-own-1" in value for value in model.endpoint.headers.values())
        assert not any("\n" in value or "\ufeff" in value for value in model.endpoint.headers.values())
    with ModelRegistry({"config_name": "a", "model_type": model_type, "model_name": "m", **home}) as hub:
        monkeypatch.setenv(VARIABLES[model_type], "sk-own\x07-1")
        with pytest.raises(ConfigError, match=f"from environment variable {VARIABLES[model_type]}, holds the control"):
            caller.call(hub.get_model("a"), "hi")


def test_the_header_of_a_wrapper_of_ones_own(server: MockServer, caller: Any) -> None:
    with ModelRegistry({**BASE, "client_args": {"base_url": f"{server.url}/v1"}}) as hub:
        model = hub.get_model("a")
        model.endpoint.headers["X-Late"] = "a\nb"
        with pytest.raises(BadRequestError, match="the header X-Late holds a line end"):
            caller.call(model, "hi")


@pytest.mark.parametrize("quoted", ['"sk-key"', "'sk-key'", "\u201csk-key\u201d", " sk-key"])
def test_quotes_are_warned_of(quoted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("config_name: a\nmodel_type: openai_chat\norganization: ${TEAM}\n")
    monkeypatch.setenv("TEAM", quoted)
    word = "in blanks" if quoted[0] == " " else "in quotes"
    assert f"the value of ${{TEAM}} is {word}" in CliRunner().invoke(cli, ["validate", "--env", str(path)]).output
    path.write_text("config_name: a\nmodel_type: openai_chat\n")
    monkeypatch.setenv("OPENAI_API_KEY", quoted)
    assert f"the value of OPENAI_API_KEY is {word}" in CliRunner().invoke(cli, ["validate", "--env", str(path)]).output


@pytest.mark.parametrize("value", ["", " "])
def test_what_is_set_and_empty_is_warned_of(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("config_name: a\nmodel_type: openai_chat\napi_key: ${TEAM_KEY}\n")
    monkeypatch.setenv("TEAM_KEY", value)
    assert "${TEAM_KEY} in api_key is empty" in CliRunner().invoke(cli, ["validate", "--env", str(path)]).output
    path.write_text("config_name: a\nmodel_type: openai_chat\napi_key: ${NO_KEY:-}\n")
    assert "empty" not in CliRunner().invoke(cli, ["validate", "--env", str(path)]).output


MISFITS = [
    ({"stream": "${V}"}, "yes", "true or false"),
    ({"stream": "${V}"}, "1", "true or false"),
    ({"timeout": "${V}"}, "soon", "a number"),
    ({"timeout": "${V}"}, "-3", "greater than 0"),
    ({"generate_args": {"seed": "${V}"}}, "x", "an integer"),
    ({"generate_args": {"temperature": "${V}"}}, "7", "between 0 and 2"),
    ({"model_type": "openai_embedding", "generate_args": {"encoding_format": "${V}"}}, "huge", "one of"),
    ({"client_args": {"base_url": "${V}"}}, "localhost:8000", "an http:// or https:// URL"),
    ({"client_args": {"base_url": "http://h:${V}/v1"}}, "99999", "between 1 and 65535"),
]


@pytest.mark.parametrize(("own", "value", "word"), MISFITS, ids=str)
def test_what_does_not_fit_its_place(
    own: dict[str, Any], value: str, word: str, caller: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "models.json"
    path.write_text(json.dumps({**BASE, "api_key": "EMPTY", **own}))
    assert CliRunner().invoke(cli, ["validate", str(path)]).exit_code == 0
    monkeypatch.setenv("V", value)
    said = json.loads(CliRunner().invoke(cli, ["validate", "--env", "--format", "json", str(path)]).output)
    assert [each["severity"] for each in said] == ["error"]
    assert word in said[0]["message"] + (said[0]["hint"] or "")
    with ModelRegistry(path) as hub, pytest.raises(ConfigError) as caught:
        caller.call(hub.get_model("a"), "hi")
    assert word in str(caught.value)
    assert "${V}" in str(caught.value)
    assert "a integer" not in str(caught.value)
    path.write_text(path.read_text().replace("${V}", f"${{V:-{value}}}"))
    said = json.loads(CliRunner().invoke(cli, ["validate", "--format", "json", str(path)]).output)
    assert [each["severity"] for each in said] == ["error"]
    assert word in said[0]["message"] + (said[0]["hint"] or "")
    assert "the default of ${V} does not fit" in said[0]["message"]


def test_every_type_over_http_is_among_them() -> None:
    assert set(VARIABLES) <= set(WRAPPERS.by_name)


@pytest.mark.parametrize("text", ["${A} of ${B}", "${file:/x} ${A:-b}", "Bearer ${A}", "a\tb", "caf\u00e9"])
def test_a_header_of_references_can_be_sent(text: str) -> None:
    with ModelRegistry({**BASE, "headers": {"X-Team": text}}) as hub:
        assert hub.config("a")["headers"] == {"X-Team": text}
