"""Whole replies are read as the ``response`` of a config says."""

from __future__ import annotations

from typing import Any

import pytest

from modelhub import ConfigError, Usage
from modelhub.adapters.reading import compile_response
from modelhub.errors import ResponseParsingError
from modelhub.response.tool_calls import MalformedToolCall
from modelhub.wire import Reply

from .adapted import call

TEXTS: dict[str, tuple[Any, str]] = {
    "a text": ("yes", "yes"),
    "an empty text": ("", ""),
    "a list is joined": (["a", "b", ["c", ["d"]]], "abcd"),
    "what is no text is left out of a list": (["a", None, {"x": 1}, 2], "a2"),
    "an integer": (42, "42"),
    "a decimal number": (1.5, "1.5"),
    "a large integer": (10**30, str(10**30)),
    "true": (True, "true"),
    "what a condition does not give is left out": (["a", False, "b"], "ab"),
}


@pytest.mark.parametrize(("value", "text"), TEXTS.values(), ids=TEXTS)
def test_texts(value: Any, text: str) -> None:
    assert compile_response({"text": "a"}, "chat")({"a": value}).text == text


@pytest.mark.parametrize("value", [None, [], {}, {"x": 1}, [None], [{}]])
def test_no_text_is_an_error_that_names_the_expression_and_keys_alone(value: Any) -> None:
    read = compile_response({"text": "a.b"}, "chat")
    with pytest.raises(ResponseParsingError) as caught:
        read({"a": {"b": value, "other": "secret value"}, "list": [{"deep": "secret value"}]})
    message = caught.value.message
    assert "response.text (a.b)" in message
    assert "a.other" in message
    assert "list[0].deep" in message
    assert "secret value" not in message


@pytest.mark.parametrize(
    ("document", "has"),
    [
        ({}, "is an empty object"),
        ([], "is an empty list"),
        (3, "is a number"),
        ("secret", "is a text"),
        (None, "is a null"),
    ],
)
def test_what_there_is_instead_of_keys(document: Any, has: str) -> None:
    with pytest.raises(ResponseParsingError, match=f"the reply {has}"):
        compile_response({"text": "a"}, "chat")(document)


def test_the_error_names_the_config() -> None:
    with pytest.raises(
        ResponseParsingError, match=r"^mine \(adapted_chat\): response\.text \(a\) finds no text"
    ) as caught:
        call({"response": {"text": "a"}}, {"status": 200, "body": {"b": "secret"}})
    assert "secret" not in str(caught.value)


def test_a_text_without_json_is_told_as_such() -> None:
    with pytest.raises(ResponseParsingError, match="the reply has only body, as what is no JSON"):
        compile_response({"text": "a"}, "chat")({"body": "<html>secret</html>"})


def test_keys_are_shortened_and_few() -> None:
    with pytest.raises(ResponseParsingError) as caught:
        compile_response({"text": "a"}, "chat")({f"{'k' * 100}{n}\n": n for n in range(1000)})
    assert len(caught.value.message) < 2000
    assert "\n" not in caught.value.message


REASONS: dict[str, tuple[Any, Any, str]] = {
    "a word stands for itself": ("r", "length", "length"),
    "content_filter": ("r", "content_filter", "content_filter"),
    "another word": ("r", "eos", "other"),
    "none": ("r", None, "stop"),
    "an empty one": ("r", "", "stop"),
    "by a map": ({"from": "r", "map": {"done": "stop", "cut": "length"}}, "cut", "length"),
    "not in the map": ({"from": "r", "map": {"done": "stop"}}, "length", "other"),
    "a number": ({"from": "r", "map": {"2": "length"}}, 2, "length"),
    "a number as a key": ({"from": "r", "map": {2: "length"}}, 2, "length"),
    "true": ({"from": "r", "map": {"true": "length"}}, True, "length"),
    "a list": ("r", ["stop"], "other"),
}


@pytest.mark.parametrize(("config", "value", "reason"), REASONS.values(), ids=REASONS)
def test_finish_reasons(config: Any, value: Any, reason: str) -> None:
    read = compile_response({"text": "t", "finish_reason": config}, "chat")
    assert read({"t": "x", "r": value}).finish_reason == reason


@pytest.mark.parametrize(("told", "reason"), [(None, "tool_calls"), ("stop", "tool_calls"), ("length", "length")])
def test_an_answer_with_calls_was_stopped_for_them(told: str | None, reason: str) -> None:
    read = compile_response({"text": "t", "finish_reason": "r", "tool_calls": {"each": "c", "name": "n"}}, "chat")
    response = read({"t": None, "r": told, "c": [{"n": "f"}]})
    assert (response.text, response.finish_reason) == (None, reason)


