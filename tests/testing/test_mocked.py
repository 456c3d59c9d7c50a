"""``mocked``: every model of any configs asks one mock, in the objects that a program already has, and is undone."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import modelhub
from modelhub import ModelRegistry, ModelWrapperBase, errors
from modelhub.registry.installed import WRAPPERS
from modelhub.testing import MockServer, mocked, no_network
from tests.paths import ROOT

NOT_ALONE = {"fallback", "router", "cascade", "chain"}
DESCRIBED = {
    "config_name": "described",
    "model_type": "post_api_chat",
    "api_url": "https://private.invalid/ask",
    "headers": {"X-Key": "${KIT_NOT_SET}"},
    "request": {"body": {"q": "=prompt"}},
    "response": {"text": "answer"},
}


class Lorikeet(ModelWrapperBase):
    """Plain Python, which must not be run."""

    model_type = "kit_parrot"
    built = 0

    def __init__(self, config_name: str, voice: str = "loud", **kwargs: Any) -> None:
        super().__init__(config_name, **kwargs)
        self.voice = voice
        Lorikeet.built += 1

    def __call__(self, text: str) -> str:
        return f"{text.upper()} {self.shout()}"

    def shout(self) -> str:
        return "!"


PARROT = {"config_name": "parrot", "model_type": "kit_parrot"}


def ask(model: Any, text: str, how: str) -> Any:
    if how == "streamed":
        return "".join(delta.text or "" for delta in model(text, stream=True))
    return (model(text) if how == "called" else asyncio.run(model.acall(text))).text


@pytest.mark.parametrize("model_type", sorted(set(WRAPPERS.list_names()) - NOT_ALONE))
def test_every_type_asks_the_mock(model_type: str, caller: Any) -> None:
    config = {"config_name": "m", "model_type": model_type, "model_name": "m", "api_key": "${KIT_NOT_SET}"}
    address = {"api_url": "https://private.invalid/x"} if model_type.startswith("post_api") else {}
    with no_network(), mocked({**config, **address}) as mock:
        response = caller.call(mock.hub.get_model("m"), "echo: hi")
    assert response.text == "hi" or response.image_urls or len(response.embedding) == 1
    assert mock.requests


def test_every_example_config_asks_the_mock() -> None:
    with no_network(), mocked(ROOT / "model_configs") as mock:
        for name in mock.hub.names():
            model = mock.hub.get_model(name)
            mock.reset()
            response = model("echo: hi")
            assert response.embedding or response.image_urls or response.text.startswith("hi")
            assert mock.requests


@pytest.mark.parametrize("how", ["called", "awaited", "streamed"])
@pytest.mark.parametrize("config", [DESCRIBED, PARROT], ids=["described", "python"])
def test_what_it_does_not_speak(config: dict[str, Any], how: str) -> None:
    with no_network(), mocked(config, wrappers=[Lorikeet]) as mock:
        model = mock.hub.get_model(config["config_name"])
        mock.script("500", "ok")
        mock.reply("one")
        assert ask(model, "Hello", how) == "one"
        assert [request.json["messages"][-1]["content"] for request in mock.requests] == ["Hello"] * 2
        mock.reply({"tool_calls": [{"name": "look", "arguments": {"at": "it"}}]})
        assert model("Look").tool_calls[0].arguments == {"at": "it"}
        mock.script(*["401"] * 3)
        with pytest.raises(errors.AuthenticationError, match=config["config_name"]):
            model("Hello")


def test_models_that_were_fetched_before_are_mocked_in_place() -> None:
    front = {"config_name": "front", "model_type": "fallback", "models": ["parrot", "described"]}
    with ModelRegistry([PARROT, DESCRIBED, front], wrappers=[Lorikeet]) as hub:
        parrot, fallback = hub.get_model("parrot"), hub.get_model("front")
        assert fallback("hi").text == "HI !"
        with no_network(), mocked(hub) as mock:
            assert mock.hub is hub
            assert hub.get_model("parrot") is parrot
            assert isinstance(parrot, Lorikeet)
            assert (parrot.voice, parrot.shout(), parrot.config_name) == ("loud", "!", "parrot")
            mock.reply("from the mock")
            assert fallback("hi").text == "from the mock"
            mock.script(*["400"] * 3, "ok")
            with mocked(hub) as inner:
                inner.reply("inner")
                assert parrot("hi").text == "inner"
            mock.reset()
            mock.reply("outer")
            assert parrot("hi").text == "outer"
            calls = hub.stats()["parrot"]["calls"]
        assert type(parrot) is Lorikeet
        assert parrot("hi").text == fallback("hi").text == "HI !"
        assert hub.stats()["parrot"]["calls"] != calls


def test_models_that_were_fetched_in_the_block_are_real_after_it() -> None:
    with MockServer() as real:
        config = {"config_name": "chat", "model_type": "openai_chat", "client_args": {"base_url": f"{real.url}/v1"}}
        before = Lorikeet.built
        with ModelRegistry([config, PARROT], wrappers=[Lorikeet]) as hub:
            with mocked(hub) as mock:
                chat, parrot = hub.get_model("chat"), hub.get_model("parrot")
                assert (chat("echo: a").text, parrot("echo: a").text) == ("a", "a")
            assert Lorikeet.built == before
            assert isinstance(parrot, Lorikeet)
            real.reply("real")
            assert chat("echo: a").text == "real"
            assert parrot("hi").text == "HI !"
            assert parrot.voice == "loud"
            assert type(parrot) is Lorikeet
            assert hub.get_model("chat") is chat
            with mocked(hub) as mock:
                mock.reply("again")
                assert chat("hi").text == "again"
        assert len(real.requests) == 1


def test_configs_are_the_default_registry_meanwhile() -> None:
    with ModelRegistry(PARROT, wrappers=[Lorikeet]), mocked(DESCRIBED) as mock:
        mock.reply("hello")
        assert modelhub.get_model("described")("hi").text == "hello"
    with pytest.raises(errors.ModelHubError):
        modelhub.get_model("described")


def test_references_and_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_TOKENS", "7")
    config = {
        "config_name": "m",
        "model_type": "openai_chat",
        "model_name": "${KIT_NOT_SET:-gpt}",
        "api_key": "${KIT_NOT_SET}",
        "timeout": "${KIT_NOT_SET}",
        "generate_args": {"max_tokens": "${KIT_TOKENS}"},
        "proxy": "http://${KIT_NOT_SET}:1",
        "cache": {"store": f"sqlite:///{tmp_path}/cache.db"},
        "limits": {"concurrency": 1, "store": "redis://redis.invalid:1/0"},
    }
    with no_network(), mocked(config) as mock:
        model = mock.hub.get_model("m")
        assert model("echo: hi").text == model("echo: hi").text == "hi"
    (request,) = mock.requests  # the second answer is kept
    assert (request.json["model"], request.json["max_tokens"]) == ("gpt", 7)
    assert not list(tmp_path.iterdir())


MODELS = [
    {"config_name": "chat", "model_type": "openai_chat", "model_name": "gpt-4o"},
    {"config_name": "聊天", "model_type": "anthropic_chat", "model_name": "claude-sonnet-4-5"},
    {"config_name": "gemini", "model_type": "gemini_chat", "model_name": "gemini-2.0-flash"},
    {"config_name": "embed", "model_type": "gemini_embedding", "model_name": "gemini-embedding-001"},
    {"config_name": "draw", "model_type": "dashscope_image_synthesis", "model_name": "wanx-v1"},
    {"config_name": "front", "model_type": "fallback", "models": ["chat", "聊天"]},
]


def test_an_answer_waits_for_a_request_of_its_kind() -> None:
    with mocked(MODELS) as mock:
        mock.reply("said", {"image_urls": ["https://x.invalid/1.png"]}, {"embedding": [[0.5, 0.25]]}, "said last")
        assert mock.hub.embedding("embed")(["a", "b"]).embedding == [[0.5, 0.25]] * 2
        assert mock.hub.image("draw")("a cat").image_urls == ["https://x.invalid/1.png"]
        assert [mock.hub.chat(name)("hi").text for name in ("chat", "gemini")] == ["said", "said last"]
        mock.reply({"embedding": [[1.0], [2.0]]})
        with pytest.raises(errors.BadRequestError, match="2 vectors for 3 texts"):
            mock.hub.embedding("embed")(["a", "b", "c"])


def test_what_is_for_one_model_is_for_no_other() -> None:
    with mocked(MODELS) as mock:
        mock.reply("for Claude", model="聊天")
        mock.reply("for gpt-4o", model="gpt-4o")
        assert [mock.hub.chat(name)("hi").text for name in ("chat", "聊天")] == ["for gpt-4o", "for Claude"]
        mock.reset()
        mock.script(503, 503, 503, model="chat")
        mock.reply("in its place", model="聊天")
        assert mock.hub.chat("front")("hi").text == "in its place"
        assert [request.config_name for request in mock.requests] == ["chat"] * 3 + ["聊天"]
        assert all(name not in request.headers for name in ("X-Mock-Config",) for request in mock.requests)


@pytest.mark.parametrize("name", ["chat", "聊天", "gemini"])
def test_what_was_asked_reads_the_same_for_all(name: str) -> None:
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hello"}]
    tool = {"name": "look", "parameters": {"type": "object", "properties": {}}}
    with mocked(MODELS) as mock:
        mock.hub.chat(name)(messages, tools=tool, max_tokens=7)
        mock.hub.embedding("embed")("a")
        prompt = mock.requests[0].prompt
        assert prompt is not None and mock.requests[1].prompt is None
        assert [(message.role, message.text) for message in prompt.messages] == [
            ("system", "Be short."),
            ("user", "Hello"),
        ]
        assert (prompt.question, prompt.tools[0].name, prompt.max_tokens) == ("Hello", "look", 7)


def test_a_function_answers_what_nothing_else_does() -> None:
    def refuse(prompt: Any) -> str:
        raise LookupError(f"no answer to {prompt.question}")

    with mocked(MODELS) as mock:
        model, other = mock.hub.chat("chat"), mock.hub.chat("gemini")
        mock.reply(lambda prompt: f"You said {prompt.question}", "first")
        mock.reply(lambda prompt: {"parsed": {"model": prompt.model}}, model="gemini")
        assert [model(text).text for text in ("a", "b", "c")] == ["first", "You said b", "You said c"]
        assert other("a").text == '{"model":"gemini-2.0-flash"}'
        mock.reply(refuse)
        with pytest.raises(errors.BadRequestError, match="LookupError: no answer to d"):
            model("d")


def test_a_response_is_an_answer() -> None:
    call = modelhub.ToolCall("1", "look", {"at": "it"})
    with mocked(MODELS) as mock:
        mock.reply(modelhub.ModelResponse("Wait", tool_calls=[call]), modelhub.ModelResponse(parsed=[1]))
        first, second = (mock.hub.chat("聊天")("hi") for _ in range(2))
        assert (first.text, first.tool_calls[0].arguments, second.text) == ("Wait", {"at": "it"}, "[1]")  # type: ignore[index]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (42, "not int"),
        ({"answer": 42}, "write JSON as {'parsed': ...}"),
        ({"tool_calls": [{"function": {"name": "look"}}]}, "a tool call is written as"),
        ({"tool_calls": [{"name": "look", "arguments": "{}"}]}, "arguments of a tool call are a dict"),
    ],
)
def test_what_is_no_answer_is_told(answer: Any, says: str) -> None:
    with MockServer() as server, pytest.raises(ValueError, match=says):
        server.reply(answer)


def test_limits_hold_and_nobody_waits_for_a_minute() -> None:
    limits = {"group": "all", "concurrency": 1, "rpm": 1}
    configs = [{**MODELS[0], "limits": limits}, {**MODELS[1], "limits": {"group": "all"}}]
    with mocked(configs, latency=0.005) as mock, ThreadPoolExecutor(4) as pool:
        mock.script(429)
        models = [mock.hub.chat(name) for name in ("chat", "聊天")] * 4
        assert len([*pool.map(lambda model: model("hi"), models)]) == 8
        assert mock.counts.most_in_flight == 1
    with mocked({**MODELS[0], "limits": {"rpm": 1, "on_limit": "fail"}}) as mock:
        mock.hub.chat("chat")("hi")
        with pytest.raises(errors.RateLimitError):
            mock.hub.chat("chat")("hi")


def test_without_configs_it_is_the_default_registry() -> None:
    with modelhub.init(MODELS) as hub, mocked() as mock:
        assert mock.hub is hub
        assert modelhub.chat("chat")("echo: hi").text == "hi"


@pytest.mark.parametrize("given", [(), (DESCRIBED,)], ids=["nothing", "configs"])
def test_what_init_loads_meanwhile_asks_the_mock(given: tuple[Any, ...]) -> None:
    with mocked(*given) as mock:
        with modelhub.init(MODELS) as hub:
            assert hub.chat("chat")("echo: hi").text == "hi"
            assert (mock.hub is hub) == (not given)
            with mocked() as inner, modelhub.init(MODELS) as another:
                assert another.chat("chat")("echo: hi").text == "hi"
                assert (len(mock.requests), len(inner.requests)) == (1, 1)
        later = modelhub.init(MODELS)
        chat = later.chat("chat")
        assert chat("echo: hi").text == "hi"
    with later, no_network(), pytest.raises(errors.ModelHubError):
        chat("echo: hi", retry={"max_attempts": 1})


def test_reset_forgets_all() -> None:
    with mocked(DESCRIBED) as mock:
        model = mock.hub.get_model("described")
        mock.script("400")
        mock.script("400", model="described")
        mock.reply("never said")
        mock.reply(lambda prompt: "nor this")
        mock.reset()
        assert model("echo: hi").text == "hi"
        assert len(mock.requests) == 1
        mock.reset()
        assert mock.requests == []


def test_wrong_configs_are_told() -> None:
    with (
        pytest.raises(errors.ConfigError, match="no_such_type"),
        mocked({"config_name": "m", "model_type": "no_such_type"}),
    ):
        pass
    with ModelRegistry() as hub, pytest.raises(TypeError, match="profile"), mocked(hub, profile="prod"):
        pass
