"""Requests that no good client sends: drawn from a seed, each with what may come of it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
CHAT = {
    "model": "openai",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, IMAGE]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "a", "content": "done"},
    ],
    "tools": [TOOL],
    "tool_choice": "auto",
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
    "max_tokens": 3,
    "temperature": 0.5,
    "stop": ["x"],
    "stream": False,
    "stream_options": {"include_usage": True},
}
RESPONSES = {
    "model": "claude",
    "instructions": "Be brief.",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "done"},
    ],
    "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
    "text": {"format": {"type": "text"}},
    "max_output_tokens": 20,
    "stream": False,
}
MESSAGES = {
    "model": "openai",
    "max_tokens": 3,
    "system": [{"type": "text", "text": "Be brief."}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "done"}]},
    ],
    "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    "tool_choice": {"type": "auto"},
    "stop_sequences": ["x"],
    "stream": False,
}
OLLAMA = {
    "model": "openai",
    "messages": [{"role": "user", "content": "Hi", "images": ["iVBORw0KGgo="]}],
    "tools": [TOOL],
    "format": {"type": "object"},
    "options": {"num_predict": 3, "temperature": 0.5, "stop": ["x"]},
    "think": False,
    "keep_alive": "5m",
    "stream": False,
}
BODIES: dict[str, Any] = {
    "/v1/chat/completions": CHAT,
    "/v1/responses": RESPONSES,
    "/v1/embeddings": {"model": "vectors", "input": ["a", "b"], "encoding_format": "base64", "dimensions": 8},
    "/v1/images/generations": {"model": "painter", "prompt": "a cat", "n": 1, "size": "1024x1024"},
    "/v1/messages": MESSAGES,
    "/v1/messages/count_tokens": {key: MESSAGES[key] for key in ("model", "system", "messages", "tools")},
    "/api/chat": OLLAMA,
    "/api/generate": {"model": "openai", "prompt": "Hi", "system": "Be brief.", "stream": False},
    "/api/embed": {"model": "vectors", "input": "a"},
    "/api/show": {"model": "openai"},
}
"""A good body for each path."""

VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 3.5, 1e308, -0.0, 2**31, 2**63, -(2**63), 2**64 - 1, 10**30),
    *("", "x", "\u0000", "\ud83d\ude00", "\u202e", "a" * 5000, "${OPENAI_API_KEY}", "file:///etc/passwd", "../../x"),
    *([], {}, [[]], [{}], {"": 0}, [None], ["x", 5], {"type": "text"}, {"type": "poem"}, {"text": 5}, {"__class__": 1}),
    *("user", "auto", "none", "required", "openai", "claude", "vectors", "painter", "best", "nobody"),
]
TEXTS = [
    *(b"", b" ", b"{", b"[]", b"5", b'"x"', b"null", b"{}", b"{]", b'{"model"', b'{"a":1}{"b":2}', b"NaN"),
    *(b'{"model": NaN}', b'{"model": Infinity}', b'{"model": 1e999}', b'{"model": "\xff"}', b"\xef\xbb\xbf{}"),
    *(b'{"model": "\\ud800"}', b'{"model": "openai", "model": 5}', b"[" * 20000, b'{"a":' * 5000, b"\x00" * 10),
    *("{}".encode("utf-16"), "{}".encode("utf-32"), b"model=openai&messages=Hi", b"1" * 5000, b"-" * 10),
]
METHODS = [
    "GET",
    "PUT",
    "DELETE",
    "PATCH",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "post",
    "P\u00d6ST",
    "X" * 300,
    "G\tT",
]
PATHS = [
    *("/", "//", "/v1", "/v1/", "/v1/chat/completions/", "/v1//chat/completions", "/v1/chat/../models", "/%00", "/%"),
    *("/%zz", "/%2e%2e/%2e%2e/etc/passwd", "/v1/models/", "/v1/models/a%2fb", "/v1/models/%00", "/v1/models/x?y=%zz"),
    *(
        "*",
        "http://elsewhere.example/v1/models",
        "http://",
        "https://[::1",
        "/\u00e9",
        "/v1/models/\u6771",
        "?",
        "#",
        "",
    ),
    *("/a" * 3000, "/" + "x" * 20000, "/v1/models?limit=-1", "/v1/models?" + "a=b&" * 2000, "/metrics/x", "/healthz/"),
    *("/api/tags/../../x", "/api/blobs/sha256:1", "/v1/files", "/v1/batches", "/docs", "/.env", "/v1/messages/batches"),
]
HEADERS = [
    *("Content-Length: -1", "Content-Length: x", "Content-Length: +5", "Content-Length: 5, 5", "Content-Length: 0x10"),
    *("Content-Length: 99999999999999999999", "Content-Length: 5\r\nContent-Length: 6", "Content-Length: 1e3"),
    *("Transfer-Encoding: gzip", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: \x0bchunked"),
    *("Transfer-Encoding: chunked\r\nContent-Length: 5", "Transfer-Encoding : chunked", "Content-Encoding: gzip"),
    *(
        "Content-Encoding: br",
        "Content-Encoding: nonsense",
        "Expect: 200-maybe",
        "Expect: 100-continue",
        "Upgrade: h2c",
    ),
    *("Connection: Upgrade\r\nUpgrade: websocket", "Connection: close", "Connection: nonsense, , ,", "Host: "),
    *("Host: a\r\nHost: b", "Host: \u00e9", "X: " + "y" * 9000, "X: y\r\n" * 500, "X" * 9000 + ": y", ": y", "X y"),
    *("X: a\r\n b", "X: a\x00b", "X: a\rb", "X: \xff", "Content-Type: text/plain", "Content-Type: ;;;charset=nonsense"),
    *(
        "Content-Type: application/json; charset=utf-16",
        "Content-Type: multipart/form-data; boundary=",
        "Cookie: a=b;;",
    ),
    *("Authorization: ", "Authorization: Basic eDp5", "Authorization: Bearer \x7f", "x-api-key: \xe9", "Accept: \x01"),
    *("anthropic-version: never", "anthropic-version: ", "Range: bytes=0-1", "If-None-Match: *", "Origin: null"),
    *("Origin: https://elsewhere.example", "X-HTTP-Method-Override: DELETE", "X-Forwarded-For: 1.1.1.1"),
]
CHUNKS = [
    *(
        b"5\r\nhello\r\n",
        b"5\r\nhel",
        b"ffffffffffffffff\r\nx",
        b"-5\r\nx\r\n",
        b"5;ext=" + b"x" * 9000 + b"\r\nhello\r\n",
    ),
    *(
        b"zz\r\n",
        b"5\r\nhello!!!\r\n0\r\n\r\n",
        b"0\r\nTrailer: x\r\n",
        b"0\r\n\r\n",
        b"2\r\n{}\r\n0\r\n\r\n",
        b"\r\n",
        b"0" * 500,
    ),
    *(b"1\n{\n1\n}\n0\n\n", b"2\r\n{}\r\n0\r\nX: " + b"y" * 9000 + b"\r\n\r\n"),
]
NO_HTTP = [
    *(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    *(b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1", b"\r\n\r\n", b"hello\r\n\r\n", b"\xff\xfe" * 50),
    *(b"GET  /  HTTP/1.1\r\n\r\n", b"SSH-2.0-x\r\n", b"*1\r\n$4\r\nPING\r\n", b"GET / HTTP/1.0\r\n\r\n", b" " * 10000),
]


class Case(NamedTuple):
    """What is sent on a connection of its own, and the paths of the requests in it, in their order.

    ``whole`` says that all of them are good HTTP, so that each must be answered; else the connection may be closed.
    With ``ends`` the client says after them that nothing more will come.
    """

    kind: str
    sent: bytes
    paths: tuple[str, ...]
    whole: bool = False
    ends: bool = False


def build_cases(seed: int, number: int) -> Iterator[Case]:
    """So many cases, of all kinds in turn."""
    dice = random.Random(seed)
    kinds = [_mutate, _mutate, _mutate, _spoil, _head, _head, _path, _chunk, _pipeline, _no_http, _large, _cut]
    for n in range(number):
        yield kinds[n % len(kinds)](dice)


def build_request(path: str, body: bytes, *, method: str = "POST", more: str = "", length: bool = True) -> bytes:
    """The bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: gateway\r\n"
    if length:
        head += f"Content-Length: {len(body)}\r\n"
    return (head + (more and more.rstrip("\r\n") + "\r\n") + "\r\n").encode("utf-8", "surrogatepass") + body


