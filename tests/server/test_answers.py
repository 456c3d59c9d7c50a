"""The mock server's answers: deterministic, and in the shapes that the real servers have."""

import base64
import json
import math
import struct

import pytest
import requests

from modelhub.testing import MockServer

WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "unit": {"enum": ["celsius", "fahrenheit"]},
        "days": {"type": "integer", "minimum": 3},
        "note": {"type": "string"},
    },
    "required": ["city", "unit", "days"],
}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}]
QUESTION = "What is the weather in Paris?"


@pytest.fixture(scope="module")
def server():
    with MockServer() as server:
        yield server


def post(server, path, **body):
    """The parsed reply: one value, or the list of a stream's values (without [DONE])."""
    reply = requests.post(server.url + path, json=body, timeout=10)
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-request-id"].startswith("mock-")
    kind = reply.headers["content-type"]
    if kind.startswith("text/event-stream"):
        events = reply.text.split("\n\n")
        assert events[-2:] == ["data: [DONE]", ""]
        return [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
    if kind == "application/x-ndjson":
        return [json.loads(line) for line in reply.text.splitlines()]
    assert kind == "application/json"
    return reply.json()


def chat(server, text=QUESTION, **body):
    return post(server, "/v1/chat/completions", model="m", messages=[{"role": "user", "content": text}], **body)


def ask_ollama(server, text=QUESTION, **body):
    return post(server, "/api/chat", model="m", messages=[{"role": "user", "content": text}], **body)


def text_of(reply):
    return reply["choices"][0]["message"]["content"]


def joined(chunks):
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])


