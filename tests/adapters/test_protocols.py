"""Twelve private protocols by configuration alone, against servers that take nothing that is not theirs."""

from __future__ import annotations

import asyncio
import base64
import importlib
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from modelhub import ModelRegistry, errors
from modelhub.cli.app import cli
from modelhub.testing import Replay

from ..serving import wait_for
from .protocols.base import FOLDER, KEY, list_protocols, running
from .protocols.thinking import SLOW, WAIT, Answer, ToolUse

PROTOCOLS = list_protocols()
CHATS = [name for name in PROTOCOLS if name not in ("vectors", "pictures")]
STREAMED = [name for name in CHATS if name != "jobs"]
WITH_TOOLS = [name for name in CHATS if name != "jwt_form"]
STREAMED_WITH_TOOLS = [name for name in STREAMED if name in WITH_TOOLS and name != "get_query"]
COUNTING = [name for name in CHATS if name not in ("jwt_form", "get_query")]
TELLING_REASONS = [name for name in CHATS if name != "jwt_form"]
NAMING_CALLS = [name for name in WITH_TOOLS if name not in ("xml_tools", "json_marks", "get_query")]
ONCE = {"retry": {"max_attempts": 1}}
TEXTS = ["hello", 'Grüße,\n\n“你好” {role} =messages & \\ "x" 100%', "a" * 700, "123", "true", '{"a": 1}']
TOOL = {
    "type": "function",
    "function": {
        "name": "find_weather",
        "description": "The weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
KINDS = [
    (400, errors.BadRequestError),
    (429, errors.RateLimitError),
    (500, errors.ServerError),
]


def read_config(name: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((FOLDER / name / "config.yaml").read_text(encoding="utf-8"))
    return config


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Any]]:
    """The servers that were needed, by name."""
    with ExitStack() as stack:

        class Servers(dict[str, Any]):
            def __missing__(self, name: str) -> Any:
                self[name] = stack.enter_context(running(name))
                return self[name]

        yield Servers()


@pytest.fixture
def build(servers: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Builds the model of a protocol."""

    def one(name: str, key: str = KEY, **more: Any) -> Any:
        monkeypatch.setenv("PRIVATE_URL", servers[name][1])
        monkeypatch.setenv("PRIVATE_KEY", key)
        monkeypatch.setenv("PRIVATE_USER", "tests")
        return ModelRegistry({**read_config(name), **ONCE, **more}).get_model(name)

    return one


def fail(caller: Any, model: Any, given: Any, **options: Any) -> Any:
    with pytest.raises(errors.ModelCallError) as caught:
        if options.get("stream"):
            del options["stream"]
            caller.deltas(model, given, **options)
        else:
            caller.call(model, given, **options)
    return caught.value


def test_there_are_twelve_and_none_has_code() -> None:
    assert len(PROTOCOLS) == 12
    for name in PROTOCOLS:
        assert not any("python:" in str(value) for value in read_config(name).values())


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_config_is_valid_and_its_validation_needs_no_key(name: str) -> None:
    done = CliRunner().invoke(cli, ["validate", str(FOLDER / name / "config.yaml"), "--strict", "--format", "json"])
    assert (done.exit_code, json.loads(done.output)) == (0, [])


@pytest.mark.parametrize("name", CHATS)
def test_an_answer(name: str, build: Any, caller: Any) -> None:
    model = build(name)
    for text in TEXTS:
        response = caller.call(model, text)
        assert (response.text, response.finish_reason, response.tool_calls) == (text, "stop", None)
        if name in COUNTING:
            usage = response.usage
            assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (
                *(len(text), len(text)),
                2 * len(text),
            )


@pytest.mark.parametrize("name", STREAMED)
def test_a_stream_is_the_whole(name: str, build: Any, caller: Any) -> None:
    model = build(name)
    for text in TEXTS:
        deltas, response = caller.deltas(model, text)
        assert "".join(delta.text for delta in deltas) == response.text == text
        assert response.finish_reason == "stop"
        assert len(deltas) > 1 or len(text) < 6
        if name in COUNTING:
            assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (len(text), len(text))


@pytest.mark.parametrize("name", CHATS)
def test_a_conversation(name: str, build: Any, caller: Any, servers: Any) -> None:
    """The server refuses a role that it does not know; the system's text is before all others, wherever it stands."""
    said = [("system", "be brief"), ("user", "one"), ("assistant", "two"), ("user", "three")]
    response = caller.call(build(name), [{"role": role, "content": text} for role, text in said])
    if name == "cumulative":  # where only the first user's text has the system's before it
        assert response.usage.prompt_tokens == sum(len(text) for _, text in said) + 2
    elif name in COUNTING:
        assert response.usage.prompt_tokens == sum(len(text) for _, text in said)
    assert response.text == "three"


ANSWERED = [
    Answer('Grüße, “你好” {["}\\ <calls', "stop", (3, 4)),
    Answer(
        "",
        "tool_calls",
        (3, 4),
        [ToolUse("c-1", "f", {"city": "北京 <b>", "days": 1}), ToolUse("c-2", "g", {"city": "x", "days": 2})],
    ),
]


@pytest.mark.parametrize("name", STREAMED)
def test_it_does_not_matter_how_a_stream_is_cut(name: str, build: Any, servers: Any, caller: Any) -> None:
    model, server = build(name), servers[name][0]
    token = [{"status": 200, "body": '{"access_token": "t"}'}] if name == "oauth" else []
    for answer in ANSWERED if name in STREAMED_WITH_TOOLS else ANSWERED[:1]:
        sent = server.write_stream(answer)
        whole = b"".join([sent.body] if isinstance(sent.body, bytes) else sent.body)
        text = whole.decode("utf-8", "surrogateescape")
        exchange = {"status": 200, "headers": {"content-type": sent.kind}, "chunks": [text]}
        told = set()
        for cut in (None, *range(1, 40), 100):
            model.drivers = Replay([*token, exchange], cut=cut)
            token = []  # it is kept
            _, response = caller.deltas(model, "hi", **({"tools": [TOOL]} if answer.calls else {}))
            calls = [(call.name, json.dumps(call.arguments)) for call in response.tool_calls or ()]
            told.add((response.text, response.finish_reason, str(response.usage), *calls))
        [(found, reason, _, *calls)] = told
        assert reason == answer.reason
        assert [name for name, _ in calls] == [call.name for call in answer.calls]
        assert found == (
            "Let me see." if calls and name == "xml_tools" else "\n" if calls and name == "json_marks" else answer.text
        )


def expect_call(name: str, city: str) -> dict[str, Any]:
    if name == "xml_tools":
        return {"city": city, "days": "3"}
    return {"city": city, "days": 3, "deep": {"list": [1, "<>&\"'"]}}


@pytest.mark.parametrize(
    ("name", "stream"), [*((n, False) for n in WITH_TOOLS), *((n, True) for n in STREAMED_WITH_TOOLS)]
)
@pytest.mark.parametrize("city", ["Berlin", '<|tool|> & </calls> "北京"'])
def test_tools_and_their_results(name: str, stream: bool, city: str, build: Any, caller: Any) -> None:
    model = build(name)
    asked = [{"role": "system", "content": "be kind"}, {"role": "user", "content": city}]

    def ask(messages: Any) -> Any:
        if stream:
            return caller.deltas(model, messages, tools=[TOOL])[1]
        return caller.call(model, messages, tools=[TOOL])

    response = ask(asked)
    [call] = response.tool_calls
    wanted = f"be kind\n\n{city}" if name == "cumulative" else city  # which has no other place for it
    assert (call.name, call.arguments) == ("find_weather", expect_call(name, wanted))
    assert response.finish_reason == "tool_calls"
    assert call.id == "call-7" if name in NAMING_CALLS else call.id
    assert (response.text or "") == ("Let me see." if name == "xml_tools" else "")

    arguments = json.dumps(call.arguments)
    turn = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}],
    }
    result = {"role": "tool", "tool_call_id": call.id, "content": "22 °C, sunny"}
    response = ask([*asked, turn, result])
    assert (response.text, response.tool_calls, response.finish_reason) == ("22 °C, sunny", None, "stop")


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize(("kind", "expected"), KINDS)
def test_errors_have_their_types(name: str, kind: int, expected: type[Exception], build: Any, caller: Any) -> None:
    for stream in (False, True) if name in STREAMED else (False,):
        error = fail(caller, build(name), f"please fail {kind}", stream=stream)
        assert type(error) is expected
        assert "as you wish" in str(error)
        assert error.config_name == name
        if kind == 429:
            assert (error.retry_after, error.retryable) == (WAIT, name != "jobs")


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_wrong_key_is_told_and_not_shown(name: str, build: Any, caller: Any) -> None:
    wrong = "wr0ng-k3y-of-the-tests"
    model = build(name, wrong)
    error = fail(caller, model, "hello")
    assert isinstance(error, errors.AuthenticationError)
    shown = [str(error), repr(error), repr(model), repr(vars(error))]
    assert not any(wrong in text or base64.b64encode(f"tests:{wrong}".encode()).decode() in text for text in shown)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_the_server_does_not_know_is_not_sent(name: str, build: Any, caller: Any, servers: Any) -> None:
    server = servers[name][0]
    model = build(name)
    caller.call(model, "hello")
    before = len(server.seen)
    error = fail(caller, model, "hello", top_q=3)
    assert isinstance(error, errors.BadRequestError)
    assert "top_q" in str(error)
    assert len(server.seen) == before


