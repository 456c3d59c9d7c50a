"""Streams are read as the ``stream`` of a config says, however their bytes arrive."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub import ConfigError, Usage
from modelhub.adapters.events import compile_stream
from modelhub.errors import RateLimitError, ResponseParsingError, ServerError, StreamInterruptedError
from modelhub.response import ModelResponse

from .adapted import call, read_stream

SSE = {"framing": "sse", "text": "t"}
BODY = {"framing": "sse", "text": "body"}
PLAIN_LINES = {"framing": "lines", "prefix": "T:"}
MARKS = {"in_text": {"open": "<call>", "close": "</call>"}}


def events(*documents: Any) -> bytes:
    return b"".join(f"data: {json.dumps(document)}\n\n".encode() for document in documents)


def lines(*documents: Any) -> bytes:
    return b"".join(f"{json.dumps(document)}\n".encode() for document in documents)


T: dict[str, tuple[dict[str, Any], bytes, str]] = {
    # server-sent events
    "sse": (SSE, events({"t": "a"}, {"t": "b"}), "ab"),
    "its usual end": (SSE, events({"t": "a"}) + b"data: [DONE]\n\n" + events({"t": "b"}), "a"),
    "an end": ({**SSE, "done": "END"}, events({"t": "a"}) + b"data: END\n\n" + events({"t": "b"}), "a"),
    "an end that is JSON": ({**SSE, "done": '{"end":1}'}, events({"t": "a"}) + b'data: {"end":1}\n\n', "a"),
    "an end in a named event": (
        {**SSE, "done": "END", "event": "message"},
        events({"t": "a"}) + b"event: x\ndata: END\n\n",
        "a",
    ),
    "an end that is true": (
        {**SSE, "done": {"when": "last"}},
        events({"t": "a"}, {"t": "b", "last": True}, {"t": "c"}),
        "ab",
    ),
    "one that is 0": (
        {**SSE, "done": {"when": "last"}},
        events({"t": "a", "last": ""}, {"t": "b", "last": 0}, {"t": "c"}),
        "ab",
    ),
    "text in events": (BODY, b"data: Hello\n\ndata:  you\n\n", "Hello you"),
    "text of two lines": (BODY, b"data: a\ndata: b\n\ndata: c\n\n", "a\nbc"),
    "a line end alone": (BODY, b"data: a\n\ndata:\ndata:\n\ndata: b\n\n", "a\nb"),
    "text that looks like a number": (BODY, b'data: 4\n\ndata: 2\n\ndata: null\n\ndata: "x"\n\n', '42null"x"'),
    "JSON texts": ({"framing": "sse", "text": "@"}, events("a", "b", 1), "ab1"),
    "JSON as text": (BODY, b'data: {"a": 1}\n\ndata: x\n\n', "x"),
    "names": ({**SSE, "event": "delta"}, b'event: delta\ndata: {"t": "a"}\n\nevent: other\ndata: {"t": "b"}\n\n', "a"),
    "several names": ({**SSE, "event": ["x", "message"]}, b'event: x\ndata: {"t": "a"}\n\n' + events({"t": "b"}), "ab"),
    "several values": (SSE, b'data: {"t": "a"}\ndata: {"t": "b"}\n\n', "ab"),
    "carriage returns": (SSE, b'data: {"t": "a"}\r\n\r\ndata: {"t": "b"}\r\n\r\n', "ab"),
    "comments": (SSE, b": ping\n\n" + events({"t": "a"}), "a"),
    "lines of JSON": (SSE, b'{"t": "a"}\n{"t": "b"}\n', "ab"),
    "a byte order mark": (SSE, b"\xef\xbb\xbf" + events({"t": "a"}), "a"),
    "no blank line at the end": (SSE, b'data: {"t": "a"}\n\ndata: {"t": "b"}', "ab"),
    "bytes that are no characters": (SSE, b'data: {"t": "a\xff"}\n\n', "a\ufffd"),
    "halves of characters": (SSE, b'data: {"t": "\\ud83d"}\n\ndata: {"t": "\\ude00"}\n\n', "😀"),
    # lines of JSON
    "ndjson": ({"framing": "ndjson", "text": "t"}, lines({"t": "a"}, {"t": "b"}), "ab"),
    "blank lines": ({"framing": "ndjson", "text": "t"}, b'\n{"t": "a"}\r\n\r\n{"t": "b"}', "ab"),
    "its end": ({"framing": "ndjson", "text": "t", "done": "END"}, lines({"t": "a"}) + b"END\n{", "a"),
    "text among it": ({"framing": "ndjson", "text": "t || body"}, b'{"t": "a"}\nb\n', "ab"),
    "a mark before it": ({"framing": "ndjson", "text": "t"}, b"\xef\xbb\xbf" + lines({"t": "é"}), "é"),
    # an array
    "json_array": ({"framing": "json_array", "text": "t"}, b'[{"t":"a"},\n{"t":"b"}]', "ab"),
    "white space": ({"framing": "json_array", "text": "t"}, b' \n[ \r\n{"t" : "a"}\n ,\t{"t":"b"} \n] \n', "ab"),
    "brackets in strings": ({"framing": "json_array", "text": "t"}, b'[{"t":"]}[{,"},{"t":"\\"]\\\\"}]', ']}[{,"]\\'),
    "arrays in it": ({"framing": "json_array", "text": "t"}, b'[{"t":["a",["b"]]},{"t":[]},{"t":{"x":[{}]}}]', "ab"),
    "other values": ({"framing": "json_array", "text": "@"}, b'["a", 1, true,2.5,["b"]]', "a1true2.5b"),
    "its last item": ({"framing": "json_array", "text": "t", "done": "END"}, b'[{"t":"a"}, "END", {"t":"b"}', "a"),
    "an item that is true": (
        {"framing": "json_array", "text": "t", "done": {"when": "d"}},
        b'[{"t":"a","d":1},{"t":"b"}]',
        "a",
    ),
    "empty items": ({"framing": "json_array", "text": "t"}, b'[,{"t":"a"},,]', "a"),
    "what follows it": ({"framing": "json_array", "text": "t"}, b'[{"t":"a"}]\n[{"t":"b"}]', "a"),
    "an item that is no JSON": ({"framing": "json_array", "text": "t || body"}, b'[{t:1},{"t":"a"}]', "{t:1}a"),
    "a mark before the array": ({"framing": "json_array", "text": "t"}, b'\xef\xbb\xbf[{"t":"a"}]', "a"),
    # text
    "text": ({"framing": "text"}, "Hé, 你好 😀\n".encode(), "Hé, 你好 😀\n"),
    "JSON": ({"framing": "text"}, b'{"t": "a"}', '{"t": "a"}'),
    "a mark before text": ({"framing": "text"}, b"\xef\xbb\xbfa", "a"),
    "the end of text": ({"framing": "text", "done": "<end>"}, b"a <en <end> b", "a <en "),
    "half a character": ({"framing": "text"}, b"a\xe4\xbd", "a\ufffd"),
    # lines
    "lines": (PLAIN_LINES, b"T:a\nX:b\n\nT: c\r\nT:\n", "a c"),
    "JSON in lines": ({**PLAIN_LINES, "text": "t"}, b'T:{"t": "a"}\nU:{"t": "b"}\nT: {"t": "c"}', "ac"),
    "numbers in lines": (PLAIN_LINES, b"T:4\nT:2\n", "42"),
    "the last line": ({**PLAIN_LINES, "done": "."}, b"T:a\nT:.\nT:b\n", "a"),
    "no prefix": ({"framing": "lines"}, b"a\n\nb\n", "ab"),
    # each has all so far
    "cumulative": (
        {**SSE, "cumulative": True},
        events({"t": "a"}, {"t": "ab"}, {"t": "ab"}, {"t": None}, {"t": "abc"}),
        "abc",
    ),
    "cumulative that is shorter at times": (
        {**SSE, "cumulative": True},
        events({"t": "ab"}, {"t": "a"}, {"t": "abc"}),
        "abc",
    ),
    "cumulative with a lost end": (
        {**SSE, "cumulative": True},
        events({"t": "a\ufffd"}, {"t": "aé"}, {"t": "aéb\ufffd"}),
        "aéb\ufffd",
    ),
    "a gateway's error without framing": ({**SSE, "text": "t || e"}, events({"t": "a"}) + b'{"e": "b"}\n\n', "ab"),
    "text after half a character": ({**SSE, "text": "t || body"}, b'data: {"t": "\\ud83d"}\n\ndata: x\n\n', "\ufffdx"),
    "no cumulative at all": (
        {**SSE, "cumulative": True},
        events({"t": "Hel"}, {"t": "lo"}, {"t": " you"}),
        "Hello you",
    ),
    # numbers and lists
    "numbers": (SSE, events({"t": 4}, {"t": ["2", 1]}), "421"),
    "an empty answer": (SSE, events({"t": ""}), ""),
}


def every_way(data: bytes) -> list[list[bytes]]:
    """The bytes whole, one by one, and cut at each place."""
    cuts = [[data[:at], data[at:]] for at in range(1, len(data))]
    return [[data], [data[n : n + 1] for n in range(len(data))], *cuts]


def show(response: ModelResponse) -> Any:
    calls = [(call.name, call.arguments) for call in response.tool_calls or ()]
    return response.text, response.reasoning, response.finish_reason, response.usage, calls


@pytest.mark.parametrize(("stream", "data", "text"), T.values(), ids=T)
def test_texts(stream: dict[str, Any], data: bytes, text: str) -> None:
    for pieces in every_way(data):
        response = read_stream(stream, pieces)
        assert (response.text, response.finish_reason) == (text, "stop"), pieces


WHOLE: dict[str, tuple[dict[str, Any], bytes, str]] = {
    "one JSON value": ({**SSE, "done": "END"}, b'{"t": "whole"}', "whole"),
    "JSON over lines": (SSE, b'{\n "t":\n "whole"}\n', "whole"),
    "an array": ({"framing": "sse", "text": "[0].t"}, b'[{"t": "a"}]', "a"),
    "no array": ({"framing": "json_array", "text": "t"}, b' {"t": "whole"}', "whole"),
    "a text": ({"framing": "sse", "text": "@"}, b' "whole"', "whole"),
}


@pytest.mark.parametrize(("stream", "data", "text"), WHOLE.values(), ids=WHOLE)
def test_a_reply_that_is_one_json_value_is_a_whole_one(stream: dict[str, Any], data: bytes, text: str) -> None:
    parts = {"response": {"text": stream["text"]}, "stream": stream}
    for pieces in every_way(data):
        response = call(parts, {"status": 200, "chunks": [piece.decode() for piece in pieces]}, stream=True)
        assert (response.text, response.finish_reason) == (text, "stop")


def str_of(response: ModelResponse) -> str | None:
    return response.text


def test_a_charset_of_streams() -> None:
    text = "中文，你好。" * 5
    for charset in ("gbk", "utf-16", "utf-16-be", "big5hkscs", "shift_jis"):
        usable = text if charset not in ("shift_jis", "big5hkscs") else "日本"
        data = "".join(f'data: {{"t": "{char}"}}\r\n\r\n' for char in usable).encode(charset)
        for pieces in every_way(data)[:90]:
            for parts in ({"response": {"charset": charset}}, {"headers": {"content-type": f"x/y; charset={charset}"}}):
                assert read_stream(SSE, pieces, **parts).text == usable


def test_a_whole_reply_in_the_charset_of_the_config() -> None:
    parts = {"response": {"text": "t", "charset": "gbk"}, "stream": SSE}
    body = '{"t": "你好"}'.encode("gbk").decode("utf-8", "surrogateescape")
    for headers in ({}, {"Content-Type": "application/json; charset=GBK"}):
        response = call(parts, {"status": 200, "headers": headers, "chunks": [body[:9], body[9:]]}, stream=True)
        assert response.text == "你好"


@pytest.mark.parametrize(
    ("stream", "data", "text"),
    [
        (SSE, events({"t": "a"}), "a"),
        ({"framing": "text", "done": "END"}, b"a EN", "a EN"),
        (SSE, events({"t": "a"}) + b'data: {"t": "\\ud83d"}\n\n', "a\ufffd"),
    ],
)
def test_what_came_before_a_connection_broke_is_kept(stream: dict[str, Any], data: bytes, text: str) -> None:
    with pytest.raises(StreamInterruptedError) as caught:
        str_of(call({"stream": stream}, {"status": 200, "chunks": [data.decode()], "end": "abrupt"}, stream=True))
    assert caught.value.partial.text == text


def test_reasoning_that_is_repeated_with_each_event() -> None:
    stream = {**SSE, "reasoning": "why", "cumulative": True}
    data = events({"why": "a"}, {"why": "ab"}, {"why": "ab\ufffd", "t": "x"})
    assert show(read_stream(stream, [data])) == ("x", "ab\ufffd", "stop", None, [])


def test_the_headers_of_a_stream_count_for_its_errors() -> None:
    error = {"when": "code", "code": "code"}
    chunks = [events({"code": 7}).decode()]
    with pytest.raises(ServerError) as caught:
        parts = {"stream": SSE, "error": error}
        str_of(call(parts, {"status": 201, "headers": {"Retry-After": "9"}, "chunks": chunks}, stream=True))
    assert (caught.value.status, caught.value.retry_after, caught.value.code) == (201, 9.0, "7")


def test_what_is_told_beside_the_text() -> None:
    stream = {
        **SSE,
        "reasoning": "why",
        "finish_reason": {"from": "end", "map": {"1": "length"}},
        "usage": {"prompt_tokens": "in", "completion_tokens": "out"},
    }
    data = events(
        {"why": "so", "in": 3}, {"why": "!", "end": 0}, {"t": "a"}, {"t": "b", "end": 1, "out": 4}, {"in": None}
    )
    parts = {"response": {"model": "m", "request_id": "id"}}
    for pieces in every_way(data):
        response = read_stream(stream, pieces, **parts)
        assert show(response) == ("ab", "so!", "length", Usage(3, 4, 7), [])
    response = read_stream(stream, [events({"m": "big", "id": 7, "t": ""})], **parts)
    assert (response.model, response.request_id) == ("big", "7")


@pytest.mark.parametrize(("told", "reason"), [(None, "stop"), ("", "stop"), ("eos", "other"), ("stop", "stop")])
def test_reasons_of_streams(told: Any, reason: str) -> None:
    stream = {**SSE, "finish_reason": "end"}
    data = events({"t": "a", "end": told}, {"t": "b", "end": told})
    assert read_stream(stream, [data]).finish_reason == reason


def test_what_a_stream_leaves_out_is_read_as_in_whole_replies() -> None:
    response = {"text": "t", "finish_reason": {"from": "end", "map": {"cut": "length"}}, "reasoning": "why"}
    data = events({"t": "a", "end": "going on", "why": "x"}, {"t": "b", "end": "cut"})
    assert show(read_stream({"framing": "sse"}, [data], response=response)) == ("ab", "x", "length", None, [])
    data = events({"t": "a", "end": "going on"})
    assert read_stream({"framing": "sse"}, [data], response=response).finish_reason == "stop"


CALLS = {"each": "calls", "id": "id", "name": "fn", "arguments": "args"}
PIECES = {**CALLS, "index": "n", "partial": True}
C: dict[str, tuple[dict[str, Any], list[Any], list[Any]]] = {
    "whole": (
        CALLS,
        [{"calls": [{"fn": "f", "args": {"a": 1}}]}, {"calls": [{"fn": "f", "args": "{}"}]}],
        [("f", {"a": 1}), ("f", {})],
    ),
    "told twice": (CALLS, [{"calls": [{"fn": "f", "id": "1"}]}, {"calls": [{"fn": "f", "id": "1"}]}], [("f", {})]),
    "one object": (CALLS, [{"calls": {"fn": "f"}}], [("f", {})]),
    "in pieces": (
        PIECES,
        [
            {"calls": [{"n": 0, "fn": "f", "id": "1", "args": '{"a'}, {"n": 1, "fn": "g", "id": "2"}]},
            {"calls": [{"n": 0, "args": '": 1'}, {"n": "1", "args": "{}"}]},
            {"calls": [{"n": 0, "args": "}"}]},
        ],
        [("f", {"a": 1}), ("g", {})],
    ),
    "whole, of numbers that JSON does not have": (
        PIECES,
        [{"calls": [{"n": 0, "fn": "f", "args": {"a": float("inf")}}]}],
        [("f", {"a": float("inf")})],
    ),
    "in pieces without ids": (
        PIECES,
        [{"calls": [{"n": 0, "fn": "f"}]}, {"calls": [{"n": 0, "args": "{}"}]}],
        [("f", {})],
    ),
    "in pieces without indexes": (
        {**CALLS, "partial": True},
        [{"calls": [{"fn": "f", "args": '{"a":'}]}, {"calls": [{"args": "1}"}]}, {"calls": [{"fn": "g", "args": {}}]}],
        [("f", {"a": 1}), ("g", {})],
    ),
}


@pytest.mark.parametrize(("config", "documents", "calls"), C.values(), ids=C)
@pytest.mark.parametrize("end", [None, "stop"])
def test_calls(config: dict[str, Any], documents: list[Any], calls: list[Any], end: str | None) -> None:
    stream = {**SSE, "tool_calls": config, "finish_reason": "end"}
    for last in (documents, [*documents, {"end": end}], [*documents[:-1], {**documents[-1], "end": end}]):
        response = read_stream(stream, [events(*last)])
        assert show(response) == ("", None, "tool_calls", None, calls)
        assert all(call.id for call in response.tool_calls)


def test_calls_that_are_repeated_with_each_event() -> None:
    stream = {**SSE, "tool_calls": CALLS, "cumulative": True}
    one, two = {"fn": "f", "args": '{"a": 1'}, {"fn": "g", "args": {}}
    data = events({"t": "a", "calls": [one]}, {"t": "ab", "calls": [{**one, "args": '{"a": 1}'}, two]}, {"t": "ab"})
    assert show(read_stream(stream, [data])) == ("ab", None, "tool_calls", None, [("f", {"a": 1}), ("g", {})])


@pytest.mark.parametrize("cumulative", [False, True])
def test_calls_in_the_text_of_a_stream(cumulative: bool) -> None:
    text = 'So <call>{"name": "f", "arguments": {"a": 1}}</call> and <call>{"name": "g"}</call>. <cal'
    stream = {**SSE, "cumulative": cumulative, "done": "[DONE]"}
    told = [text[: n + 1] if cumulative else text[n] for n in range(len(text))]
    data = events(*({"t": piece} for piece in told)) + b"data: [DONE]\n\n"
    found = ("So  and . <cal", None, "tool_calls", None, [("f", {"a": 1}), ("g", {})])
    for parts in ({"response": {"tool_calls": MARKS}}, {}):
        own = {**stream, "tool_calls": MARKS} if not parts else stream
        assert show(read_stream(own, [data], **parts)) == found


def test_calls_that_cannot_be_run_are_an_error_at_the_end() -> None:
    parts = {"stream": {**SSE, "tool_calls": MARKS}}
    chunks = [events({"t": "a <call>f(1)</call>"}).decode()]
    with pytest.raises(ResponseParsingError) as caught:
        str(call(parts, {"status": 200, "chunks": chunks}, stream=True))
    assert caught.value.partial.text == "a "


INTERRUPTED: dict[str, tuple[dict[str, Any], bytes]] = {
    "no last event": ({**SSE, "done": "[DONE]"}, events({"t": "a"})),
    "another last event": ({**SSE, "done": "END"}, events({"t": "a"}) + b"data: [DONE]\n\n"),
    "nothing true": ({**SSE, "done": {"when": "last"}}, events({"t": "a", "last": False})),
    "although a reason was told": ({**SSE, "done": "END", "finish_reason": "end"}, events({"t": "a", "end": "stop"})),
    "nothing at all": ({**SSE, "done": "END"}, b""),
    "comments alone": ({**SSE, "done": "END"}, b": ping\n\n"),
    "lines": ({"framing": "ndjson", "text": "t", "done": "END"}, b'{"t": "a"}\n'),
    "an array that is not closed": ({"framing": "json_array", "text": "t"}, b'[{"t": "a"},'),
    "an array without its last item": ({"framing": "json_array", "text": "t", "done": "END"}, b'[{"t": "a"}]'),
    "text": ({"framing": "text", "done": "END"}, b"a EN"),
    "lines with a prefix": ({**PLAIN_LINES, "done": "END"}, b"T:a\nEND\n"),
}


@pytest.mark.parametrize(("stream", "data"), INTERRUPTED.values(), ids=INTERRUPTED)
def test_streams_that_end_too_early(stream: dict[str, Any], data: bytes) -> None:
    for pieces in every_way(data):
        with pytest.raises(StreamInterruptedError):
            read_stream(stream, pieces)
    with pytest.raises(StreamInterruptedError) as caught:
        str_of(call({"stream": stream}, {"status": 200, "chunks": [data.decode()]}, stream=True))
    assert caught.value.status == 200


def test_what_came_is_kept_when_a_stream_ends_too_early() -> None:
    with pytest.raises(StreamInterruptedError) as caught:
        str_of(
            call(
                {"stream": {**SSE, "done": "END"}},
                {"status": 200, "chunks": [events({"t": "a"}).decode()]},
                stream=True,
            )
        )
    assert caught.value.partial.text == "a"


def test_a_condition_that_does_not_hold_gives_no_text() -> None:
    stream = {
        "framing": "sse",
        "text": "kind == 'token' && value",
        "reasoning": "kind == 'thought' && value",
        "done": {"when": "kind == 'end'"},
    }
    told = [("thought", "hm"), ("token", "a"), ("ping", "x"), ("token", "b"), ("end", "c")]
    response = read_stream(stream, [events(*({"kind": kind, "value": value} for kind, value in told))])
    assert (response.text, response.reasoning) == ("ab", "hm")
    with pytest.raises(ResponseParsingError, match="finds no text"):
        call({"response": {"text": "kind == 'token' && value"}}, {"status": 200, "body": {"kind": "ping"}})


LINES = {"framing": "lines", "prefix": "data:", "text": "t", "done": "END"}
ONE_VALUE = {"error": {"when": "code", "code": "code", "classes": {"7": "RateLimitError"}}, "response": {"text": "t"}}


@pytest.mark.parametrize("cut", [1, 7, 1000])
@pytest.mark.parametrize("ending", ["", "\n"])
def test_one_value_where_lines_were_meant_is_read_as_a_whole_reply(cut: int, ending: str) -> None:
    def ask(text: str) -> ModelResponse:
        pieces = [text[at : at + cut] for at in range(0, len(text), cut)]
        response = call({**ONE_VALUE, "stream": LINES}, {"status": 200, "chunks": pieces}, stream=True)
        str_of(response)
        return response

    with pytest.raises(RateLimitError) as caught:
        ask('{"code": 7}' + ending)
    assert caught.value.code == "7"
    assert ask('\r\n{\n "t":\n "yes"}' + ending).text == "yes"
    assert ask(f'{{"t": "no"}}\ndata: {{"t": "yes"}}\n{{"t": "no"}}\ndata: END{ending}').text == "yes"
    for text in ('{"t": 1', "noise\n", '[{"t": 1}]', '{"t": 1}\n{"t": 2}', 'x{"t": 1}'):
        with pytest.raises(StreamInterruptedError):
            ask(text + ending)


UNREADABLE: dict[str, tuple[dict[str, Any], bytes, str]] = {
    "nothing": (SSE, b"", "the stream is empty"),
    "no text": (SSE, events({"x": {"y": "secret"}}), r"stream\.text \(t\) finds no text; the last event has x\.y$"),
    "an end alone": (SSE, b"data: [DONE]\n\n", "null and has no keys|the stream is empty|not JSON"),
    "no expression": ({"framing": "sse"}, events({"x": "secret"}), "the config finds no text; the last event has x$"),
    "a page": (SSE, b"<html>down</html>", "the reply is not JSON"),
    "a page, and an end": ({**SSE, "done": "END"}, b"<html>down</html>", "the reply is not JSON"),
    "a page instead of an array": ({"framing": "json_array", "text": "t"}, b"<html>down</html>", "not JSON"),
    "an expression that fails": (
        {"framing": "sse", "text": "length(t)"},
        events({"t": 1}),
        r"stream\.text \(length\(t\)\) cannot",
    ),
    "an end that fails": (
        {**SSE, "done": {"when": "length(t)"}},
        events({"t": 1}),
        r"stream\.done\.when \(length\(t\)\) cannot",
    ),
}


@pytest.mark.parametrize(("stream", "data", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_streams_that_cannot_be_read(stream: dict[str, Any], data: bytes, message: str) -> None:
    with pytest.raises(ResponseParsingError, match=message) as caught:
        str_of(
            call(
                {"stream": stream},
                {"status": 200, "chunks": [data.decode()], "headers": {"content-type": "text/html"}},
                stream=True,
            )
        )
    assert "secret" not in str(caught.value)


WRONG: dict[str, dict[str, Any]] = {
    "a framing": {"framing": "xml"},
    "an empty end": {"framing": "sse", "done": " "},
    "an end without when": {"framing": "sse", "done": {}},
    "an expression": {"framing": "sse", "done": {"when": "a["}},
    "a text": {"framing": "sse", "text": "a["},
}


@pytest.mark.parametrize("config", WRONG.values(), ids=WRONG)
def test_what_cannot_be_compiled(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"stream\."):
        compile_stream(config)


@given(st.sampled_from(sorted(T)), st.data())
def test_random_cuts(name: str, data: st.DataObject) -> None:
    stream, text, expected = T[name]
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if a < b]
    assert read_stream(stream, pieces).text == expected