def shape(value):
    """The keys of a value all the way down; a list has the shape of its first item."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value[:1]] if isinstance(value, list) else None


USAGE = {
    "prompt_tokens": None,
    "completion_tokens": None,
    "total_tokens": None,
    "prompt_tokens_details": {"cached_tokens": None, "audio_tokens": None},
    "completion_tokens_details": {"reasoning_tokens": None, "audio_tokens": None},
}
MESSAGE = {"role": None, "content": None, "refusal": None, "annotations": []}
CALL = {"id": None, "type": None, "function": {"name": None, "arguments": None}}
HEAD = dict.fromkeys(["id", "object", "created", "model", "service_tier", "system_fingerprint"])
CHOICE = dict.fromkeys(["index", "logprobs", "finish_reason"])
STATS = dict.fromkeys(
    ["total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration"]
)
LINE = {"model": None, "created_at": None, "done": None}
FUNCTION = {"name": None, "arguments": {"city": None, "unit": None, "days": None}}


def test_openai_shapes(server):
    assert shape(chat(server)) == {**HEAD, "choices": [{**CHOICE, "message": MESSAGE}], "usage": USAGE}
    called = chat(server, tools=TOOLS)
    assert shape(called["choices"]) == [{**CHOICE, "message": {**MESSAGE, "tool_calls": [CALL]}}]
    first, *middle, last = chat(server, stream=True)
    assert shape(first) == {**HEAD, "choices": [{**CHOICE, "delta": dict.fromkeys(["role", "content", "refusal"])}]}
    assert all(shape(one) == {**HEAD, "choices": [{**CHOICE, "delta": {"content": None}}]} for one in middle)
    assert shape(last) == {**HEAD, "choices": [{**CHOICE, "delta": {}}]}
    assert last["choices"][0]["finish_reason"] == "stop"
    chunks = chat(server, stream=True, stream_options={"include_usage": True})
    assert all(chunk["usage"] is None for chunk in chunks[:-1])
    assert shape(chunks[-1]) == {**HEAD, "choices": [], "usage": USAGE}
    assert joined(chunks) == text_of(chat(server))


def test_openai_models_and_embeddings(server):
    models = requests.get(server.url + "/v1/models", timeout=10).json()
    assert shape(models) == {"object": None, "data": [dict.fromkeys(["id", "object", "created", "owned_by"])]}
    plain = post(server, "/v1/embeddings", model="e", input=["ping", "pong"])
    data = {"object": None, "index": None, "embedding": [None]}
    usage = {"prompt_tokens": None, "total_tokens": None}
    assert shape(plain) == {"object": None, "data": [data], "model": None, "usage": usage}
    vectors = [item["embedding"] for item in plain["data"]]
    assert vectors[0] != vectors[1]
    assert all(len(vector) == 8 and math.hypot(*vector) == pytest.approx(1) for vector in vectors)
    packed = post(server, "/v1/embeddings", model="e", input=["ping", "pong"], encoding_format="base64")
    decoded = [struct.unpack("<8f", base64.b64decode(item["embedding"])) for item in packed["data"]]
    assert [list(vector) for vector in decoded] == vectors
    assert len(post(server, "/embeddings", model="e", input="x", dimensions=5)["data"][0]["embedding"]) == 5
    assert len(post(server, "/v1/embeddings", model="e", input=[1, 2, 3])["data"]) == 1


def test_ollama_shapes(server):
    whole = ask_ollama(server, stream=False)
    assert shape(whole) == {**LINE, "message": {"role": None, "content": None}, "done_reason": None, **STATS}
    *deltas, last = ask_ollama(server)
    assert all(shape(one) == {**LINE, "message": {"role": None, "content": None}} for one in deltas)
    assert shape(last) == shape(whole)
    assert "".join(one["message"]["content"] for one in deltas) == whole["message"]["content"]
    first, last = ask_ollama(server, tools=TOOLS)
    assert shape(first["message"]) == {"role": None, "content": None, "tool_calls": [{"function": FUNCTION}]}
    assert (last["done"], last["done_reason"]) == (True, "stop")
    assert ask_ollama(server, think=True, stream=False)["message"]["thinking"]
    assert "".join(line["message"].get("thinking", "") for line in ask_ollama(server, think=True))
    assert json.loads(ask_ollama(server, format="json", stream=False)["message"]["content"]).keys() == {"answer"}
    said = post(server, "/api/generate", model="m", prompt="echo: hi there", stream=False)
    assert shape(said) == {**LINE, "response": None, "done_reason": None, "context": [None], **STATS}
    lines = post(server, "/api/generate", model="m", prompt="echo: hi there")
    assert [line["response"] for line in lines] == ["hi", " there", ""]
    embedded = post(server, "/api/embed", model="m", input=["a", "b"])
    counts = dict.fromkeys(["total_duration", "load_duration", "prompt_eval_count"])
    assert shape(embedded) == {"model": None, "embeddings": [[None]], **counts}
    assert post(server, "/api/embeddings", model="m", prompt="a") == {"embedding": embedded["embeddings"][0]}
    tags = requests.get(server.url + "/api/tags", timeout=10).json()["models"]
    assert tags[0].keys() == {"name", "model", "modified_at", "size", "digest", "details"}
    assert requests.get(server.url + "/api/version", timeout=10).json().keys() == {"version"}


@pytest.mark.parametrize("path", ["/llm/", "/llm", "/post"])
@pytest.mark.parametrize("key", ["messages", "inputs"])
@pytest.mark.parametrize("given", ["echo: hi", ["echo: hi"], [{"role": "user", "content": "echo: hi"}]])
def test_post_api(server, path, key, given):
    reply = post(server, path, **{key: given})
    assert reply["data"]["response"]["choices"][0]["message"]["content"] == "hi"


def test_answers_depend_on_seed_model_and_last_message_only(server):
    with MockServer(seed=1) as other:
        answers = {
            text_of(chat(server, "one")),
            text_of(chat(server, "two")),
            text_of(chat(other, "one")),
            text_of(post(server, "/chat/completions", model="n", messages=[{"role": "user", "content": "one"}])),
        }
    assert len(answers) == 4
    assert chat(server, "one") == chat(server, "one")
    longer = [{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "one"}]}]
    assert text_of(post(server, "/v1/chat/completions", model="m", messages=longer)) == text_of(chat(server, "one"))


@pytest.mark.parametrize("text", ["xyz", "two  spaces\nand 你好，世界 🌍 é", "a"])
def test_echo(server, text):
    assert text_of(chat(server, f"echo: {text}")) == text
    assert joined(chat(server, f"echo: {text}", stream=True)) == text


def test_length_choices_and_usage(server):
    cut = chat(server, "count: 9", max_tokens=3)
    assert (text_of(cut), cut["choices"][0]["finish_reason"]) == ("1 2 3", "length")
    assert text_of(chat(server, "count: 9", max_completion_tokens=2)) == "1 2"
    assert (cut["usage"]["prompt_tokens"], cut["usage"]["completion_tokens"]) == (2, 3)
    line = ask_ollama(server, "count: 9", stream=False, options={"num_predict": 4})
    assert (line["message"]["content"], line["done_reason"], line["eval_count"]) == ("1 2 3 4", "length", 4)
    texts = [choice["message"]["content"] for choice in chat(server, n=3)["choices"]]
    assert len(set(texts)) == 3
    chunks = chat(server, n=3, stream=True)
    for index, text in enumerate(texts):
        assert joined([chunk for chunk in chunks if chunk["choices"][0]["index"] == index]) == text


def test_tools(server):
    call = chat(server, tools=TOOLS)["choices"][0]
    assert call["finish_reason"] == "tool_calls"
    arguments = json.loads(call["message"]["tool_calls"][0]["function"]["arguments"])
    assert arguments == {"city": "Paris", "unit": "celsius", "days": 3}
    chunks = chat(server, tools=TOOLS, stream=True)
    parts = [part for chunk in chunks for part in chunk["choices"][0]["delta"].get("tool_calls", ())]
    assert parts[0]["function"] == {"name": "get_weather", "arguments": ""}
    assert len(parts) > 2 and all(part.keys() == {"index", "function"} for part in parts[1:])
    assert json.loads("".join(part["function"]["arguments"] for part in parts)) == arguments
    assert text_of(chat(server, tools=TOOLS, tool_choice="none"))
    assert text_of(chat(server, "hello", tools=TOOLS))
    for choice in ("required", {"type": "function", "function": {"name": "get_weather"}}):
        assert text_of(chat(server, "hello", tools=TOOLS, tool_choice=choice)) is None
    result = {"role": "tool", "tool_call_id": "x", "content": "21°C"}
    history = [{"role": "user", "content": QUESTION}, call["message"], result]
    reply = post(server, "/v1/chat/completions", model="m", messages=history, tools=TOOLS)
    assert text_of(reply) == "The tool says: 21°C"


def test_json_answers(server):
    schema = {
        "type": "object",
        "properties": {"who": {"$ref": "#/$defs/person"}, "tags": {"type": "array", "items": {"type": "string"}}},
        "required": ["who", "tags"],
        "$defs": {"person": {"type": "object", "properties": {"age": {"type": ["null", "integer"]}}}},
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    assert json.loads(text_of(chat(server, "aged 41", response_format=wanted))) == {
        "who": {"age": 41},
        "tags": ["tags"],
    }
    assert json.loads(text_of(chat(server, response_format={"type": "json_object"}))).keys() == {"answer"}
    assert json.loads(ask_ollama(server, format=schema, stream=False)["message"]["content"]).keys() == {"who", "tags"}


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/v1/chat/completions", b"nope", "not JSON"),
        ("/v1/chat/completions", b"[]", "not a JSON object"),
        ("/v1/chat/completions", b'{"messages": [{"role": "user"}]}', "model"),
        ("/v1/chat/completions", b'{"model": "m"}', "messages"),
        ("/v1/chat/completions", b'{"model": "m", "messages": [{}]}', "role"),
        ("/v1/chat/completions", b'{"model": "m", "messages": [{"role": "user"}], "n": 1000000000}', "'n'"),
        ("/v1/embeddings", b'{"model": "m"}', "input"),
        ("/api/chat", b"nope", "not JSON"),
        ("/api/chat", b"{}", "model is required"),
        ("/llm/", b"{}", "'messages' or 'inputs'"),
    ],
)
def test_bad_requests(server, path, body, says):
    reply = requests.post(server.url + path, data=body, timeout=10)
    assert reply.status_code == 400
    error = reply.json()["error"]
    assert says in (error if path.startswith("/api") else error["message"])


def test_unknown_paths_and_health(server):
    assert requests.get(server.url + "/health", timeout=10).json() == {"status": "ok"}
    lost = requests.get(server.url + "/v2/nothing", timeout=10)
    assert lost.status_code == 404 and "POST /api/chat" in lost.json()["paths"]
    assert requests.get(server.url + "/api/chat", timeout=10).status_code == 405