@pytest.mark.parametrize("name", [name for name in PROTOCOLS if name != "jwt_form"])  # where all is text
def test_a_reply_that_nobody_can_read(name: str, build: Any, caller: Any) -> None:
    error = fail(caller, build(name), "please break")
    assert isinstance(error, errors.ResponseParsingError)
    assert error.config_name == name


@pytest.mark.parametrize("name", TELLING_REASONS)
def test_an_answer_that_was_cut(name: str, build: Any, caller: Any) -> None:
    model = build(name)
    assert caller.call(model, "please cut").finish_reason == "length"
    if name in STREAMED and name != "get_query":
        assert caller.deltas(model, "please cut")[1].finish_reason == "length"


@pytest.mark.parametrize("name", STREAMED)
def test_a_slow_reply_is_given_up(name: str, build: Any, caller: Any) -> None:
    began = time.monotonic()
    error = fail(caller, build(name), "please wait", timeout=0.2)
    assert (type(error), error.bound) == (errors.TimeoutError, "total")
    assert time.monotonic() - began < SLOW + 1


@pytest.mark.parametrize("name", ["jobs", "jwt_form"])
def test_what_cannot_be_done_is_refused_before_anything_is_sent(
    name: str, build: Any, caller: Any, servers: Any
) -> None:
    server = servers[name][0]
    before = len(server.seen)
    options = {"stream": True} if name == "jobs" else {"tools": [TOOL]}
    assert isinstance(fail(caller, build(name), "hello", **options), errors.BadRequestError)
    assert len(server.seen) == before


