"""Wrappers written for AgentScope, of every shape, with nothing changed but the line that imports."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from modelhub import ModelRegistry, ModelResponse, Msg, ResponseParsingError
from modelhub.compat.agentscope import models
from modelhub.compat.agentscope.models import _HERE, _WRAPPERS
from modelhub.telemetry.invocations import Invocation, ignore, observe
from modelhub.telemetry.usage import MONITOR
from modelhub.testing import MockServer, VirtualDrivers

from ..paths import TESTS

SAMPLES = TESTS / "compat" / "wrappers"
IMPORT = re.compile(r"^from agentscope\.models import (.*)$", re.M)
HELLO = [{"role": "user", "content": "echo: hi"}]


def import_line(names: str) -> str:
    """What the import line of a sample becomes in a program that leaves AgentScope behind."""
    lines = []
    for name in names.split(", "):
        wrapper = _HERE.get(name, name)
        home = f"modelhub.wrappers.{_WRAPPERS[name]}" if name in _WRAPPERS else "modelhub"
        home = "modelhub.compat.agentscope.models" if name == "ChatUsage" else home
        lines.append(f"from {home} import {wrapper} as {name}")
    return "; ".join(lines)


@pytest.fixture(params=["modelhub", "compat"])
def sample(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Loads a sample by name, its import line changed to modelhub's own modules or to those with AgentScope's names."""
    loaded = []

    def load(name: str) -> ModuleType:
        source = (SAMPLES / f"{name}.py").read_text("utf-8")
        assert len(IMPORT.findall(source)) == source.count("agentscope") == 1
        if request.param == "modelhub":
            source = IMPORT.sub(lambda match: import_line(match[1]), source)
        else:
            source = source.replace("agentscope", "modelhub.compat.agentscope")
        module = ModuleType(f"sample_{name}")
        sys.modules[module.__name__] = module
        loaded.append(module.__name__)
        exec(compile(source, name, "exec"), vars(module))
        return module

    yield load
    for name in loaded:
        del sys.modules[name]


def build(**config: Any) -> Any:
    return ModelRegistry({"config_name": "mine", **config}).get_model("mine")


def test_there_is_a_test_for_every_sample() -> None:
    source = Path(__file__).read_text("utf-8")
    assert {path.stem for path in SAMPLES.glob("*.py")} == set(re.findall(r'sample\("(\w+)"\)', source))


def test_a_str_is_an_answer(sample: Any, caller: Any) -> None:
    module = sample("plain_text")
    model = build(model_type="sample_plain_text", my_arg1="<", my_arg2=">")
    assert caller.call(model, "hi").text == "<hi>"
    assert isinstance(model, module.MyModelWrapper) and model.model_name == "mine"


def test_positional_arguments(sample: Any, caller: Any) -> None:
    _ = sample("positional")
    model = build(model_type="sample_positional", model_name="m", loud=True)
    response = caller.call(model, HELLO)
    assert (response.text, response.raw) == ("ECHO: HI", {"model": "m"})


def test_no_init(sample: Any, caller: Any) -> None:
    _ = sample("no_init")
    assert caller.call(build(model_type="SampleWithoutInit", model_name="m", args={}, more=1)).text == "mine"


def test_no_call_of_super(sample: Any, caller: Any) -> None:
    _ = sample("no_super")
    assert caller.call(build(model_type="sample_without_super", model_name="m")).text == "mine m 1000"


def test_parse_response(sample: Any, caller: Any, server: MockServer) -> None:
    _ = sample("own_parsing")
    url = f"{server.url}/v1/chat/completions"
    model = build(model_type="sample_own_parsing", api_url=url, json_args={"model": "m"})
    assert caller.call(model, HELLO).text == "parsed: hi"


@pytest.fixture
def generator(sample: Any) -> Any:
    _ = sample("yields_and_returns")
    config = {"model_type": "sample_async_dashscope_chat", "model_name": "qwen", "api_key": "sk-1"}
    return build(**config, generate_args={"temperature": 0.5})


class TestGenerators:
    """A ``__call__`` that yields and returns."""

    def test_what_it_returns_is_the_response(self, generator: Any, caller: Any) -> None:
        response = caller.call(generator, HELLO, temperature=0.7)
        assert (type(response), response.text) == (ModelResponse, "qwen echo: hi 0.7")

    def test_what_it_yields_streams(self, generator: Any, caller: Any) -> None:
        items, response = caller.deltas(generator, [{"content": "one two three"}])
        assert [item.text for item in items] == ["one", "onetwo", "onetwothree"]
        assert (response.text, response.raw) == ("onetwothree", [{"word": w} for w in ("one", "two", "three")])

    def test_the_old_view_of_the_stream(self, generator: Any) -> None:
        response = generator([{"content": "one two"}], stream=True)
        assert list(response.stream) == [(False, "one"), (True, "onetwo")]
        assert response.is_stream_exhausted

    def test_the_contract_is_kept(self, generator: Any, caller: Any) -> None:
        generator.drivers = drivers = VirtualDrivers()
        tries: list[str] = []

        def parse(response: ModelResponse) -> str:
            tries.append(response.text or "")
            raise ResponseParsingError("no", raw_response=response.text)

        options: dict[str, Any] = {"parse_func": parse, "fault_handler": lambda r: r.text[:4], "max_retries": 2}
        assert caller.call(generator, HELLO, **options) == "qwen"
        assert tries == ["qwen echo: hi 0.5"] * 2
        assert drivers.virtual.slept == [1.0]

    def test_a_failure_is_raised_by_the_call(self, generator: Any, caller: Any) -> None:
        with pytest.raises(TypeError):
            caller.call(generator, None)

    def test_it_can_be_left(self, generator: Any) -> None:
        response = generator([{"content": "one two three"}], stream=True)
        for item in response:
            assert item.text == "one"
            break
        response.close()
        assert response.text == "one"