USAGES: dict[str, tuple[dict[str, Any], Usage | None]] = {
    "both": ({"in": 3, "out": 4}, Usage(3, 4, 7)),
    "a total": ({"in": 3, "out": 4, "all": 9}, Usage(3, 4, 9)),
    "in digits": ({"in": "3", "out": 4.0}, Usage(3, 4, 7)),
    "one": ({"out": 4}, Usage(0, 4, 4)),
    "none": ({}, None),
    "no numbers": ({"in": "many", "out": [1], "all": True}, None),
    "a number without an end": ({"in": 10**400, "out": 4}, Usage(0, 4, 4)),
    "below zero": ({"in": -1, "out": 4}, Usage(0, 4, 4)),
    "details": ({"in": 3, "out": 4, "kept": 2, "thought": 1}, Usage(3, 4, 7, 2, 1)),
}


@pytest.mark.parametrize(("told", "usage"), USAGES.values(), ids=USAGES)
def test_usage(told: dict[str, Any], usage: Usage | None) -> None:
    names = {"prompt_tokens": "u.in", "completion_tokens": "u.out", "total_tokens": "u.all"}
    config = {"text": "t", "usage": {**names, "cached_tokens": "u.kept", "reasoning_tokens": "u.thought"}}
    assert compile_response(config, "chat")({"t": "x", "u": told}).usage == usage


def test_what_else_there_is() -> None:
    config = {"text": "t", "reasoning": "why", "request_id": "id", "model": "m"}
    document = {"t": "x", "why": ["so", "!"], "id": 7, "m": "big"}
    response = compile_response(config, "chat")(document, {"x-request-id": "other"})
    found = response.reasoning, response.request_id, response.model, response.raw
    assert found == ("so!", "7", "big", document)
    assert compile_response({"text": "t"}, "chat")({"t": "x"}, {"x-request-id": "other"}).request_id == "other"


CALLS = {"each": "calls", "id": "id", "name": "fn", "arguments": "args"}
ARGUMENTS: dict[str, tuple[Any, Any]] = {
    "an object": ({"a": 1}, {"a": 1}),
    "JSON": ('{"a": 1}', {"a": 1}),
    "JSON in JSON": ('"{\\"a\\": 1}"', {"a": 1}),
    "missing": (None, {}),
    "empty": ("", {}),
    "an empty list": ([], {}),
}


