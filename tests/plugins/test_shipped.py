"""Types that are only data: a package ships a config, and configs of its type set what they want anew."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelhub import ConfigError, ModelRegistry, errors
from modelhub.registry.installed import WRAPPERS
from modelhub.registry.shipped import lay_over
from modelhub.testing import Replay
from modelhub.testing.conformance.bench import list_complete
from modelhub.testing.conformance.preparing import invent_values

from .conftest import Install

YAML = """
model_type: post_api_chat
api_url: https://odd.example/talk
auth: {type: header, name: X-Token, value: "${ODD_TOKEN}"}
request:
  body: {model: =model, lines: =messages, warm: =temperature, live: =stream, kind: {of: talk}}
response: {text: says, finish_reason: {from: why, map: {done: stop}}}
error: {when: "oops", code: oops, classes: {"4": RateLimitError}}
stream: {framing: ndjson, text: says, done: {when: last}}
retry: {max_attempts: 1}
"""
NEVER = "raise RuntimeError('this is imported by nobody')"
HELLO = {"status": 200, "body": {"says": "hello", "why": "done"}}
LINES = {
    "status": 200,
    "chunks": [json.dumps({"says": "hel"}) + "\n", json.dumps({"says": "lo", "last": True}) + "\n"],
}
Ship = Callable[..., None]


@pytest.fixture
def ship(install: Install, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ship]:
    """Installs a package that ships a config for ``odd_chat``."""
    monkeypatch.setenv("ODD_TOKEN", "tok-1")

    def ship(text: str | None = YAML, **files: str) -> None:
        more = {} if text is None else {"odd_pkg/adapters/odd_chat.yaml": text}
        install({"odd_chat": "odd_pkg"}, {"odd_pkg/__init__.py": NEVER, **more, **files})
        WRAPPERS.forget()

    yield ship
    WRAPPERS.forget()


def build(*replies: Any, **keys: Any) -> tuple[ModelRegistry, Any, Replay]:
    hub = ModelRegistry({"config_name": "m", "model_type": "odd_chat", "model_name": "odd-1", **keys})
    model = hub.get_model("m")
    model.drivers = replay = Replay([_write(reply) for reply in replies])
    return hub, model, replay


def _write(reply: dict[str, Any]) -> dict[str, Any]:
    return {**reply, "body": json.dumps(reply["body"])} if "body" in reply else reply


def sent(replay: Replay) -> Any:
    return json.loads(replay.requests[-1].body or b"")


def test_a_config_need_say_nothing(ship: Ship) -> None:
    ship()
    hub, model, replay = build(HELLO, HELLO)
    with hub:
        assert model("Hi", temperature=0.5).text == "hello"
        assert sent(replay) == {
            "model": "odd-1",
            "lines": [{"role": "user", "content": "Hi"}],
            "warm": 0.5,
            "live": False,
            "kind": {"of": "talk"},
        }
        assert replay.requests[-1].url == "https://odd.example/talk"
        assert replay.requests[-1].headers["X-Token"] == "tok-1"
        assert asyncio.run(model.acall("Hi")).finish_reason == "stop"
        assert type(model).__name__ == "OddChatWrapper"
        assert model.model_type == "odd_chat"
    assert "odd_pkg" not in sys.modules


def test_it_streams_as_the_package_says(ship: Ship) -> None:
    ship()
    hub, model, _ = build(LINES, HELLO)
    with hub:
        assert [delta.text for delta in model("Hi", stream=True)] == ["hel", "lo", ""]
        assert model("Hi").text == "hello"


@pytest.mark.parametrize("stream", [True, False])
def test_a_config_says_only_whether_to_stream(ship: Ship, stream: bool) -> None:
    ship()
    hub, model, _ = build(LINES if stream else HELLO, LINES, stream=stream)
    with hub:
        assert model.stream is stream
        assert len(list(model("Hi"))) == (3 if stream else 1)
        assert len(list(model("Hi", stream=True))) == 3


def test_errors_are_those_of_the_package(ship: Ship) -> None:
    ship()
    hub, model, _ = build({"status": 200, "body": {"oops": 4}})
    with hub, pytest.raises(errors.RateLimitError) as caught:
        model("Hi")
    assert (caught.value.config_name, caught.value.model_type) == ("m", "odd_chat")


def test_what_a_config_sets_anew(ship: Ship) -> None:
    ship()
    hub, model, replay = build(
        {"status": 200, "body": {"words": "hello"}},
        api_url="https://other.example/x",
        auth={"value": "mine"},
        request={"body": {"kind": {"loud": True}, "warm": None}},
        response={"text": "words", "finish_reason": None},
    )
    with hub:
        response = model("Hi", stream=False)
    assert (response.text, response.finish_reason) == ("hello", "stop")
    assert replay.requests[-1].url == "https://other.example/x"
    assert replay.requests[-1].headers["X-Token"] == "mine"
    assert (sent(replay)["kind"], sent(replay)["warm"]) == ({"of": "talk", "loud": True}, None)


@pytest.mark.parametrize(
    ("default", "said", "merged"),
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"a": 2, "b": 3}, {"a": 2, "b": 3}),
        ({"a": 1}, {"a": None}, {}),
        ({}, {"a": None}, {"a": None}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": None}}}, {"a": {"b": {"c": None}}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": True}, {"a": True}),
        (
            {"auth": {"type": "bearer", "token": "t"}},
            {"auth": {"token": "u"}},
            {"auth": {"type": "bearer", "token": "u"}},
        ),
        ({"auth": {"type": "bearer", "token": "t"}}, {"auth": {"type": "x", "y": 1}}, {"auth": {"type": "x", "y": 1}}),
        ({"auth": {"type": "bearer", "token": "t"}}, {"auth": None}, {}),
    ],
)
def test_what_is_laid_over_what(default: dict[str, Any], said: dict[str, Any], merged: dict[str, Any]) -> None:
    before = json.dumps([default, said])
    assert lay_over(default, said) == merged
    assert json.dumps([default, said]) == before


@pytest.mark.parametrize(
    ("keys", "code", "said"),
    [
        ({"respones": {}}, "MH103", "did you mean 'response'"),
        ({"response": {"txet": "a"}}, "MH103", "did you mean 'text'"),
        ({"response": {"text": "a..b"}}, "MH206", "text"),
        ({"json_args": {"a": 1}}, None, "json_args"),
    ],
)
def test_configs_are_checked_as_they_are_in_effect(
    ship: Ship, keys: dict[str, Any], code: str | None, said: str
) -> None:
    ship()
    with pytest.raises(ConfigError) as caught:
        ModelRegistry({"config_name": "m", "model_type": "odd_chat", **keys})
    (problem,) = caught.value.problems
    assert code is None or problem.code == code
    assert said in str(problem)


def test_what_is_shown_has_the_defaults_and_no_secret(ship: Ship) -> None:
    ship(f"{YAML}\napi_key: sk-in-plain-text")
    with ModelRegistry({"config_name": "m", "model_type": "odd_chat"}) as hub:
        shown = hub.config("m")
        assert shown["response"]["text"] == "says"
        assert "sk-in-plain-text" not in str(shown)


def test_it_crosses_to_another_process(ship: Ship) -> None:
    ship()
    with ModelRegistry({"config_name": "m", "model_type": "odd_chat"}) as hub:
        assert pickle.loads(pickle.dumps(hub.get_model("m"))).response["text"] == "says"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "has no adapters/odd_chat.yaml"),
        ("[", "adapters/odd_chat.yaml is wrong"),
        ("", "the file holds no model config"),
        ("- {model_type: post_api_chat}\n- {model_type: post_api_chat}", "has to hold one config, not 2"),
        ("{model_type: odd_chat, api_url: 'http://x'}", "not 'odd_chat'"),
        ("{model_type: nowhere, api_url: 'http://x'}", "not 'nowhere'"),
        ("{response: {text: 'a..b'}}", "MH206"),
        ("{respones: {text: a}}", "MH103"),
    ],
)
def test_one_that_is_wrong_is_put_aside(ship: Ship, text: str | None, said: str) -> None:
    ship(text)
    plugin = WRAPPERS.by_name["odd_chat"]
    assert said in (WRAPPERS.inspect(plugin) or "")
    with pytest.raises(ConfigError) as caught:
        ModelRegistry({"config_name": "m", "model_type": "odd_chat"})
    assert [problem.code for problem in caught.value.problems] == ["MH501"]
    assert "odd_pkg" not in sys.modules


def test_a_schema_of_its_own_is_used(ship: Ship) -> None:
    schema = {
        "title": "odd_chat",
        "description": "Odd ones.",
        "type": "object",
        "allOf": [{"$ref": "https://modelhub.dev/schemas/_common.json#/$defs/every_key_but_stream"}],
        "properties": {name: {} for name in ("api_url", "auth", "request", "response", "error", "stream")},
        "unevaluatedProperties": False,
    }
    ship(**{"odd_pkg/schemas/odd_chat.json": json.dumps(schema)})
    assert (WRAPPERS.schema("odd_chat") or {})["description"] == "Odd ones."
    with pytest.raises(ConfigError, match="MH103"):
        ModelRegistry({"config_name": "m", "model_type": "odd_chat", "messages_key": "m"})


def test_the_commands_know_it(ship: Ship, tmp_path: Path) -> None:
    ship()
    (tmp_path / "models.yaml").write_text("{config_name: m, model_type: odd_chat}")

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "modelhub", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "NO_COLOR": "1"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return " ".join(done.stdout.split())

    assert "odd_chat" in run("types")
    assert "post_api_chat, by a config in its package" in run("plugins")
    assert "ok odd_chat" in run("plugins", "--check")
    assert run("validate", "models.yaml") == "1 config ok"
    assert '"name": "X-Token"' in run("show", "m", "-c", "models.yaml")


def test_the_suite_for_wrappers_knows_what_a_package_refers_to(ship: Ship) -> None:
    class Suite:
        config = {"config_name": "m", "model_type": "odd_chat"}
        others = ({"config_name": "o", "model_type": "ollama_chat"},)

    ship()
    assert invent_values(list_complete(Suite))["ODD_TOKEN"]
    assert "ODD_TOKEN" not in invent_values([Suite.config])