@pytest.mark.parametrize("name", [name for name in CHATS if name != "oauth"])  # whose tokens last for three requests
def test_many_at_once(name: str, build: Any) -> None:
    model = build(name)

    async def ask() -> list[str]:
        return [r.text for r in await asyncio.gather(*(model.acall(f"number {n}") for n in range(20)))]

    assert asyncio.run(ask()) == [f"number {n}" for n in range(20)]


def test_a_job_is_cancelled(build: Any, servers: Any) -> None:
    server = servers["jobs"][0]
    model = build("jobs")

    async def ask() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await model.acall("please work on")

    asyncio.run(ask())
    wait_for(lambda: server.cancelled)
    assert server.cancelled == [list(server.jobs)[-1]]
    assert server.seen[-1].path.endswith("/cancel")


@pytest.mark.parametrize(("retry", "handed_in"), [(1, 1), (2, 2)])
def test_a_job_that_may_be_repeated_is(retry: int, handed_in: int, build: Any, caller: Any, servers: Any) -> None:
    server = servers["jobs"][0]
    before = len(server.jobs)
    told = read_config("jobs")["error"]
    del told["retry_after"]  # which is seven seconds
    model = build("jobs", error=told, retry={"max_attempts": retry, "initial": 0.01})
    error = fail(caller, model, "please fail 503")
    assert (type(error), error.code, error.retryable) == (errors.ServerError, "E503", True)
    assert len(server.jobs) - before == handed_in


def test_a_token_is_asked_for_again_when_it_is_refused(build: Any, caller: Any, servers: Any) -> None:
    server = servers["oauth"][0]
    model = build("oauth")
    before = len(server.tokens)
    for _ in range(7):
        assert caller.call(model, "hello").text == "hello"
    assert len(server.tokens) - before == 3


def test_vectors_are_in_the_order_of_the_texts(build: Any, caller: Any) -> None:
    build_vector = importlib.import_module(f"{__package__}.protocols.vectors.server").build_vector
    model = build("vectors")
    texts = ["one", "three", "a", "twelve or more"]
    response = caller.call(model, texts)
    assert response.embedding == [build_vector(text, 3) for text in texts]
    assert response.usage.prompt_tokens == sum(map(len, texts))
    assert caller.call(model, "one", dimensions=5).embedding == [build_vector("one", 5)]


def test_pictures_are_data_uris(build: Any, caller: Any) -> None:
    picture = importlib.import_module(f"{__package__}.protocols.pictures.server").PICTURE
    drawn = base64.b64encode(picture + b"a cat").decode()
    response = caller.call(build("pictures"), "a cat", n=2, size="1x1")
    assert response.image_urls == [f"data:image/jpeg;base64,{drawn}"] * 2
