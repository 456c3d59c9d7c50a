"""Replies that are nearly right, or not at all: whatever a server says, a call gives an answer or a ModelCallError."""

from __future__ import annotations

import json
import os
import random
from importlib import import_module
from typing import Any

import pytest
import yaml

from modelhub import ModelRegistry, ModelResponse, errors
from modelhub.testing import Replay

from .protocols.base import FOLDER, Sent, list_protocols
from .protocols.thinking import Answer, Refusal, ToolUse

TIMES = int(os.environ.get("HOSTILE_REPLIES", "150"))
ODD: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 1e308, 2**70, "", " ", "null", "0", "text", "\ud800", "a" * 300, "\x00\u2028"),
    *(
        [],
        {},
        [[]],
        [{}],
        {"": {}},
        [None],
        ["a", 1],
        {"a": {"b": []}},
        [[[[[[]]]]]],
        "{",
        "<calls>",
        "<|tool|>",
        "END",
    ),
]
NAMES = (
    *("code", "result", "output", "content", "calls", "data", "text", "usage", "job", "state", "parts", "use", "error"),
    *("say", "t", "out", "found", "v", "i", "b64"),
)
ANSWERS = [
    Answer("hello there", "stop", (3, 4)),
    Answer(
        "",
        "tool_calls",
        (3, 4),
        [ToolUse("c", "f", {"city": "B", "days": 1}), ToolUse("d", "g", {"city": "C", "days": 2})],
    ),
]
TOKEN = {"status": 200, "body": '{"access_token": "t", "expires_in": 3600}'}
TOOL = {"type": "function", "function": {"name": "f", "description": "", "parameters": {"type": "object"}}}


def spoil(value: Any, chance: random.Random, likely: float) -> Any:
    """``value`` with some of its parts replaced, left out or doubled."""
    if chance.random() < likely:
        return chance.choice(ODD)
    if isinstance(value, dict):
        kept = {name: spoil(part, chance, likely) for name, part in value.items() if chance.random() > likely / 2}
        return {**kept, "more": chance.choice(ODD)} if chance.random() < likely else kept
    if isinstance(value, list):
        items = [spoil(part, chance, likely) for part in value]
        return items * 2 if chance.random() < likely else items
    return value


def invent(chance: random.Random, levels: int = 4) -> Any:
    """Any JSON, with keys that the protocols know."""
    how = chance.random() if levels else 1.0
    if how < 0.4:
        return {chance.choice(NAMES): invent(chance, levels - 1) for _ in range(chance.randint(0, 5))}
    return [invent(chance, levels - 1) for _ in range(chance.randint(0, 4))] if how < 0.6 else chance.choice(ODD)


def spoil_bytes(body: bytes, chance: random.Random) -> bytes:
    """``body`` with some of its bytes replaced, left out or doubled."""
    for _ in range(chance.randint(0, 3)):
        at, end = sorted(chance.randint(0, len(body)) for _ in range(2))
        what = chance.choice([b"", b"\xff", b"\n", b'"', b"{", b"]", b"\x00", b"\r\n\r\n", body[at:end] * 2])
        body = body[:at] + what + body[min(end, at + 20) :]
    return body


def build_replies(name: str, server: Any, chance: random.Random) -> dict[str, Any]:
    """An exchange of a replay: a reply of the server, and what has become of it on its way."""
    sent: Sent
    stream = chance.random() < 0.4
    if name in ("vectors", "pictures"):
        sent = Sent(json.dumps(chance.choice(OTHERS[name])).encode())
    elif chance.random() < 0.2:
        sent = server.refuse(Refusal(chance.choice([400, 401, 429, 500]), "no"))
    else:
        sent = (server.write_stream if stream and name != "jobs" else server.write)(chance.choice(ANSWERS))
    body = sent.body if isinstance(sent.body, bytes) else b"".join(sent.body)
    charset = "gbk" if name == "gbk" else "utf-8"
    try:
        document = json.loads(body.decode(charset))
    except ValueError:
        pass
    else:
        body = json.dumps(spoil(document, chance, chance.choice([0, 0.05, 0.2])), ensure_ascii=True).encode(charset)
    body = spoil_bytes(body, chance) if chance.random() < 0.4 else body
    body = chance.choice([json.dumps(invent(chance)).encode(), chance.randbytes(50)]) if chance.random() < 0.1 else body
    texts = [body[at : at + 9].decode("utf-8", "surrogateescape") for at in range(0, len(body), 9)]
    status = chance.choice([sent.status, sent.status, 200, 500])
    exchange = {"status": status, "headers": {"content-type": sent.kind, **sent.headers}, "chunks": texts}
    return {**exchange, "end": "abrupt"} if chance.random() < 0.05 else exchange


OTHERS: dict[str, list[Any]] = {
    "vectors": [
        {"status": "fine", "found": [{"i": 0, "v": [1, 3.5]}], "cost": 4},
        {"status": "bad", "reason": {"k": 429, "m": "no", "s": 3}},
    ],
    "pictures": [{"pictures": [{"b64": "/9j/4AAQ"}]}, {"fault": {"kind": 1, "text": "no"}}],
}


@pytest.mark.parametrize("name", list_protocols())
def test_a_call_gives_an_answer_or_a_typed_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVATE_URL", "http://private.invalid")
    monkeypatch.setenv("PRIVATE_KEY", "k3y-of-the-tests")
    monkeypatch.setenv("PRIVATE_USER", "tests")
    config: dict[str, Any] = yaml.safe_load((FOLDER / name / "config.yaml").read_text(encoding="utf-8"))
    server = import_module(f"{__package__}.protocols.{name}.server").Protocol()
    with_tools = name not in ("jwt_form", "vectors", "pictures")
    can_stream = name not in ("jobs", "vectors", "pictures")
    outcomes: set[str] = set()
    model = ModelRegistry({**config, "retry": {"max_attempts": 1}}).get_model(name)
    for seed in range(TIMES):
        chance = random.Random(f"{name} {seed}")
        exchanges = [build_replies(name, server, chance) for _ in range(3)]
        if name == "oauth" and chance.random() < 0.9:
            exchanges.insert(0, TOKEN)
        if name == "jobs" and chance.random() < 0.9:
            exchanges[:2] = [{"status": 202, "body": '{"job": {"id": 7}}'}, {"status": 200, "body": '{"job": {}}'}]
            exchanges.append({"status": 200, "body": '{"job": {"state": "failed"}}'})
        exchanges += [{"status": 418, "body": "enough"}] * 50
        model.drivers = Replay(exchanges, cut=chance.choice([None, 1, 5]))
        options: dict[str, Any] = {"tools": [TOOL]} if with_tools and chance.random() < 0.5 else {}
        try:
            if can_stream and chance.random() < 0.6:
                response = model("hi", stream=True, **options)
                for delta in response:
                    assert isinstance(delta, ModelResponse)
            else:
                response = model("hi", **options)
            assert isinstance(response.text, str | None)
            assert isinstance(response.finish_reason, str | None)
            outcomes.add("answer")
        except errors.ModelCallError as error:
            assert "k3y-of-the-tests" not in str(error)
            outcomes.add(type(error).__name__)
        except Exception as error:
            error.add_note(f"{name}, seed {seed}")
            raise
    assert "answer" in outcomes
    assert len(outcomes) > 2
