"""A config that was inferred from a recording is valid, reads the recording, and sends what was recorded."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import yaml

from modelhub import ModelRegistry, configs
from modelhub.authoring.adapter import NothingToRead, infer, read_recorded
from modelhub.authoring.adapter.recorded import read_request
from modelhub.errors import ModelCallError
from modelhub.registry import checking
from modelhub.testing import Replay

FOLDER = Path(__file__).parent / "adapters"
CASES = sorted(path.name for path in FOLDER.iterdir())


@pytest.mark.parametrize(
    "shape", json.loads((FOLDER.parent / "replies.json").read_text("utf-8")), ids=lambda shape: str(shape["reply"])[:60]
)
def test_shapes_of_replies(shape: dict[str, Any]) -> None:
    recorded = read_recorded(json.dumps(shape["reply"]).encode())
    if shape["reads"] is None:
        with pytest.raises(NothingToRead):
            infer(recorded)
        return
    response = infer(recorded).config["response"]
    assert {key: response.get(key) for key in shape["reads"]} == shape["reads"]


class Case:
    """What was recorded, and the text of the config that was made of it."""

    def __init__(self, name: str) -> None:
        folder = FOLDER / name
        self.reply = (folder / "reply.json").read_bytes()
        self.expected = json.loads((folder / "expected.json").read_text("utf-8"))
        self.stream = (folder / "stream.txt").read_text("utf-8") if (folder / "stream.txt").exists() else None
        request = folder / "request.json"
        self.request = json.loads(request.read_text("utf-8")) if request.exists() else None
        asked = read_request(request.read_bytes()) if request.exists() else None
        self.text = infer(read_recorded(self.reply), self.stream, asked).write()
        self.config: dict[str, Any] = yaml.safe_load(self.text)

    def ask(self, monkeypatch: pytest.MonkeyPatch, *replies: dict[str, Any], **options: Any) -> tuple[Any, Replay]:
        """Call the model with recorded replies."""
        for name in re.findall(r"\$\{(\w+)\}", self.text):
            monkeypatch.setenv(name, f"made-up-{name}")
        call = dict(self.expected.get("call") or {"input": "Hello?"})
        given = call.pop("messages", None) or call.pop("input")
        replay = Replay(replies)
        model: Any = ModelRegistry(self.config).get_model(self.config["config_name"])
        model.drivers = replay
        return model(given, **(call | options)), replay


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def reply(text: str | bytes) -> dict[str, Any]:
    return {"status": 200, "body": text if isinstance(text, str) else text.decode()}


def test_it_is_valid(case: Case) -> None:
    loaded = configs.load_text(case.text.encode(), name="made.yaml", format="yaml")
    assert [str(problem) for problem in [*loaded.problems, *checking.check(loaded.entries)]] == []


def test_it_reads_the_reply(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = [reply(json.dumps({"id": "job-1", "status": "starting"}))] if "poll" in case.config else []
    response, _ = case.ask(monkeypatch, *submission, reply(case.reply))
    compare(
        response, {key: value for key, value in case.expected.items() if key not in ("stream", "call", "error", "poll")}
    )
    for key, value in case.expected.get("poll", {}).items():
        assert case.config["poll"][key] == value


def test_it_reads_the_stream(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    if case.stream is None:
        assert "stream" not in case.config
        return
    response, _ = case.ask(monkeypatch, {"status": 200, "chunks": [case.stream]}, stream=True)
    for _ in response:
        pass
    compare(response, case.expected["stream"])


def test_it_sends_what_was_recorded(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    if case.request is None or "poll" in case.config:
        return
    _, replay = case.ask(monkeypatch, reply(case.reply))
    sent = replay.requests[0]
    recorded = case.request.get("body", case.request)
    body = sent.body.decode("gbk" if "gbk" in str(case.request) else "utf-8")
    if isinstance(recorded, str):
        assert dict(parse_qsl(body)) == dict(parse_qsl(recorded))
    else:
        assert json.loads(body) == recorded
    if "url" in case.request:
        assert sent.url.partition("?")[0] == case.request["url"].partition("?")[0]
    for secret in re.findall(r"(?:Bearer |key=|token=)(\S+)", str(case.request)):
        assert secret.strip("'\",}") not in case.text


def test_it_reads_a_failure(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    if "error" not in case.expected:
        return
    expected = dict(case.expected["error"])
    body = reply(json.dumps(expected.pop("reply")))
    with pytest.raises(ModelCallError) as raised:
        case.ask(monkeypatch, *[body] * 5)
    assert expected.pop("message") in str(raised.value)
    for key, value in expected.items():
        assert getattr(raised.value, key) == value


def compare(response: Any, expected: dict[str, Any]) -> None:
    found: dict[str, Any] = {}
    for key, value in expected.items():
        got = getattr(response, key)
        if key == "usage":
            got = {name: getattr(got, name) for name in value} if got else None
        elif key == "tool_calls":
            got = [{name: getattr(call, name) for name in each} for call, each in zip(got or [], value, strict=False)]
        found[key] = got.strip() if isinstance(got, str) else got
    assert found == expected