def _mutate(dice: random.Random) -> Case:
    path, body = dice.choice(list(BODIES.items()))
    body = copy.deepcopy(body)
    for _ in range(dice.choice((0, 1, 1, 1, 2, 3))):
        _change(dice, body)
    if "stream" in body and dice.random() < 0.2:
        body["stream"] = True
    return Case("mutated", build_request(path, json.dumps(body).encode()), (path,), whole=True)


def _change(dice: random.Random, value: Any) -> None:
    """Change one place somewhere in a body."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys or dice.random() < 0.05:
            if isinstance(value, dict):
                value[dice.choice(["x", "", "api_key", "n", "user", "logprobs", "think", "store"])] = dice.choice(
                    VALUES
                )
            else:
                value.append(dice.choice(VALUES))
            return
        key = dice.choice(keys)
        inner = value[key]
        if isinstance(inner, dict | list) and inner and dice.random() < 0.75:
            value = inner
            continue
        if isinstance(value, dict) and dice.random() < 0.2:
            del value[key]
        else:
            value[key] = copy.deepcopy(dice.choice(VALUES))
        return


def _spoil(dice: random.Random) -> Case:
    path, body = dice.choice(list(BODIES.items()))
    text = dice.choice(TEXTS)
    if dice.random() < 0.5:
        text = bytearray(json.dumps(body).encode())
        for _ in range(dice.randint(1, 4)):
            text[dice.randrange(len(text))] = dice.randrange(256)
    return Case("spoilt", build_request(path, bytes(text)), (path,), whole=True)


def _head(dice: random.Random) -> Case:
    path, body = dice.choice(list(BODIES.items()))
    text = json.dumps(body).encode()
    tricks = "\r\n".join(dice.choice(HEADERS) for _ in range(dice.choice((1, 1, 2))))
    length = "Content-Length" not in tricks and "Transfer-Encoding" not in tricks
    sent = build_request(path, text, more=tricks, length=length)
    return Case("head", sent, (path,), ends=True)


def _path(dice: random.Random) -> Case:
    path, method = dice.choice([*PATHS, *BODIES]), dice.choice(["GET", "POST", *METHODS])
    body = b"{}" if method == "POST" else b""
    return Case("path", build_request(path, body, method=method), (path,), ends=True)


def _chunk(dice: random.Random) -> Case:
    path = dice.choice(list(BODIES))
    chunks = b"".join(dice.choice(CHUNKS) for _ in range(dice.choice((1, 1, 2, 3))))
    sent = build_request(path, chunks, more="Transfer-Encoding: chunked", length=False)
    return Case("chunks", sent, (path,), ends=True)


def _pipeline(dice: random.Random) -> Case:
    sent, paths = b"", []
    for _ in range(dice.randint(2, 6)):
        path = dice.choice(["/healthz", "/v1/models", "/api/tags", "/nowhere", *BODIES])
        if path in BODIES:
            sent += build_request(path, dice.choice([json.dumps(BODIES[path]).encode(), b"{}", b"["]))
        else:
            sent += build_request(path, b"", method="GET")
        paths.append(path)
    return Case("pipelined", sent, tuple(paths), whole=True)


def _no_http(dice: random.Random) -> Case:
    return Case("no HTTP", dice.choice(NO_HTTP), ("/",), ends=True)


def _large(dice: random.Random) -> Case:
    path = dice.choice(list(BODIES))
    length = dice.choice((33_554_433, 10**9, 10**12))
    head = build_request(path, b"", more=f"Content-Length: {length}", length=False)
    return Case("large", head + b"[" * dice.choice((0, 10, 10_000)), (path,))


def _cut(dice: random.Random) -> Case:
    path, body = dice.choice(list(BODIES.items()))
    whole = build_request(path, json.dumps(body).encode())
    return Case("cut", whole[: dice.randrange(len(whole))], (path,), ends=True)
