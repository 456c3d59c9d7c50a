"""Whatever a server answers, only errors of calls are raised."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub.adapters.failures import compile_error
from modelhub.adapters.reading import compile_response
from modelhub.errors import ModelCallError
from modelhub.response import ModelResponse
from modelhub.wire import Reply

from .adapted import call, read_stream

KEYS = st.sampled_from(["t", "r", "u", "c", "n", "i", "a", "code", "msg", "wait", "v", "body", "data", "error"])
ATOMS = st.none() | st.booleans() | st.integers(-3, 10**25) | st.floats() | st.text(max_size=6)
ATOMS |= st.sampled_from(
    [10**400, -(10**400), "stop", '{"a": 1}', "<call>", "</call>", '<call>{"name": "f"}</call>', "\ud83d", "9" * 400]
)
JSON = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=20
)
IN_TEXT = {"in_text": {"open": "<call>", "close": "</call>"}}
PARTS: dict[str, Any] = {
    "reasoning": "r",
    "finish_reason": {"from": "u.r", "map": {"1": "length"}},
    "usage": {"prompt_tokens": "u.n", "completion_tokens": "u.c", "total_tokens": "u.t"},
}
CALLS = st.sampled_from([{"each": "c", "id": "i", "name": "n", "arguments": "a"}, IN_TEXT, None])
TEXTS = st.sampled_from(["t", "t[0].t", "@", "body", "length(t)", "data[].t", "join('', t)"])
ERROR = {
    "when": "code && code != `0`",
    "code": "code",
    "message": "msg",
    "retry_after": "wait",
    "classes": {"1": "RateLimitError"},
}
STATUS = st.sampled_from([200, 201, 400, 404, 429, 500, 503])


def write(document: Any) -> bytes:
    return json.dumps(document).encode("utf-8", "surrogatepass")


@settings(max_examples=150)
@given(JSON, TEXTS, CALLS, STATUS)
def test_whole_replies(document: Any, text: str, calls: Any, status: int) -> None:
    parts = {"response": {**PARTS, "text": text, "tool_calls": calls, "request_id": "i", "model": "n"}, "error": ERROR}
    try:
        response = call(parts, {"status": status, "body": write(document).decode()})
    except ModelCallError as error:
        assert str(error).startswith("mine (adapted_chat): ")
        return
    check(response)


@settings(max_examples=150)
@given(JSON)
def test_vectors_and_images(document: Any) -> None:
    for config, task in (
        ({"embedding": "v"}, "embedding"),
        ({"embedding": {"each": "data", "vector": "v", "index": "i"}}, "embedding"),
        ({"image_urls": "v"}, "image"),
        ({"image_urls": "data[].t"}, "image"),
    ):
        read = compile_response(config, task)
        try:
            response = read(read.decode(Reply(200, {}, write(document))))
        except ModelCallError:
            continue
        assert response.embedding or response.image_urls


@settings(max_examples=150)
@given(
    st.lists(JSON, max_size=5),
    st.sampled_from(["sse", "ndjson", "json_array"]),
    TEXTS,
    CALLS,
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, "[DONE]", {"when": "data"}]),
)
def test_streams(
    documents: list[Any], kind: str, text: str, calls: Any, cumulative: bool, partial: bool, done: Any
) -> None:
    told = {**calls, "index": "t", "partial": partial} if calls and "each" in calls else calls
    stream = {**PARTS, "framing": kind, "text": text, "tool_calls": told, "cumulative": cumulative}
    if done is not None:
        stream["done"] = done
    written = [write(document) for document in documents]
    data = {
        "sse": b"".join(b"data: " + item + b"\n\n" for item in written),
        "ndjson": b"\n".join(written),
        "json_array": b"[" + b",".join(written) + b"]",
    }[kind]
    with suppress(ModelCallError):
        check(read_stream(stream, [data], error=ERROR))
    try:
        response = call({"stream": stream, "error": ERROR}, {"status": 200, "chunks": [data.decode()]}, stream=True)
        assert isinstance(response.text, str)
    except ModelCallError as error:
        assert str(error).startswith("mine (adapted_chat): ")


@given(
    st.binary(max_size=60),
    st.sampled_from(["sse", "ndjson", "json_array", "text", "lines"]),
    st.sampled_from(["gbk", "utf-16", "utf-32", "utf-7", None]),
)
def test_bytes(data: bytes, kind: str, charset: str | None) -> None:
    response = {} if charset is None else {"charset": charset}
    with suppress(ModelCallError):
        check(read_stream({"framing": kind, "text": "t || body"}, [data[:7], data[7:]], response=response))
    compile_response({**response, "text": "t"}, "chat").decode(Reply(200, {}, data))


@settings(max_examples=150)
@given(JSON, st.sampled_from([None, 200, 400, 503]))
def test_errors(document: Any, status: int | None) -> None:
    adapter = compile_error(ERROR)
    for found in (adapter.find(document, status, {}), adapter.build(document, status, {})):
        if found is not None:
            assert found.message
            assert found.retry_after is None or 0 <= found.retry_after < float("inf")


def check(response: ModelResponse) -> None:
    """What has been read is of the types that it is to be of, and its texts can be written."""
    assert response.text is None or response.text.encode() is not None
    assert response.reasoning is None or response.reasoning.encode() is not None
    assert response.finish_reason in (None, "stop", "length", "tool_calls", "other")
    for made in response.tool_calls or ():
        assert isinstance(made.id, str)
        assert isinstance(made.name, str)
        assert isinstance(made.arguments, dict)
    usage = response.usage
    assert usage is None or all(isinstance(value, int) for value in (usage.prompt_tokens, usage.total_tokens))
