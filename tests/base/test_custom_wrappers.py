"""Wrappers that a program brings itself: how they become known, and what every call of theirs can do."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub.base import Endpoint, HTTPModelWrapperBase, ModelWrapperBase
from modelhub.errors import ConfigError, PluginError, ResponseParsingError
from modelhub.registry import ModelRegistry
from modelhub.registry.installed import WRAPPERS
from modelhub.response import ModelResponse
from modelhub.testing import MockServer, VirtualDrivers
from modelhub.wire import Reply, Request


class Parrot(ModelWrapperBase):
    """Never calls its base's ``__init__``."""

    model_type = "parrot"

    def __init__(self, config_name: str, word: str = "hello") -> None:
        self.word = word
        self.calls = 0

    def __call__(self, text: str) -> str:
        self.calls += 1
        return f"{self.word} {text} {self.calls}"


class PlainPost(HTTPModelWrapperBase):
    """The least that a wrapper over HTTP has to say."""

    model_type = "plain_post"

    def __init__(self, *args: Any, url: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url = url

    def build_endpoint(self) -> Endpoint:
        return Endpoint(self.url, self.build_headers({}))

    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        return self.build_post({"inputs": input, **options}, stream)

    def parse_response(self, reply: Reply) -> ModelResponse:
        data = reply.json()
        return ModelResponse(text=data["data"]["response"]["choices"][0]["message"]["content"], raw=data)


PARROT = {"config_name": "polly", "model_type": "parrot"}


# How a class becomes known.


def test_a_class_that_exists_is_usable() -> None:
    with ModelRegistry(PARROT) as hub:
        assert isinstance(hub.get_model("polly"), Parrot)
        assert hub.get_model("polly") is hub.get_model("polly")


def test_a_class_is_usable_by_its_own_name() -> None:
    with ModelRegistry({**PARROT, "model_type": "Parrot"}) as hub:
        assert isinstance(hub.get_model("polly"), Parrot)


def test_a_class_that_is_gone_is_unknown() -> None:
    def define() -> None:
        type("Gone", (Parrot,), {"model_type": "gone"})

    define()
    gc.collect()
    with pytest.raises(ConfigError, match="MH107"):
        ModelRegistry({"config_name": "x", "model_type": "gone"})


def test_register_before_the_config_is_loaded() -> None:
    class Other(Parrot):
        model_type = "parrot"

    with ModelRegistry(PARROT, wrappers=[Other]) as hub:
        assert type(hub.get_model("polly")) is Other


def test_register_after_the_config_is_loaded() -> None:
    class Other(Parrot):
        model_type = "parrot"

    with ModelRegistry([PARROT, {**PARROT, "config_name": "molly"}], wrappers=[Parrot]) as hub:
        polly = hub.get_model("polly")
        assert type(polly) is Parrot
        hub.register(Other)
        assert hub.get_model("polly") is polly
        assert type(hub.get_model("molly")) is Other


def test_registering_concerns_one_registry() -> None:
    class Other(ModelWrapperBase):
        model_type = "openai_chat"

    config = {"config_name": "gpt", "model_type": "openai_chat"}
    with ModelRegistry(config, wrappers=[Other]) as mine, ModelRegistry(config) as theirs:
        assert type(mine.get_model("gpt")) is Other
        assert type(theirs.get_model("gpt")).__name__ == "OpenAIChatWrapper"


def test_an_inherited_model_type_hijacks_nothing() -> None:
    built_in: type[ModelWrapperBase] = WRAPPERS.load("openai_chat")
    mine = type("MyChatWrapper", (built_in,), {"__doc__": "Inherits its model_type."})
    configs = [{"config_name": name, "model_type": name} for name in ("openai_chat", "MyChatWrapper")]
    with ModelRegistry(configs, wrappers=[mine]) as hub:
        assert type(hub.get_model("openai_chat")) is built_in
        assert type(hub.get_model("MyChatWrapper")) is mine


def test_a_class_that_merely_exists_replaces_no_built_in() -> None:
    class Hijacker(ModelWrapperBase):
        model_type = "openai_chat"

    with ModelRegistry({"config_name": "gpt", "model_type": "openai_chat"}) as hub:
        assert not isinstance(hub.get_model("gpt"), Hijacker)


@pytest.mark.parametrize("wrong", [Parrot("polly"), "parrot", None, object, dict, len])
def test_only_wrapper_classes_can_be_registered(wrong: Any) -> None:
    with pytest.raises(TypeError, match="ModelWrapperBase"):
        ModelRegistry(wrappers=[wrong])
    with pytest.raises(TypeError, match="ModelWrapperBase"):
        ModelRegistry().register(wrong)


def test_its_configs_are_checked_against_its_init() -> None:
    with pytest.raises(ConfigError) as caught:
        ModelRegistry([{**PARROT, "wrod": "hi"}, {"config_name": "post", "model_type": "plain_post"}])
    unknown, missing = caught.value.problems
    assert (unknown.code, unknown.path[-1]) == ("MH103", "wrod")
    assert "'word'" in (unknown.hint or "")
    assert missing.code == "MH102" and "'url'" in missing.message


def test_an_init_that_fails_names_the_config() -> None:
    class Picky(ModelWrapperBase):
        model_type = "picky"

        def __init__(self, config_name: str) -> None:
            raise RuntimeError("no graphics card")

    hub = ModelRegistry({"config_name": "p", "model_type": "picky"})
    with pytest.raises(PluginError, match="config 'p': Picky cannot be built: no graphics card"):
        hub.get_model("p")


# What every call can do.


def test_a_str_becomes_a_response(caller: Any) -> None:
    with ModelRegistry({**PARROT, "word": "good"}) as hub:
        model = hub.get_model("polly")
        response = caller.call(model, "day")
        assert isinstance(response, ModelResponse)
        assert response.text == "good day 1"
        assert [delta.text for delta in response] == ["good day 1"]
        assert model.config_name == "polly"
        assert "polly" in repr(model)


def test_a_wrapper_needs_no_registry() -> None:
    parrot: Any = Parrot("polly")
    assert parrot("day").text == "hello day 1"


@pytest.mark.parametrize("kind", ["custom", "http"])
class TestContract:
    """AgentScope's parse_func, fault_handler and max_retries."""

    @pytest.fixture
    def model(self, kind: str, server: MockServer) -> Iterator[Any]:
        post = {"config_name": "post", "model_type": "plain_post", "url": f"{server.url}/llm/"}
        with ModelRegistry(PARROT if kind == "custom" else post) as hub:
            model = hub.get_model("polly" if kind == "custom" else "post")
            model.drivers = drivers = VirtualDrivers()
            yield model
            drivers.close()

    def test_parse_func_makes_the_result(self, model: Any, caller: Any) -> None:
        assert caller.call(model, "echo: hi", parse_func=lambda response: response.text.split()[-1]) in ("1", "hi")

    def test_parse_func_may_ask_again(self, model: Any, caller: Any) -> None:
        texts: list[str] = []

        def parse(response: ModelResponse) -> int:
            texts.append(response.text or "")
            if len(texts) < 3:
                raise ResponseParsingError("not yet")
            return len(texts)

        assert caller.call(model, "echo: hi", parse_func=parse) == 3
        assert model.drivers.clock.slept == [1.0, 2.0]

    @pytest.mark.parametrize("max_retries", [None, 1, 2, 5])
    def test_max_retries_counts_the_tries(self, model: Any, caller: Any, max_retries: int | None) -> None:
        tries = 0

        def parse(response: ModelResponse) -> None:
            nonlocal tries
            tries += 1
            raise ResponseParsingError("never")

        with pytest.raises(ResponseParsingError, match="never"):
            caller.call(model, "echo: hi", parse_func=parse, max_retries=max_retries)
        assert tries == (max_retries or 3)

    def test_fault_handler_has_the_last_word(self, model: Any, caller: Any) -> None:
        def parse(response: ModelResponse) -> None:
            raise ResponseParsingError("never")

        result = caller.call(
            model, "echo: hi", parse_func=parse, fault_handler=lambda r: ("gave up", type(r)), max_retries=2
        )
        assert result == ("gave up", ModelResponse)

    @pytest.mark.parametrize("fault_handler", ["gave up", 0, False, {}, ("gave up",)])
    def test_a_fault_handler_that_cannot_be_called_is_ignored(
        self, model: Any, caller: Any, fault_handler: object
    ) -> None:
        def parse(response: ModelResponse) -> None:
            raise ResponseParsingError("never")

        with pytest.raises(ResponseParsingError, match="never"):
            caller.call(model, "echo: hi", parse_func=parse, fault_handler=fault_handler, max_retries=2)

    def test_another_error_of_parse_func_is_raised_at_once(self, model: Any, caller: Any) -> None:
        def parse(response: ModelResponse) -> None:
            raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            caller.call(model, "echo: hi", parse_func=parse, fault_handler=lambda response: None)

    def test_without_parse_func_nothing_changes(self, model: Any, caller: Any) -> None:
        response = caller.call(model, "echo: hi", max_retries=2, fault_handler=lambda response: None)
        assert isinstance(response, ModelResponse)


def test_a_wrapper_may_take_the_contract_over() -> None:
    class Own(ModelWrapperBase):
        model_type = "own"

        def __call__(self, text: str, parse_func: Any = None, **kwargs: Any) -> Any:
            return ("mine", parse_func, kwargs)

    assert Own("x")("hi", parse_func=len, loud=True) == ("mine", len, {"loud": True})
