"""Responses, attempts and errors as dicts that ``json.dumps`` takes, whatever is in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from modelhub import ModelRegistry, ModelResponse, ToolCall, errors
from modelhub.jsonable import build_jsonable
from modelhub.response import Usage
from modelhub.response.tool_calls import MalformedToolCall
from modelhub.testing import MockServer, mocked


@dataclass
class Point:
    """A dataclass, as a library may have in its replies."""

    x: int
    _hidden: int = 0


class Own:
    """An object that says nothing of itself but this."""

    def __str__(self) -> str:
        return "own"


class Angry:
    """An object that cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no")


CONFIG = {"config_name": "m", "model_type": "openai_chat", "retry": {"max_attempts": 2}}
LOOP: dict[str, Any] = {"a": 1}
LOOP["self"] = [LOOP, LOOP]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b"text", "text"),
        (b"\xff\x00", "<2 bytes>"),
        (float("nan"), "nan"),
        ({1: (1, 2), None: {3}}, {"1": [1, 2], "None": [3]}),
        (Point(1), {"x": 1}),
        (Own(), "own"),
        (Angry(), "<Angry>"),
        (LOOP, {"a": 1, "self": ["...", "..."]}),
        (Point, str(Point)),
        ("half \ud83d", "half \ud83d"),
        (10**30, 10**30),
    ],
)
def test_what_has_no_form_in_json_becomes_a_text(value: Any, told: Any) -> None:
    assert build_jsonable(value) == told
    json.dumps(ModelResponse(raw=value, parsed=[value]).to_dict())


def test_a_number_of_thousands_of_digits_is_a_text() -> None:
    told = ModelResponse(raw=[1 << 20_000, -(1 << 20_000)]).to_dict()
    assert json.loads(json.dumps(told))["raw"] == [f"0x1{'0' * 5000}", f"-0x1{'0' * 5000}"]


def test_what_is_very_deep_is_cut_off() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert json.dumps(ModelResponse(raw=deep).to_dict()).count("...") == 1


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer(stream: bool) -> None:
    with mocked(CONFIG) as mock:
        mock.script("500", "ok")
        mock.reply({"text": "Hello", "tool_calls": [{"id": "c1", "name": "look", "arguments": {"at": "it"}}]})
        reply = mock.hub.get_model("m")("hi", stream=stream)
        told = json.loads(json.dumps(reply.to_dict()))
    for name, value in told.items():
        if isinstance(value, str | int | float | None):
            assert getattr(reply, name) == value
    assert (told["text"], told["config_name"], told["cached"]) == ("Hello", "m", False)
    assert told["tool_calls"] == [{"id": "c1", "name": "look", "arguments": {"at": "it"}}]
    assert told["usage"] == reply.usage.to_dict() == {n: getattr(reply.usage, n) for n in Usage.__slots__}
    assert [(each["outcome"], each["status"]) for each in told["trail"]] == [("failed", 500), ("answered", 200)]
    assert told["trail"][0]["error"]["error"] == "ServerError"
    assert told["raw"]


def test_a_delta_and_a_call_that_cannot_be_run(server: MockServer) -> None:
    with ModelRegistry(server.point(CONFIG)) as hub:
        server.reply({"tool_calls": [{"name": "look"}]})
        told = [delta.to_dict() for delta in hub.get_model("m")("hi", stream=True)]
    assert json.loads(json.dumps(told)) == told
    assert any(delta["tool_calls"] for delta in told)
    call = MalformedToolCall("c", "look", "{", "it is not whole")
    assert call.to_dict() == {"id": "c", "name": "look", "arguments": {}, "text": "{", "problem": "it is not whole"}
    assert ToolCall("c", "look", {"at": b"\xff"}).to_dict()["arguments"] == {"at": "<1 bytes>"}


def test_an_error_of_a_call() -> None:
    with mocked(CONFIG) as mock, pytest.raises(errors.RateLimitError) as caught:
        mock.script("429", "429")
        mock.hub.get_model("m")("hi")
    told = json.loads(json.dumps(caught.value.to_dict()))
    assert told["error"] == "RateLimitError"
    assert told["message"] == caught.value.message
    for name in ("status", "code", "request_id", "retryable", "retry_after", "config_name", "model_type", "sent"):
        assert told[name] == getattr(caught.value, name)
    assert [each["attempt"] for each in told["trail"]] == [1, 2]
    assert told["trail"][1]["error"]["status"] == 429


def test_an_error_with_a_part_of_an_answer() -> None:
    with mocked(CONFIG) as mock, pytest.raises(errors.StreamInterruptedError) as caught:
        mock.script("cut")
        for _ in mock.hub.get_model("m")("echo: a b c d e f g h", stream=True):
            pass
    told = json.loads(json.dumps(caught.value.to_dict()))
    assert told["partial"]["text"] == caught.value.partial.text != ""


def test_other_errors() -> None:
    with pytest.raises(errors.ConfigError) as caught:
        ModelRegistry({"config_name": "m", "model_type": "openai_chat", "temprature": 1})
    told = json.loads(json.dumps(caught.value.to_dict()))
    assert (told["error"], told["message"]) == ("ConfigError", str(caught.value))
    assert told["problems"][0]["code"] == "MH103"
    assert errors.PluginError("no").to_dict() == {"error": "PluginError", "message": "no"}
    parsing = errors.ResponseParsingError("odd", raw_response="?").to_dict()
    assert (parsing["message"], parsing["raw_response"], parsing["trail"]) == ("odd", "?", [])
    assert errors.TimeoutError("late").to_dict()["bound"] is None
