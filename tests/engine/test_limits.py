"""An event and a whole reply have a largest size, which the config says; a packed reply is not unpacked beyond it."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
import zlib
from typing import Any

import aiohttp
import pytest

from modelhub import ConfigError, ModelRegistry, errors
from modelhub.testing import MockServer, Replay

from ..conftest import Awaiting, Blocking
from ..served import build_model

TEXT = random.Random(1).randbytes(200_000).hex()  # which packing halves only
ANSWER = json.dumps({"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]})
CHUNK = json.dumps({"choices": [{"index": 0, "delta": {"content": "x" * 5000}, "finish_reason": None}]})
END = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}


def packed(data: bytes, how: str) -> dict[str, Any]:
    """A raw reply with packed ``data``."""
    body = gzip.compress(data) if how == "gzip" else zlib.compress(data)
    return {"headers": {**JSON, "content-encoding": how}, "body": body.decode("utf-8", "surrogateescape")}


REPLIES: dict[str, dict[str, Any]] = {
    "whole": {"headers": JSON, "body": ANSWER},
    "in chunks": {"headers": JSON, "chunks": [ANSWER[:3000], ANSWER[3000:]]},
    "gzip": packed(ANSWER.encode(), "gzip"),
    "deflate": packed(ANSWER.encode(), "deflate"),
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_a_reply_has_a_largest_size(server: MockServer, caller: Blocking | Awaiting, reply: dict[str, Any]) -> None:
    server.reply({"status": 200, **reply})
    model = build_model("openai_chat", server.url, max_body=1000)
    with pytest.raises(errors.ResponseParsingError) as caught:
        caller.call(model, "hi")
    assert "larger than 1000 bytes: raise max_body in the config" in str(caught.value)
    assert caught.value.status == 200
    assert not caught.value.retryable
    assert len(server.requests) == 1, "it would be as large again"
    assert server.wait_until(lambda: server.open_connections == 0, 5), "what is not read is not used again"


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_a_reply_of_the_largest_size_is_read(
    server: MockServer, caller: Blocking | Awaiting, reply: dict[str, Any]
) -> None:
    server.reply({"status": 200, **reply})
    model = build_model("openai_chat", server.url, max_body=len(ANSWER))
    assert caller.call(model, "hi").text == TEXT


def test_a_packed_reply_is_not_unpacked_whole(server: MockServer, caller: Blocking | Awaiting) -> None:
    bomb = packed(b" " * (200 << 20), "gzip")
    # Before 3.13, aiohttp unpacks at once all that has come in one read, which may be the whole, and copies it twice.
    most = 800 << 20 if aiohttp.__version__ < "3.13" and isinstance(caller, Awaiting) else 100 << 20
    for status, error in ((200, errors.ResponseParsingError), (400, errors.BadRequestError)):
        server.reply({"status": status, **bomb})
        model = build_model("openai_chat", server.url, max_body=1 << 20)
        tracemalloc.start()
        try:
            with pytest.raises(error):
                caller.call(model, "hi")
            assert tracemalloc.get_traced_memory()[1] < most
        finally:
            tracemalloc.stop()


STREAMS: dict[str, tuple[str, list[str]]] = {
    "in one chunk": ("max_event", [f"data: {CHUNK}\n\n{END}"]),
    "in two chunks": ("max_event", [f"data: {CHUNK[:3000]}", f"{CHUNK[3000:]}\n\n{END}"]),
    "that does not end": ("max_event", [f"data: {CHUNK}"]),
    "that is no stream": ("max_body", [ANSWER[:3000], ANSWER[3000:]]),
}


@pytest.mark.parametrize(("key", "chunks"), STREAMS.values(), ids=STREAMS)
def test_an_event_has_a_largest_size(
    server: MockServer, caller: Blocking | Awaiting, key: str, chunks: list[str]
) -> None:
    model = build_model("openai_chat", server.url, max_event=1000, max_body=1000)
    server.reply({"status": 200, "headers": SSE, "chunks": chunks})
    with pytest.raises(errors.ResponseParsingError) as caught:
        caller.deltas(model, "hi")
    assert f"larger than 1000 bytes: raise {key} in the config" in str(caught.value)
    assert len(server.requests) == 1
    assert server.wait_until(lambda: server.open_connections == 0, 5)


def test_what_came_before_a_large_event_is_kept(server: MockServer, caller: Blocking | Awaiting) -> None:
    first = json.dumps({"choices": [{"index": 0, "delta": {"content": "first"}}]})
    server.reply({"status": 200, "headers": SSE, "chunks": [f"data: {first}\n\ndata: {CHUNK}\n\n"]})
    with pytest.raises(errors.ResponseParsingError) as caught:
        caller.deltas(build_model("openai_chat", server.url, max_event=1000), "hi")
    assert caught.value.partial.text == "first"


def test_a_line_has_a_largest_size(caller: Blocking | Awaiting) -> None:
    model = build_model("ollama_chat", "http://nowhere", max_event=1000)
    line = json.dumps({"message": {"role": "assistant", "content": "x" * 5000}, "done": False})
    model.drivers = Replay([{"status": 200, "chunks": [line[:4000]]}])
    with pytest.raises(errors.ResponseParsingError, match="max_event"):
        caller.deltas(model, "hi")


def test_a_recorded_reply_has_a_largest_size(caller: Blocking | Awaiting) -> None:
    model = build_model("openai_chat", "http://nowhere", max_body=1000)
    model.drivers = Replay([{"status": 200, "body": ANSWER}])
    with pytest.raises(errors.ResponseParsingError, match="max_body"):
        caller.call(model, "hi")


@pytest.mark.parametrize("key", ["max_event", "max_body"])
def test_the_sizes_are_whole_numbers(key: str) -> None:
    config = {"config_name": "m", "model_type": "openai_chat", "api_key": "${KEY}"}
    for wrong in (0, -1, 1.5, "1 MB", True):
        with pytest.raises(ConfigError, match=key):
            ModelRegistry({**config, key: wrong})


def test_the_sizes_may_be_references(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LARGEST", "1000")
    model = build_model("openai_chat", "http://nowhere", max_event="${LARGEST}", max_body="${LARGEST}")
    assert model.limits == (1000, 1000)
    assert build_model("openai_chat", "http://nowhere").limits == (64 << 20, 256 << 20)