def test_pieces_are_joined() -> None:
    class Pieces(models.ModelWrapperBase):
        model_type = "sample_pieces"

        def __call__(self, text: str) -> Any:
            yield from text
            return ModelResponse(text.upper(), parsed=1)

    response = Pieces("p")("abc")
    assert list(response.stream) == [(False, "a"), (False, "ab"), (True, "abc")]
    assert (response.text, response.parsed) == ("ABC", 1)
    with pytest.raises(TypeError, match="not int"):
        Pieces("p")([1])
    assert Pieces("p")("", parse_func=lambda r: r.parsed) == 1


def test_an_empty_init(sample: Any, caller: Any, server: MockServer) -> None:
    _ = sample("empty_init")
    assert caller.call(build(model_type="sample_empty_base", model_name="m")).text == "nothing for mine"
    client_args = {"base_url": f"{server.url}/v1"}
    model = build(model_type="sample_empty_embedding", model_name="m", client_args=client_args)
    assert len(caller.call(model, ["a", "b"]).embedding) == 2


def test_inits_that_call_nobody_above_each_other() -> None:
    class Above(models.ModelWrapperBase):
        model_type = "sample_above"

        def __init__(self, **kwargs: Any) -> None:
            self.above = True

    class Below(Above):
        model_type = "sample_below"

        def __init__(self, **kwargs: Any) -> None:
            self.model_name = "mine"

    model = build(model_type="sample_below", model_name="m")
    assert (model.config_name, model.model_name, model.above) == ("mine", "mine", True)


def test_a_base_class_of_a_vendor(server: MockServer, caller: Any) -> None:
    class Ranking(models.DashScopeWrapperBase):  # type: ignore[misc,name-defined]
        model_type = "sample_ranking"

        def __call__(self, texts: list[str], **kwargs: Any) -> Any:
            return ModelResponse(text=f"{self.model_name} {self.api_key} {len(texts)}")

    assert caller.call(build(model_type="sample_ranking", model_name="m", api_key="k"), ["a"]).text == "m k 1"


def test_the_layout_that_wrappers_found_in_their_base() -> None:
    (message,) = models.ModelWrapperBase.format_for_common_chat_models(Msg("Bob", "hi", "user"))
    assert message == {"role": "user", "content": "## Conversation History\nBob: hi"}


def test_counters_and_records(sample: Any, caller: Any) -> None:
    _ = sample("metrics")
    told: list[Invocation] = []
    observe(told.append)
    MONITOR.reset()
    try:
        model = build(model_type="sample_metrics", budget=5.0)
        for _ in range(2):
            assert caller.call(model, HELLO).text == "echo: hi"
    finally:
        ignore(told.append)
    assert model.monitor.get_value("counted.call_counter") == 2
    assert model.monitor.get_metrics("prompt") == {
        "counted.prompt_tokens": {"value": 16.0, "unit": "token", "quota": None}
    }
    assert [call.arguments for call in told] == [{"messages": HELLO, "api_key": "***"}] * 2
    assert [call.response for call in told] == [{"text": "echo: hi"}] * 2


def test_usage(sample: Any, caller: Any) -> None:
    _ = sample("new_style_metrics")
    told: list[Invocation] = []
    observe(told.append)
    observe(MONITOR.observe)
    MONITOR.reset()
    try:
        caller.call(build(model_type="sample_usage", model_name="m"), HELLO)
    finally:
        ignore(told.append)
        ignore(MONITOR.observe)
    numbers = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    assert told[0].usage == {"type": "chat", "usage": numbers}
    assert MONITOR.show_text_and_embedding_tokens() == [{"model_name": "m", "times": 1, **numbers}]


def test_no_call_is_an_error_of_the_call() -> None:
    class Mute(models.ModelWrapperBase):
        model_type = "sample_mute"

    with pytest.raises(NotImplementedError, match="Mute has no __call__"):
        Mute("m")()
    with pytest.raises(NotImplementedError, match="Mute"):
        asyncio.run(Mute("m").acall())


def test_a_call_of_its_own_is_what_async_code_gets(caller: Any) -> None:
    class Own(models.OpenAIChatWrapper):  # type: ignore[misc,name-defined]
        model_type = "sample_own_call"

        def __call__(self, messages: Any, **options: Any) -> Any:
            return ModelResponse("mine")

    assert caller.call(Own("o", "m"), "hi").text == "mine"
