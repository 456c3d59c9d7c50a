"""Hooks that are told of every call: once each, without secrets, and unable to disturb it."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub import ModelRegistry, ModelWrapperBase, ResponseParsingError, errors
from modelhub.compat.agentscope.models import ChatUsage
from modelhub.response import Usage
from modelhub.telemetry import invocations
from modelhub.telemetry.usage import Monitor
from modelhub.testing import MockServer

Told = list[tuple[Any, ...]]
HELLO = [{"role": "user", "content": "echo: hi"}]


@pytest.fixture
def told() -> Iterator[Told]:
    """What a hook was called with."""
    calls: Told = []
    ModelWrapperBase.register_save_model_invocation_hook("keep", lambda *call: calls.append(call))
    yield calls
    ModelWrapperBase.clear_save_model_invocation_hook()
    assert invocations.HOOKS == []


def test_a_whole_answer(hub: ModelRegistry, told: Told, caller: Any) -> None:
    model = hub.get_model("openai")
    caller.call(model, HELLO, temperature=0.5)
    ((obj, ident, timestamp, arguments, response, usage),) = told
    assert obj is model
    assert re.fullmatch(rf"model_OpenAIChatWrapper_{timestamp}_[0-9a-f]{{32}}", ident)
    assert re.fullmatch(r"\d{8}-\d{6}", timestamp)
    assert arguments == {"model": "openai", "messages": HELLO, "temperature": 0.5, "stream": False}
    assert response["choices"][0]["message"]["content"] == "hi"
    assert usage["type"] == "chat"
    assert usage["usage"] == {name: response["usage"][name] for name in usage["usage"]}


@pytest.mark.parametrize("name", ["openai", "ollama", "post_chat"])
def test_a_stream_once_when_it_ends(hub: ModelRegistry, told: Told, caller: Any, name: str) -> None:
    deltas, _ = caller.deltas(hub.get_model(name), "echo: one two three")
    assert len(deltas) > 1
    ((_, _, _, arguments, response, usage),) = told
    assert arguments["stream"] is True
    assert isinstance(response, list) and len(response) >= len(deltas) - 1
    assert usage["usage"]["total_tokens"] > 0


def test_a_stream_that_is_left_is_not_told(hub: ModelRegistry, told: Told) -> None:
    response = hub.get_model("openai")("echo: one two three", stream=True)
    next(iter(response))
    assert told == []
    response.close()
    assert told == []


def test_other_tasks(hub: ModelRegistry, told: Told, caller: Any) -> None:
    caller.call(hub.get_model("embedding"), ["red"])
    caller.call(hub.get_model("post"), "echo: hi")
    (embedding, post) = told
    assert (embedding[3]["texts"], post[3]["input"]) == (["red"], "echo: hi")
    assert embedding[5]["usage"]["prompt_tokens"] > 0


def test_every_try_of_a_parse_func_is_a_call(
    hub: ModelRegistry, told: Told, caller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelhub.engine.parse_func.PARSE_WAIT", 0.0)

    def parse(response: Any) -> str:
        if len(told) < 2:
            raise ResponseParsingError("again")
        return "done"

    assert caller.call(hub.get_model("openai"), HELLO, parse_func=parse) == "done"
    assert len(told) == 2


@pytest.mark.parametrize("stream", [False, True])
def test_a_failed_call_is_not_told(hub: ModelRegistry, told: Told, server: MockServer, stream: bool) -> None:
    server.script("400")
    with pytest.raises(errors.BadRequestError):
        hub.get_model("openai")(HELLO, stream=stream)
    assert told == []


def test_ids_are_unique(hub: ModelRegistry, told: Told) -> None:
    model = hub.get_model("openai")
    threads = [threading.Thread(target=model, args=(HELLO,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({call[1] for call in told}) == 20


def test_no_secret_is_told(hub: ModelRegistry, server: MockServer, told: Told, caller: Any) -> None:
    key = "sk-very-secret-1"
    client_args = {"base_url": f"{server.url}/v1"}
    config = {"config_name": "a", "model_type": "openai_chat", "api_key": key, "client_args": client_args}
    with ModelRegistry(config) as mine:
        options = {"extra_headers": {"X-Api-Key": "sk-other-2", "X-Team": "red"}, "user": key}
        caller.call(mine.get_model("a"), f"echo: my key is {key}", **options)
    ((_, _, _, arguments, response, _),) = told
    assert arguments["extra_headers"] == {"X-Api-Key": "***", "X-Team": "red"}
    assert key not in str(arguments) + str(response)
    assert response["choices"][0]["message"]["content"] == "my key is ***"
    assert server.requests[-1].json["user"] == key


def test_a_hook_that_raises_is_logged(
    hub: ModelRegistry, told: Told, caller: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*call: Any) -> None:
        raise LookupError("no disk")

    ModelWrapperBase.register_save_model_invocation_hook("bad", fail)
    ModelWrapperBase.register_save_model_invocation_hook("after", lambda *call: told.append(call))
    with caplog.at_level(logging.WARNING, "modelhub"):
        assert caller.call(hub.get_model("openai"), HELLO).text == "hi"
    assert len(told) == 2
    assert [record.getMessage() for record in caplog.records] == ["the hook 'bad' failed: LookupError: no disk"]


def test_a_hook_does_not_block_an_event_loop(hub: ModelRegistry, told: Told) -> None:
    import asyncio

    threads: list[int] = []
    ModelWrapperBase.register_save_model_invocation_hook("where", lambda *call: threads.append(threading.get_ident()))
    asyncio.run(hub.get_model("openai").acall(HELLO))
    hub.get_model("openai")(HELLO)
    assert threads[0] != threading.get_ident() == threads[1]


def test_hooks_by_name(told: Told, hub: ModelRegistry) -> None:
    others: Told = []
    with pytest.warns(UserWarning, match="'keep' was registered already"):
        type(hub.get_model("openai")).register_save_model_invocation_hook("keep", lambda *call: others.append(call))
    hub.get_model("ollama")(HELLO)
    assert (len(told), len(others)) == (0, 1)
    ModelWrapperBase.remove_save_model_invocation_hook("keep")
    with pytest.warns(UserWarning, match="no hook 'keep'"):
        ModelWrapperBase.remove_save_model_invocation_hook("keep")
    assert invocations.HOOKS == []
    hub.get_model("ollama")(HELLO)
    assert len(others) == 1


def test_nobody_is_told_when_nobody_asked(hub: ModelRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invocations, "tell", None)
    monkeypatch.setattr("modelhub.telemetry.invocations.recorded", None)
    monkeypatch.setattr("modelhub.telemetry.observers.observed", None)
    assert hub.get_model("openai")(HELLO).text == "hi"
    assert hub.get_model("openai")(HELLO, stream=True).text == "hi"


def test_what_cannot_be_recorded_is_logged(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    class Odd:
        def model_dump(self) -> None:
            raise ValueError("odd")

    with caplog.at_level(logging.WARNING, "modelhub"):
        ModelWrapperBase("a")._save_model_invocation({}, {}, Odd())
    assert "cannot be recorded: ValueError: odd" in caplog.text
    assert told == []


def test_what_a_wrapper_saves_itself(told: Told) -> None:
    wrapper = ModelWrapperBase("a")
    wrapper._save_model_invocation({"q": 1}, {"r": 2}, usage=ChatUsage(1, 2))
    wrapper._save_model_invocation(arguments=[1], json_response={"r": 3})
    wrapper._save_model_invocation({}, {}, usage={"total_tokens": 3})
    wrapper._save_model_invocation({}, {}, usage=Usage(1, 1))
    numbers = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    assert [call[3:] for call in told[:2]] == [
        ({"q": 1}, {"r": 2}, {"type": "chat", "usage": numbers}),
        ([1], {"r": 3}, {}),
    ]
    assert [call[5] for call in told[2:]] == [
        {"total_tokens": 3},
        {"type": "chat", "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}},
    ]


# The monitor, which is told in the same way.


def test_the_monitor_sums_by_model(hub: ModelRegistry, server: MockServer, caller: Any) -> None:
    monitor = Monitor()
    invocations.observe(monitor.observe)
    config = {"config_name": "draw", "model_type": "openai_dall_e", "client_args": {"base_url": f"{server.url}/v1"}}
    try:
        used = [caller.call(hub.get_model("openai"), HELLO).usage for _ in range(2)]
        with ModelRegistry(config) as mine:
            caller.call(mine.get_model("draw"), "a cat", size="512x512", n=2)
        monitor.enabled = False
        caller.call(hub.get_model("openai"), HELLO)
    finally:
        invocations.ignore(monitor.observe)
    assert monitor.show_text_and_embedding_tokens() == [
        {
            "model_name": "openai",
            "times": 2,
            "prompt_tokens": sum(usage.prompt_tokens for usage in used),
            "completion_tokens": sum(usage.completion_tokens for usage in used),
            "total_tokens": sum(usage.total_tokens for usage in used),
        }
    ]
    (images,) = monitor.show_image_tokens()
    assert images == {"model_name": "draw", "resolution": "standard-512x512", "times": 1, "image_count": 2}
    monitor.reset()
    assert monitor.show_image_tokens() == monitor.show_text_and_embedding_tokens() == []


def test_counters_and_quotas() -> None:
    monitor = Monitor()
    assert monitor.register("a.calls", metric_unit="times", quota=3)
    assert not monitor.register("a.calls")
    assert monitor.add("a.calls", 2) and not monitor.add("b.calls", 1)
    with pytest.raises(errors.QuotaExceededError, match=r"Metric \[a.calls\] exceeds quota."):
        monitor.add("a.calls", 2)
    assert (monitor.get_value("a.calls"), monitor.get_unit("a.calls"), monitor.get_quota("a.calls")) == (2, "times", 3)
    assert monitor.set_quota("a.calls", 9) and not monitor.set_quota("b", 1)
    monitor.update({"calls": 1, "cost": 0.5}, prefix="a")
    assert {name: metric["value"] for name, metric in monitor.get_metrics().items()} == {"a.calls": 3, "a.cost": 0.5}
    assert monitor.get_metric("a.cost") == {"value": 0.5, "unit": None, "quota": None}
    assert monitor.clear("a.calls") and monitor.get_value("a.calls") == 0
    assert monitor.exists("a.cost") and monitor.remove("a.cost") and not monitor.exists("a.cost")
    assert monitor.get_metric("a.cost") is monitor.get_value("a.cost") is None
    assert not monitor.register_budget("gpt-4", 1.0)