@pytest.mark.parametrize(("told", "arguments"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments(told: Any, arguments: Any) -> None:
    read = compile_response({"text": "t", "tool_calls": CALLS}, "chat")
    (only,) = read({"calls": [{"id": "1", "fn": "f", "args": told}]}).tool_calls
    assert (only.id, only.name, only.arguments) == ("1", "f", arguments)


@pytest.mark.parametrize("told", ["{", "[1]", [1], 3, True, '"text"'])
def test_arguments_that_are_no_object_are_an_error(told: Any) -> None:
    parts = {"response": {"text": "t", "tool_calls": CALLS}}
    good = {"id": "2", "fn": "g", "args": {}}
    body = {"t": "x", "calls": [{"id": "1", "fn": "f", "args": told}, good]}
    with pytest.raises(ResponseParsingError, match="the arguments of tool call 'f' are not") as caught:
        call(parts, {"status": 200, "body": body})
    assert [call.name for call in caught.value.partial.tool_calls] == ["g"]


def test_missing_ids_are_made_up() -> None:
    read = compile_response({"text": "t", "tool_calls": CALLS}, "chat")
    calls = read({"calls": [{"fn": "f"}, {"fn": "f"}, {"fn": "g", "id": 5}]}).tool_calls
    assert all(call.id.startswith("call_") and call.id[5:].isdigit() for call in calls[:2])
    assert calls[0].id != calls[1].id
    assert calls[2].id == "5"


@pytest.mark.parametrize(
    ("found", "names"),
    [(None, None), ([], None), ({}, None), ("", None), ([None, {}], None), ({"fn": "f"}, ["f"]), ([{"fn": 3}], ["3"])],
)
def test_where_the_calls_are(found: Any, names: list[str] | None) -> None:
    calls = compile_response({"text": "t", "tool_calls": CALLS}, "chat")({"t": "x", "calls": found}).tool_calls
    assert calls == names or [call.name for call in calls] == names


def test_calls_in_the_text() -> None:
    marks = {"in_text": {"open": "<call>", "close": "</call>"}}
    read = compile_response({"text": "t", "tool_calls": marks}, "chat")
    response = read({"t": ["So ", '<call>{"name": "f", "arguments": {"a": 1}}</call>', "."]})
    found = [(call.name, call.arguments) for call in response.tool_calls]
    assert (response.text, response.finish_reason, found) == ("So .", "tool_calls", [("f", {"a": 1})])
    with pytest.raises(ResponseParsingError, match="finds no text"):
        read({"t": None})


def test_calls_that_are_neither_a_list_nor_an_object() -> None:
    with pytest.raises(ResponseParsingError, match=r"response\.tool_calls\.each \(calls\) finds no list of tool calls"):
        compile_response({"text": "t", "tool_calls": CALLS}, "chat")({"t": "x", "calls": "many"})


def test_a_call_without_a_name_cannot_be_run() -> None:
    calls = compile_response({"text": "t", "tool_calls": CALLS}, "chat")({"calls": [{"args": {"a": 1}}]}).tool_calls
    assert isinstance(calls[0], MalformedToolCall)


DOCUMENTS: dict[str, tuple[bytes, str | None, dict[str, Any], Any]] = {
    "json": (b'{"a": 1}', None, {}, {"a": 1}),
    "a byte order mark": (b'\xef\xbb\xbf{"a": 1}', None, {}, {"a": 1}),
    "a byte order mark before text": (b"\xef\xbb\xbfhello", None, {}, {"body": "hello"}),
    "text": (b"hello", "text/plain", {}, {"body": "hello"}),
    "nothing": (b"", None, {}, {"body": ""}),
    "format text": (b'{"a": 1}', "application/json", {"format": "text"}, {"body": '{"a": 1}'}),
    "a charset of the config": ("你好".encode("gbk"), "text/plain", {"charset": "gbk"}, {"body": "你好"}),
    "JSON in it": ('{"a": "你好"}'.encode("gbk"), None, {"charset": "gbk"}, {"a": "你好"}),
    "the server's wins": ('{"a": "目"}'.encode(), "text/x; charset=UTF-8", {"charset": "gbk"}, {"a": "目"}),
    "one of the server alone": ('{"a": "é"}'.encode("latin-1"), 'text/x; charset="latin1"', {}, {"a": "é"}),
    "one that nobody knows": ("é".encode(), "text/x; charset=martian", {}, {"body": "é"}),
    "no charset of text": (b"abc", "text/x; charset=base64", {}, {"body": "abc"}),
    "a codec that runs away": (b"abc", "text/x; charset=idna", {}, {"body": "abc"}),
    "utf-16": ('{"a": "你"}'.encode("utf-16"), None, {"charset": "utf-16"}, {"a": "你"}),
    "bytes that are no characters": (b'{"a": "x\xff"}', None, {}, {"a": "x\ufffd"}),
    "such bytes in text": (b"x\xff", None, {}, {"body": "x\ufffd"}),
    "half a character": (b'{"a": "\\ud83d"}', None, {}, {"a": "\ufffd"}),
    "a number": (b"42", None, {}, 42),
    "too deep": (b"[" * 100_000, None, {}, {"body": "[" * 100_000}),
}


@pytest.mark.parametrize(("body", "kind", "config", "document"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_documents(body: bytes, kind: str | None, config: dict[str, Any], document: Any) -> None:
    headers = {} if kind is None else {"content-type": kind}
    assert compile_response({"text": "body", **config}, "chat").decode(Reply(200, headers, body)) == document


WRONG: dict[str, dict[str, Any]] = {
    "an expression": {"text": "a["},
    "no expression": {"text": ["a"]},
    "a charset": {"text": "a", "charset": "martian"},
    "a format": {"format": "xml"},
    "calls": {"tool_calls": {"name": "n"}},
    "no object of calls": {"tool_calls": "calls"},
    "marks": {"tool_calls": {"in_text": {"open": "<c>"}}},
    "empty marks": {"tool_calls": {"in_text": {"open": "", "close": "x"}}},
    "the format of calls": {"tool_calls": {"in_text": {"open": "a", "close": "b", "format": "yaml"}}},
    "a reason": {"finish_reason": {"map": {"a": "stop"}}},
    "vectors": {"embedding": {"each": "data"}},
    "an index alone": {"embedding": {"vector": "v", "index": "i"}},
}


@pytest.mark.parametrize("config", WRONG.values(), ids=WRONG)
def test_what_cannot_be_compiled(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"response\."):
        compile_response(config, "chat")


@pytest.mark.parametrize(
    ("task", "key", "finds"),
    [("chat", "text", True), ("chat", "usage", False), ("embedding", "embedding", True), ("image", "text", False)],
)
def test_whether_a_config_names_what_its_task_is_about(task: str, key: str, finds: bool) -> None:
    value: Any = {"prompt_tokens": "a"} if key == "usage" else "a"
    assert compile_response({key: value}, task).finds_answer is finds


def test_an_expression_that_cannot_be_evaluated_is_named() -> None:
    with pytest.raises(ResponseParsingError, match=r"response\.text \(length\(a\)\) cannot be evaluated"):
        compile_response({"text": "length(a)"}, "chat")({"a": 3})
