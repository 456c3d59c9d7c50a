"""``auth`` in configs of private protocols: every request has it, and nothing shows it."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.errors import ConfigError, ModelHubError

from .signed import Answer, Asked, Service, answer_json

CANARY = "canary-7f3e9a"
KINDS: dict[str, dict[str, Any]] = {
    "bearer": {"type": "bearer", "token": "${KEY}"},
    "header": {"type": "header", "name": "X-App", "value": "${KEY}"},
    "query": {"type": "query", "name": "app", "value": "${KEY}"},
    "basic": {"type": "basic", "username": "${KEY}", "password": "${KEY}"},
    "hmac": {
        "type": "hmac",
        "key": "${KEY}",
        "sign": "{method} {path} {body_digest}",
        "headers": {"X-App": "${KEY}-a"},
    },
    "oauth2": {"type": "oauth2", "token_url": "URL/token", "client_id": "${KEY}", "client_secret": "${KEY}"},
    "jwt": {"type": "jwt", "key": "${KEY}", "claims": {"iss": "${KEY}-i", "list": ["${KEY}-l"]}},
}


def build(kind: str, url: str, **more: Any) -> dict[str, Any]:
    """A config with this kind of auth."""
    return {
        "config_name": "m",
        "model_type": "post_api_chat",
        "api_url": f"{url}/chat",
        "auth": json.loads(json.dumps(KINDS[kind]).replace("URL", url)),
        "request": {"body": {"q": "=input"}},
        "response": {"text": "t"},
        "retry": {"initial": 0.001, "max_attempts": 2},
        **more,
    }


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", CANARY)


def shows_who_asks(asked: Asked) -> bool:
    """Whether a request has something of its authorization."""
    told = ("Authorization", "X-App", "X-Signature")
    return any(name in asked.headers for name in told) or f"app={CANARY}" in asked.target


@pytest.mark.parametrize("kind", KINDS)
def test_every_request_shows_who_asks(kind: str, caller: Any) -> None:
    steps: list[Answer] = [
        (503, {}, b"busy"),
        (307, {"Location": "/moved"}, b""),
        answer_json({"id": "a/b"}),
        (503, {}, b"busy"),
        answer_json({"state": "runs"}),
        answer_json({"state": "done", "t": "hello"}),
    ]

    def answer(asked: Asked) -> Answer:
        return answer_json({"access_token": f"{CANARY}-t"}) if asked.target == "/token" else steps.pop(0)

    poll = {"id": "id", "url": "/jobs/{id}", "until": "state == 'done'", "every": 0.001}
    with Service(answer) as service, ModelRegistry(build(kind, service.url, poll=poll)) as hub:
        assert caller.call(hub.get_model("m"), "hi").text == "hello"
    places = [line.partition("?")[0] for line in service.targets() if line != "POST /token"]
    assert places == ["POST /chat", "POST /chat", "POST /moved", *["GET /jobs/a%2Fb"] * 3]
    assert all(map(shows_who_asks, service.asked))
    for asked in service.asked:
        if kind == "hmac":
            path = asked.target.partition("?")[0]
            text = f"{asked.method} {path} {hashlib.sha256(asked.body).hexdigest()}"
            assert asked.headers["X-Signature"] == hmac.new(CANARY.encode(), text.encode(), "sha256").hexdigest()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["echo", "echo in an answer", "text", "away", "in a stream"])
def test_nothing_shows_it(kind: str, fault: str, caller: Any, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    signatures: set[str] = set()

    def answer(asked: Asked) -> Answer:
        if asked.target == "/token":
            return answer_json({"access_token": f"{CANARY}-t"})
        told = f"{asked.target} {' '.join(asked.headers.values())}"
        signatures.update(asked.headers.get(name, "").split(" ")[-1] for name in ("Authorization", "X-Signature"))
        match fault:
            case "echo":
                return answer_json({"error": {"message": told, "code": told}, "request_id": told}, 500)
            case "echo in an answer":
                return answer_json({"code": told, "why": told})
            case "text":
                return 200, {}, told.encode()
            case "away":
                return 307, {"Location": f"http://127.0.0.1:1/{asked.target}"}, b""
        event = f"data: {json.dumps({'code': told, 'why': told})}\n\n"
        return 200, {"Content-Type": "text/event-stream"}, event.encode()

    more = {"error": {"when": "code", "code": "code", "message": "why"}, "stream": {"framing": "sse", "text": "t"}}
    events: list[Any] = []
    with Service(answer) as service, ModelRegistry(build(kind, service.url, **more), observers=[events.append]) as hub:
        model = hub.get_model("m")
        with pytest.raises(ModelHubError) as caught:
            (caller.deltas if fault == "in a stream" else caller.call)(model, "hi")
        error: Any = caught.value
        shown = [f"{error} {error!r} {vars(error)}", *(f"{one.error!r} {vars(one.error)}" for one in error.trail)]
        shown += [repr(events), repr(model), repr(hub), json.dumps(hub.config("m")), repr(model.authorization)]
    logged = [one.getMessage() for one in caplog.records if one.name != "aiohttp.access"]  # which is the server's
    text = "\n".join([*shown, *logged])
    assert all(shows_who_asks(asked) for asked in service.asked), "it was really sent"
    assert CANARY not in text
    for signature in signatures - {""}:
        assert signature not in text


@pytest.mark.parametrize("kind", KINDS)
def test_commands_show_no_values(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "models.json"
    literal = json.dumps(build(kind, "http://h.internal")).replace("${KEY}", CANARY)
    file.write_text(literal)
    printed = ""
    for command in (["show", "m", "-c", str(file)], ["validate", str(file)], ["list", "-c", str(file)]):
        done = subprocess.run([sys.executable, "-m", "modelhub", *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        printed += done.stdout + done.stderr
    assert CANARY not in printed
    assert "***" in printed
    assert "MH401" in printed


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_crosses_without_it(kind: str) -> None:
    with ModelRegistry(build(kind, "http://h")) as hub:
        model = hub.get_model("m")
        assert model.authorization is not None
        assert CANARY.encode() not in pickle.dumps(model)


def test_what_cannot_be_used_is_told_at_its_place() -> None:
    with pytest.raises(ConfigError) as caught:
        ModelRegistry(build("bearer", "http://h", auth={"type": "baerer", "token": "${KEY}"}))
    (problem,) = caught.value.problems
    assert (problem.code, problem.path, problem.hint) == ("MH202", ("auth", "type"), "did you mean 'bearer'?")


def test_an_empty_key_is_told_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "")
    with ModelRegistry(build("bearer", "http://h")) as hub, pytest.raises(ConfigError, match=r"auth\.token is empty"):
        hub.get_model("m")("hi")
