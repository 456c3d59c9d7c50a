"""Failed calls are repeated when that may help, as long as the server asks, and never once something was delivered."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub import ModelRegistry, ResponseParsingError, errors
from modelhub.engine.retry_after import parse_retry_after
from modelhub.policies.retry import RetryPolicy
from modelhub.testing import MockServer

NOW = 1_700_000_000.0


def http_date(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)


HEADERS: list[tuple[dict[str, str], float | None]] = [
    ({}, None),
    ({"retry-after": "2"}, 2.0),
    ({"retry-after": " 2 "}, 2.0),
    ({"retry-after": "0.25"}, 0.25),
    ({"retry-after": "0"}, 0.0),
    ({"retry-after": "7, 7"}, 7.0),
    ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
    ({"retry-after": http_date(30)}, 30.0),
    ({"retry-after": http_date(30), "date": http_date(0)}, 30.0),
    ({"retry-after": http_date(4000), "date": http_date(3970)}, 30.0),  # this computer is late
    ({"retry-after": http_date(-4000), "date": http_date(-4030)}, 30.0),  # it is early
    ({"retry-after": http_date(30), "date": "now"}, 30.0),
    ({"retry-after": http_date(30).replace(" GMT", " -0000")}, 30.0),
    ({"retry-after": time.asctime(time.gmtime(NOW + 30))}, 30.0),
    # What is not a time to come asks for nothing.
    ({"retry-after": http_date(-30)}, None),
    ({"retry-after": http_date(30), "date": http_date(30)}, None),
    ({"retry-after": http_date(30), "date": http_date(60)}, None),
    *(({"retry-after": text}, None) for text in ("-3", "inf", "nan", "1e400", "9" * 400, "tomorrow", "1_0", "٣", "+3")),
    *(({"retry-after-ms": text, "retry-after": "9"}, 9.0) for text in ("soon", "nan", "-1", "inf", "")),
]


@pytest.mark.parametrize(("headers", "seconds"), HEADERS)
def test_what_retry_after_means(headers: dict[str, str], seconds: float | None) -> None:
    assert parse_retry_after(headers, now=NOW) == seconds


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "date"]), st.text()))
def test_no_text_makes_a_wait_that_is_no_time(headers: dict[str, str]) -> None:
    seconds = parse_retry_after(headers)
    assert seconds is None or 0 <= seconds < float("inf")


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def test_the_zone_of_this_computer_does_not_matter(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    getattr(time, "tzset", lambda: None)()
    try:
        asked = {"retry-after": time.asctime(time.gmtime(NOW + 30)), "date": http_date(0)}
        assert parse_retry_after(asked) == 30.0
    finally:
        monkeypatch.undo()
        getattr(time, "tzset", lambda: None)()


@given(st.floats(0, 60), st.integers(2, 2000), st.floats(0, 60), st.floats(0, 1))
def test_a_wait_is_never_sooner_than_asked(asked: float, attempt: int, initial: float, shorter: float) -> None:
    policy = RetryPolicy(max_attempts=9999, initial=initial, max=60.0)
    wait = policy.wait_before(attempt, errors.RateLimitError("x", retry_after=asked))
    assert wait is not None
    assert asked <= wait <= (asked * 1.1 if asked else 60.0)
    if asked:
        earlier = policy.wait_before(attempt, errors.RateLimitError("x", retry_after=asked * shorter))
        assert earlier is not None
        assert earlier >= asked * shorter


def test_those_who_were_turned_away_together_do_not_come_back_together() -> None:
    for asked in (0.0, 1.0, 30.0):
        waits = {RetryPolicy().wait_before(2, errors.RateLimitError("x", retry_after=asked)) for _ in range(50)}
        assert len(waits) > 40


@pytest.mark.parametrize("asked", [float("nan"), -1.0])
def test_an_error_of_a_plugin_that_asks_for_no_time(asked: float) -> None:
    wait = RetryPolicy().wait_before(2, errors.RateLimitError("x", retry_after=asked))
    assert wait is not None
    assert 0.375 <= wait <= 0.5


def test_backoff_doubles_with_jitter_up_to_its_maximum() -> None:
    policy = RetryPolicy(max_attempts=8, initial=1.0, max=10.0)
    error = errors.ServerError("x")
    for attempt, base in enumerate([1, 2, 4, 8, 10, 10, 10], start=2):
        waits = {policy.wait_before(attempt, error) for _ in range(50)}
        assert all(wait is not None and 0.75 * base <= wait <= base for wait in waits)
        assert len(waits) > 1
    assert policy.wait_before(9, error) is None


def test_what_is_repeated() -> None:
    policy = RetryPolicy(max=5.0)
    assert policy.wait_before(2, errors.RateLimitError("x", retry_after=5.0)) == pytest.approx(5.25, abs=0.25)
    assert policy.wait_before(2, errors.RateLimitError("x", retry_after=5.1)) is None
    assert policy.wait_before(2, errors.ConnectionError("x")) is not None
    assert policy.wait_before(2, errors.TimeoutError("x")) is None
    assert RetryPolicy(on_timeout=True).wait_before(2, errors.TimeoutError("x")) is not None
    for kind in (errors.BadRequestError, errors.AuthenticationError, errors.QuotaExceededError):
        assert policy.wait_before(2, kind("x")) is None


def test_policies_of_configs() -> None:
    assert RetryPolicy.from_config(None).max_attempts == 3
    assert RetryPolicy.from_config(None, 0).max_attempts == 1
    assert RetryPolicy.from_config({"initial": 1}, 4).max_attempts == 5
    assert RetryPolicy.from_config({"max_attempts": 2}, 4).max_attempts == 2


@pytest.mark.parametrize("fault", ["429", "500", "503", "408", "409", "reset", "close", "error200"])
def test_a_second_try_succeeds(hub: ModelRegistry, caller: Any, server: MockServer, fault: str) -> None:
    model = hub.get_model("openai")
    server.script(fault, "ok")
    assert caller.call(model, "echo: hi").text == "hi"
    server.script(fault, fault, "ok")
    deltas, response = caller.deltas(model, "echo: a b c")
    assert response.text == "".join(delta.text for delta in deltas) == "a b c"
    assert len(server.requests) == 5


def test_every_try_is_the_same_request(hub: ModelRegistry, caller: Any, server: MockServer) -> None:
    server.script("500", "500", "ok")
    caller.call(hub.get_model("openai"), "echo: hi")
    assert len({request.bytes for request in server.requests}) == 1


def test_x_should_retry_wins(hub: ModelRegistry, caller: Any, server: MockServer) -> None:
    model = hub.get_model("openai")
    server.script("400;x-should-retry=true", "ok")
    assert caller.call(model, "echo: hi").text == "hi"
    server.script("500;x-should-retry=false")
    with pytest.raises(errors.ServerError):
        caller.call(model, "echo: hi")
    assert len(server.requests) == 3


def test_a_server_that_asks_for_too_much(hub: ModelRegistry, caller: Any, server: MockServer) -> None:
    server.script("429;retry-after=3600")
    with pytest.raises(errors.RateLimitError) as caught:
        caller.call(hub.get_model("openai"), "hi")
    assert (caught.value.retry_after, len(server.requests)) == (3600.0, 1)


@pytest.mark.parametrize(
    ("extra", "tries"),
    [
        ({"retry": {"max_attempts": 1}}, 1),
        ({"retry": {"max_attempts": 2, "initial": 0}}, 2),
        ({"client_args": {"max_retries": 0}}, 1),
        ({"client_args": {"max_retries": 3}, "retry": {"initial": 0}}, 4),
    ],
)
def test_how_often_a_config_says(server: MockServer, caller: Any, extra: dict[str, Any], tries: int) -> None:
    client_args = {"base_url": f"{server.url}/v1", **extra.get("client_args", {})}
    config = {"config_name": "a", "model_type": "openai_chat", **extra, "client_args": client_args}
    server.script(*["500"] * 9)
    with ModelRegistry(config) as hub, pytest.raises(errors.ServerError):
        caller.call(hub.get_model("a"), "hi")
    assert len(server.requests) == tries


@pytest.mark.parametrize(("max_retries", "tries"), [(0, 1), (1, 1), (3, 3)])
def test_post_api_counts_tries(server: MockServer, caller: Any, max_retries: int, tries: int) -> None:
    config = {
        "config_name": "p",
        "model_type": "post_api",
        "api_url": f"{server.url}/llm/",
        "max_retries": max_retries,
        "retry_interval": 0,
    }
    server.script(*["500"] * 9)
    with ModelRegistry(config) as hub, pytest.raises(errors.ServerError):
        caller.call(hub.get_model("p"), "hi")
    assert len(server.requests) == tries


@pytest.mark.parametrize(("on_timeout", "tries"), [(False, 1), (True, 2)])
@pytest.mark.parametrize("fault", ["hang", "stall"])
def test_timeouts(server: MockServer, caller: Any, fault: str, on_timeout: bool, tries: int) -> None:
    config = {
        "config_name": "slow",
        "model_type": "openai_chat",
        "client_args": {"base_url": f"{server.url}/v1"},
        "timeout": 0.1,
        "retry": {"max_attempts": 2, "initial": 0, "on_timeout": on_timeout},
    }
    server.script(*[fault] * 4)
    with ModelRegistry(config) as hub, pytest.raises(errors.TimeoutError, match=r"sent nothing for 0\.1 s") as caught:
        caller.call(hub.get_model("slow"), "hi")
    assert isinstance(caught.value, TimeoutError)
    assert (caught.value.config_name, len(server.requests)) == ("slow", tries)
    assert server.wait_until(lambda: server.in_flight == 0, 5), "what timed out is given up"


BREAKS: list[tuple[str, type[errors.ModelCallError]]] = [
    ("cut", errors.StreamInterruptedError),
    ("stall", errors.StreamInterruptedError),
    ("stream-error", errors.ServerError),
]


@pytest.mark.parametrize(("fault", "kind"), BREAKS)
@pytest.mark.parametrize("name", ["openai", "ollama"])
def test_a_stream_that_breaks(
    server: MockServer, caller: Any, name: str, fault: str, kind: type[errors.ModelCallError]
) -> None:
    configs = [
        {"config_name": "openai", "model_type": "openai_chat", "client_args": {"base_url": f"{server.url}/v1"}},
        {"config_name": "ollama", "model_type": "ollama_chat", "model_name": "m", "host": server.url},
    ]
    with ModelRegistry([{**config, "timeout": 0.2} for config in configs]) as hub:
        model = hub.get_model(name)
        seen: list[str] = []
        server.script(fault)
        with pytest.raises(kind) as caught:
            _collect(caller, model, seen)
        assert type(caught.value) is kind
        assert caught.value.partial is not None
        assert "1 2" == caught.value.partial.text == "".join(seen), "every delta that arrived was delivered"
        assert not caught.value.retryable
        assert len(server.requests) == 1, "never again once something was delivered"
    assert server.wait_until(lambda: server.open_connections == 0, 5)


def _collect(caller: Any, model: Any, seen: list[str]) -> None:
    import asyncio

    from tests.conftest import Blocking

    if isinstance(caller, Blocking):
        for delta in model("count: 30", stream=True):
            seen.append(delta.text)
        return

    async def collect() -> None:
        async for delta in await model.acall("count: 30", stream=True):
            seen.append(delta.text)

    asyncio.run(collect())


def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
    import json

    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta, 'finish_reason': reason}]})}\n\n".encode()


ENDS: list[tuple[list[bytes], type[errors.ModelCallError], str]] = [
    ([], errors.ResponseParsingError, "empty"),
    ([b": only a comment\n\n"], errors.ResponseParsingError, "not JSON"),
    ([chunk({"role": "assistant"})], errors.StreamInterruptedError, "ended before the answer"),
    ([chunk({"content": "Hel"})], errors.StreamInterruptedError, "ended before the answer"),
    (
        [chunk({"content": "Hel"}), b"data: {oops\n\n"],
        errors.ResponseParsingError,
        r"stream is not JSON: {oops \[",
    ),
    (
        [
            chunk({"tool_calls": [{"index": 0, "id": "1", "function": {"name": "f", "arguments": "{oops"}}]}),
            chunk({}, "tool_calls"),
        ],
        errors.ResponseParsingError,
        "arguments of tool call 'f'",
    ),
]


@pytest.mark.parametrize(("chunks", "kind", "match"), ENDS)
def test_streams_that_end_badly(
    hub: ModelRegistry, caller: Any, server: MockServer, chunks: list[bytes], kind: Any, match: str
) -> None:
    reply = {"status": 200, "headers": {"content-type": "text/event-stream"}, "chunks": chunks}
    server.reply(*[reply] * 3)
    with pytest.raises(kind, match=match):
        caller.deltas(hub.get_model("openai"), "hi")


GOOD_ENDS: list[tuple[str, list[bytes], str]] = [
    ("no DONE", [chunk({"content": "Hi"}), chunk({}, "stop")], "text/event-stream"),
    ("no finish reason", [chunk({"content": "Hi"}), b"data: [DONE]\n\n"], "text/event-stream"),
    ("a whole reply", [b'{"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}'], "application/json"),
    ("bare lines", [chunk({"content": "Hi"})[6:-1], chunk({}, "stop")[6:-1]], "application/json"),
]


@pytest.mark.parametrize(("chunks", "kind"), [row[1:] for row in GOOD_ENDS], ids=[row[0] for row in GOOD_ENDS])
def test_streams_that_end_well(
    hub: ModelRegistry, caller: Any, server: MockServer, chunks: list[bytes], kind: str
) -> None:
    server.reply({"status": 200, "headers": {"content-type": kind}, "chunks": chunks})
    deltas, response = caller.deltas(hub.get_model("openai"), "hi")
    assert response.text == "".join(delta.text or "" for delta in deltas) == "Hi"


@pytest.mark.parametrize(
    "pieces",
    [
        [
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x"'}},
            {"index": 0, "function": {"arguments": ":1}"}},
        ]
        + [{"index": 1, "id": "b", "function": {"name": "g", "arguments": ""}}],
        [{"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x"'}}]
        + [{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{"}}]
        + [{"index": 0, "function": {"arguments": ":1}"}}, {"index": 1, "function": {"arguments": "}"}}],
        [{"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x":1}'}}]
        + [{"index": 0, "id": "b", "function": {"name": "g", "arguments": "{}"}}],
        [{"id": "a", "function": {"name": "f", "arguments": '{"x"'}}, {"function": {"arguments": ":1}"}}]
        + [{"id": "b", "function": {"name": "g", "arguments": "{}"}}],
        [{"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x"'}}]
        + [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ":1}"}}]
        + [{"index": 1, "id": "b", "function": {"name": "g", "arguments": None}}],
    ],
    ids=["in turn", "interleaved", "one index for both", "no index", "id and name repeated"],
)
def test_pieces_of_tool_calls_are_put_together(
    hub: ModelRegistry, caller: Any, server: MockServer, pieces: list[dict[str, Any]]
) -> None:
    chunks = [chunk({"tool_calls": [piece]}) for piece in pieces] + [chunk({}, "tool_calls")]
    server.reply({"status": 200, "headers": {"content-type": "text/event-stream"}, "chunks": chunks})
    _, response = caller.deltas(hub.get_model("openai"), "hi")
    assert [(c.id, c.name, c.arguments) for c in response.tool_calls] == [("a", "f", {"x": 1}), ("b", "g", {})]


def test_parse_func_asks_again(hub: ModelRegistry, caller: Any, server: MockServer, monkeypatch: Any) -> None:
    answers = iter(["no", "no", "42"])
    server.reply("no", "no", "42", "no", "no")
    waits: list[float] = []
    monkeypatch.setattr("modelhub.engine.parse_func.PARSE_WAIT", 0.001)

    def parse(response: Any) -> int:
        waits.append(0)
        assert response.text == next(answers, "no")
        if not response.text.isdigit():
            raise ResponseParsingError("not a number")
        return int(response.text)

    model = hub.get_model("openai")
    assert caller.call(model, "hi", parse_func=parse) == 42
    assert len(server.requests) == 3
    with pytest.raises(ResponseParsingError, match="not a number"):
        caller.call(model, "hi", parse_func=parse, max_retries=1)
    assert caller.call(model, "hi", parse_func=parse, max_retries=1, fault_handler=lambda r: r.text + "!") == "no!"
    assert len(server.requests) == 5
