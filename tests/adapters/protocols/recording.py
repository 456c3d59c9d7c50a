"""Recorded calls of the protocols, for their ``fixtures``: each is what a protocol's own server was sent and replied.

``scripts/record_protocols`` writes them anew. They hold nothing that is another the next time.
"""

from __future__ import annotations

import json
import os
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from modelhub import ModelCallError, ModelRegistry
from modelhub.response.outcome import read_outcome
from modelhub.testing.bodies import find_charset, read_json
from modelhub.testing.sent import read_query

from .base import FOLDER, KEY, Got, Sent, list_protocols, running

ASKED = "What is the weather like in Tromsø?"
CALL_ID = "call-7"  # that of all servers
WRONG = "a-wrong-key"
TOOL = {
    "type": "function",
    "function": {
        "name": "find_weather",
        "description": "The weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
ARGUMENTS = {"city": "Tromsø", "days": 3, "deep": {"list": [1, "<>&"]}}
CALLED = {
    "id": CALL_ID,
    "type": "function",
    "function": {"name": "find_weather", "arguments": json.dumps(ARGUMENTS)},
}
CHAT: dict[str, dict[str, Any]] = {
    "chat": {"input": ASKED},
    "chat_conversation": {
        "input": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Good day"},
            {"role": "user", "content": 'Say "{role}" & <b>你好</b>,\nthen 👋'},
        ]
    },
    "chat_cut": {"input": "please cut"},
    "error_400": {"input": "please fail 400"},
    "error_401": {"input": ASKED},
    "error_429": {"input": "please fail 429"},
    "error_500": {"input": "please fail 500"},
    "error_unreadable": {"input": "please break"},
}
STREAM: dict[str, dict[str, Any]] = {
    "stream": {"input": ASKED, "stream": True},
    "stream_error": {"input": "please fail 429", "stream": True},
}
TOOLS: dict[str, dict[str, Any]] = {
    "tools": {"input": ASKED, "tools": [TOOL]},
    "tools_result": {
        "input": [
            {"role": "user", "content": ASKED},
            {"role": "assistant", "content": None, "tool_calls": [CALLED]},
            {"role": "tool", "tool_call_id": CALL_ID, "content": "3 °C and snow"},
        ],
        "tools": [TOOL],
    },
}
VECTORS: dict[str, dict[str, Any]] = {
    "embed": {"input": ["one", "three", "a", "twelve or more"]},
    "embed_one": {"input": "你好", "dimensions": 5},
    "error_400": {"input": ["please fail 400"]},
    "error_401": {"input": ["one"]},
    "error_429": {"input": ["please fail 429"]},
    "error_unreadable": {"input": ["please break"]},
}
PICTURES: dict[str, dict[str, Any]] = {
    "image": {"input": "a cat"},
    "image_two": {"input": "two cats", "n": 2, "size": "1x1"},
    "error_401": {"input": "a cat"},
    "error_429": {"input": "please fail 429"},
    "error_unreadable": {"input": "please break"},
}
OWN: dict[str, dict[str, dict[str, Any]]] = {
    "envelope": {"chat_options": {"input": ASKED, "temperature": 0.5, "max_tokens": 9}},
    "json_marks": {"chat_options": {"input": ASKED, "temperature": 0.5, "stop": ["\n"]}},
    "jobs": {"error_repeatable": {"input": "please fail 503"}},
    "get_query": {"stream_lines": {"input": "two\nlines", "stream": True}},
}
# Headers that are another each time, and how they begin.
ANEW = {
    "Authorization": ("Bearer ", "Basic ", "Token token="),
    **dict.fromkeys(("X-Token", "X-Key", "x-api-key", "X-Draw-Key", "X-Mac", "X-Moment", "X-Once"), ("",)),
}
SHOWN = ("Content-Type", "X-App", "X-Look")


def read_config(name: str) -> dict[str, Any]:
    """The config of a protocol."""
    config: dict[str, Any] = yaml.safe_load((FOLDER / name / "config.yaml").read_text(encoding="utf-8"))
    return config


def list_calls(name: str) -> dict[str, dict[str, Any]]:
    """The calls of a protocol that are recorded, by name."""
    own = {"vectors": VECTORS, "pictures": PICTURES}.get(name)
    if own is not None:
        return own
    config = read_config(name)
    calls = {**CHAT, **OWN.get(name, {})}
    if name == "jwt_form":  # whose texts nobody cannot read
        del calls["error_unreadable"]
    if "stream" in config:
        calls |= STREAM
    if "tool_calls" in config["response"]:
        calls |= TOOLS
        if "stream" in config and name != "get_query":  # whose streams are texts alone
            calls["tools_stream"] = {**TOOLS["tools"], "stream": True}
    return calls


def record(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The names and recordings of a protocol, each made with a server of its own."""
    for call, request in list_calls(name).items():
        yield call, _record(name, request, WRONG if call == "error_401" else KEY)


def _record(name: str, request: Mapping[str, Any], key: str) -> dict[str, Any]:
    config = {**read_config(name), "retry": {"max_attempts": 1}}
    charset = find_charset(config)
    with running(name) as (server, url):
        if key != KEY and name == "oauth":
            server.good_for = 0  # its keys are tokens, and none is good then
            key = KEY
        variables = {"PRIVATE_URL": url, "PRIVATE_KEY": key, "PRIVATE_USER": "tests"}
        with patch.dict(os.environ, variables), ModelRegistry(config) as hub:
            expect = _call(hub.get_model(name), request)
        exchanges = [(got, sent) for got, sent in server.exchanges if got.path != "/token"]
    told = {
        "request": request,
        "replies": [_tell_reply(sent, charset) for _, sent in exchanges],
        "expect": expect,
        "sent": [_tell_request(got) for got, _ in exchanges],
    }
    return {**told, "sent": told["sent"][0]} if len(exchanges) == 1 else told


def _call(model: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """What comes of a call."""
    asked = dict(request)
    try:
        response = model(asked.pop("input"), **asked)
        for _ in response:
            pass
    except ModelCallError as error:
        told = {"class": type(error).__name__, "code": error.code, "status": error.status}
        told["retry_after"] = error.retry_after
        return {"error": {name: value for name, value in told.items() if value is not None}}
    found = {name: value for name, value in read_outcome(response).items() if value is not None}
    for call in found.get("tool_calls", []):
        if call["id"] != CALL_ID:  # it is made up
            del call["id"]
    if "usage" in found:
        found["usage"] = {name: value for name, value in found["usage"].items() if value is not None}
    return found


def _tell_reply(sent: Sent, charset: str) -> dict[str, Any]:
    headers = {"Content-Type": sent.kind, **sent.headers}
    told: dict[str, Any] = {} if sent.status == 200 else {"status": sent.status}
    decoder = getincrementaldecoder(charset)()
    if not isinstance(sent.body, bytes):
        texts = [decoder.decode(piece) for piece in sent.body]
        return {**told, "headers": headers, "chunks": [text for text in texts if text]}
    text = decoder.decode(sent.body)
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    is_json = isinstance(value, dict) and json.dumps(value, ensure_ascii=False) == text
    return {**told, "headers": headers, "body": value if is_json else text}


def _tell_request(got: Got) -> dict[str, Any]:
    told: dict[str, Any] = {"method": got.method, "path": got.path}
    if got.query:
        told["query"] = {name: "*" if value in (KEY, WRONG) else value for name, value in read_query(got.query).items()}
    headers = {name: got.headers[name] for name in SHOWN if name in got.headers}
    for name, starts in ANEW.items():
        if name in got.headers:
            headers[name] = next(f"{start}*" for start in starts if got.headers[name].startswith(start))
    told["headers"] = headers
    if got.body:
        body = read_json(got.headers, got.body)
        told["body"] = got.body.decode("ascii") if body is None else body
    return told


def write_recording(recording: Mapping[str, Any]) -> str:
    """The text of a file."""
    return json.dumps(recording, ensure_ascii=False, indent=1) + "\n"


def find_folder(name: str) -> Path:
    """Where the recordings of a protocol are."""
    return FOLDER / name / "fixtures"


def main() -> None:
    """Write the recordings of all protocols, in place of those that are there."""
    for name in list_protocols():
        folder = find_folder(name)
        folder.mkdir(exist_ok=True)
        for path in folder.glob("*.json"):
            path.unlink()
        for call, recording in record(name):
            (folder / f"{call}.json").write_text(write_recording(recording), encoding="utf-8")
