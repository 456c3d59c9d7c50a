"""What each protocol writes, byte for byte: ``replies/`` holds an answer and its reply, whole and as a stream."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelhub.response import ModelResponse, ToolCall, Usage
from modelhub.server.formats.failures import build_failure
from modelhub.server.formats.protocol import Route
from modelhub.wire import encode_json

from .speaking import ROUTES, build_response, hide, parse, read_cases, write_stream

CASES = read_cases("replies")
ANSWERS = read_cases("answers")
STREAMED = {
    "/v1/chat/completions": {"stream": True},
    "/v1/responses": {"stream": True, "input": "hi"},
    "/v1/messages": {"stream": True, "max_tokens": 9},
    "/api/chat": {},
    "/api/generate": {"prompt": "hi"},
}


def ask(path: str) -> Any:
    """A request for a stream."""
    messages = {"messages": [{"role": "user", "content": "hi"}]} if "input" not in STREAMED[path] else {}
    return parse(path, {"model": "m", **messages, **STREAMED[path]})


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_replies(name: str, case: dict[str, Any]) -> None:
    route, wanted = ROUTES[case["path"]], parse(case["path"], case["body"])
    writer = route.build_writer(wanted, "x1", 1767225600)
    whole = encode_json(writer.build_whole(build_response(case["whole"]))).decode()
    assert json.loads(hide(whole)) == case["reply"]
    if "deltas" in case:
        written = write_stream(route, wanted, case["deltas"], build_response(case["whole"])).decode()
        assert hide(written).splitlines() == case["stream"]


@pytest.mark.parametrize(("name", "case"), ANSWERS, ids=[name for name, _ in ANSWERS])
def test_events_of_responses_tell_the_same_as_their_end(name: str, case: dict[str, Any]) -> None:
    path = "/v1/responses"
    written = write_stream(ROUTES[path], ask(path), case["deltas"], build_response(case["whole"]))
    events = [json.loads(event.partition("data: ")[2]) for event in written.decode().split("\n\n")[:-1]]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    last = events[-1]["response"]
    assert events[-1]["type"] == f"response.{last['status']}"
    done = {event["output_index"]: event["item"] for event in events if event["type"] == "response.output_item.done"}
    assert last["output"] == [done[n] for n in range(len(done))]
    grown: dict[str, str] = {}
    for event in events:
        if event["type"].endswith(".delta"):
            grown[event["item_id"]] = grown.get(event["item_id"], "") + event["delta"]
    whole = ROUTES[path].build_writer(ask(path), "x1", 1767225600).build_whole(build_response(case["whole"]))
    for item, other in zip(last["output"], whole["output"], strict=True):
        inside = item["content"][0]["text"] if "content" in item else item["arguments"]
        assert grown.get(item["id"], "") == inside
        assert item["id"] == other["id"] and item["type"] == other["type"]
        if "content" in item:
            assert item == other
        else:
            assert json.loads(item["arguments"] or "{}") == json.loads(other["arguments"])


@pytest.mark.parametrize("path", STREAMED)
def test_a_whole_answer_may_stand_in_for_a_stream(path: str) -> None:
    """A kept answer, or one of a model that cannot stream, is its own one delta."""
    whole = ModelResponse(
        "hi", tool_calls=[ToolCall("c1", "f", {"a": 1})], finish_reason="tool_calls", usage=Usage(1, 2)
    )
    writer = ROUTES[path].build_writer(ask(path), "x1", 1)
    written = b"".join((writer.build_opening(whole), *map(writer.build_delta, whole), writer.build_closing(whole)))
    assert b'"hi"' in written
    assert (b'"f"' in written) is (path != "/api/generate")


@pytest.mark.parametrize("path", STREAMED)
def test_half_a_character_does_not_break_a_stream(path: str) -> None:
    writer = ROUTES[path].build_writer(ask(path), "x1", 1)
    writer.build_opening()
    writer.build_delta(ModelResponse("a"))
    for text in ("\ud83d", "b"):
        written = writer.build_delta(ModelResponse(text))
        json.loads(written.decode().partition("data: ")[2] or written)


@pytest.mark.parametrize("path", STREAMED)
def test_a_stream_that_fails_ends_with_the_error(path: str) -> None:
    writer = ROUTES[path].build_writer(ask(path), "x1", 1)
    writer.build_opening()
    writer.build_delta(ModelResponse("a"))
    event = writer.build_error_event(build_failure(ValueError("secret")))
    assert b"the gateway has failed" in event and b"secret" not in event
    assert event.endswith(b"\n")


SIGNED = [
    {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
    {"type": "redacted_thinking", "data": "eHh4"},
    {"type": "tool_use", "id": "c1", "name": "f", "input": {}},
    {"type": "thinking", "thinking": "more", "signature": "bW9y"},
    {"type": "text", "text": "so"},
]


def test_thoughts_of_claude_come_with_their_signatures_in_their_order() -> None:
    route: Route = ROUTES["/v1/messages"]
    calls = [ToolCall("c1", "f", {})]
    whole = ModelResponse("so", reasoning="hmmore", tool_calls=calls, raw={"type": "message", "content": SIGNED})
    writer = route.build_writer(ask("/v1/messages"), "x1", 1)
    assert writer.build_whole(whole)["content"] == SIGNED


def test_thoughts_of_claude_go_through_openais_chats_and_back() -> None:
    path = "/v1/chat/completions"
    raw = {"type": "message", "content": SIGNED[:3]}
    whole = ModelResponse("", reasoning="hm", tool_calls=[ToolCall("c1", "f", {})], raw=raw)
    message = ROUTES[path].build_writer(ask(path), "x1", 1).build_whole(whole)["choices"][0]["message"]
    assert message["thinking_blocks"] == SIGNED[:2]
    wanted = parse(path, {"model": "m", "messages": [message]})
    assert wanted.input[0]["thinking_blocks"] == SIGNED[:2]
    writer = ROUTES[path].build_writer(ask(path), "x1", 1)
    chunk = json.loads(writer.build_closing(whole).decode().split("\n\n")[0].partition("data: ")[2])
    assert chunk["choices"][0]["delta"] == {"thinking_blocks": SIGNED[:2]}


def test_what_has_stopped_claude_is_told() -> None:
    raw = {"type": "message", "content": [], "stop_reason": "stop_sequence", "stop_sequence": "END"}
    for told in (raw, [{"type": "message_delta", "delta": raw}]):
        whole = ModelResponse("so", finish_reason="stop", raw=told)
        reply = ROUTES["/v1/messages"].build_writer(ask("/v1/messages"), "x1", 1).build_whole(whole)
        assert (reply["stop_reason"], reply["stop_sequence"]) == ("stop_sequence", "END")


def test_signatures_come_in_streams() -> None:
    """They are no deltas: the writer finds them in what has come of the stream."""
    raw: list[Any] = []
    stream = ModelResponse(raw=raw)
    writer = ROUTES["/v1/messages"].build_writer(ask("/v1/messages"), "x1", 1)
    written = [writer.build_opening(stream)]
    raw.append(
        {"type": "content_block_start", "index": 0, "content_block": {**SIGNED[0], "thinking": "", "signature": ""}}
    )
    raw.append({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}})
    written.append(writer.build_delta(ModelResponse("", reasoning="hm")))
    raw.append({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}})
    raw.append({"type": "content_block_start", "index": 1, "content_block": SIGNED[1]})
    raw.append({"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": ""}})
    written.append(writer.build_delta(ModelResponse("so")))
    written.append(writer.build_closing(ModelResponse("so", reasoning="hm", raw=raw, finish_reason="stop")))
    events = [json.loads(event.partition("data: ")[2]) for event in b"".join(written).decode().split("\n\n")[2:-1]]
    told = [(event["type"], event.get("index"), event.get("delta", event.get("content_block"))) for event in events]
    assert told[:-2] == [
        ("content_block_start", 0, {"type": "thinking", "thinking": "", "signature": ""}),
        ("content_block_delta", 0, {"type": "thinking_delta", "thinking": "hm"}),
        ("content_block_delta", 0, {"type": "signature_delta", "signature": "c2ln"}),
        ("content_block_stop", 0, None),
        ("content_block_start", 1, SIGNED[1]),
        ("content_block_stop", 1, None),
        ("content_block_start", 2, {"type": "text", "text": ""}),
        ("content_block_delta", 2, {"type": "text_delta", "text": "so"}),
        ("content_block_stop", 2, None),
    ]
