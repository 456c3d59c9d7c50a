"""A gateway behind another program of modelhub: a model of the one is a config of the other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub import ModelRegistry, errors

from .running import Running

KINDS = ["openai_chat", "anthropic_chat", "ollama_chat"]
TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


@pytest.fixture(scope="module", params=KINDS)
def find_model(gateway: Running, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Makes a model of one of the APIs, of the gateway's model of a name."""
    kind = request.param
    at: dict[str, Any] = {"host": gateway.url}
    if kind != "ollama_chat":
        at = {"client_args": {"base_url": gateway.url + "/v1" * (kind == "openai_chat")}, "api_key": "any"}
    names = ["claude", "openai", "gemini", "best", "busy", "long", "broken", "torn", "nobody"]
    common = {"model_type": kind, "retry": {"max_attempts": 1}, **at}
    with ModelRegistry([{"config_name": name, "model_name": name, **common} for name in names]) as hub:
        yield hub.get_model


@pytest.mark.parametrize("name", ["claude", "openai", "gemini", "best"])
def test_answers(find_model: Any, name: str) -> None:
    model = find_model(name)
    whole = model("count: 12")
    streamed = model("count: 12", stream=True)
    text = "".join(delta.text for delta in streamed)
    assert whole.text == text == streamed.text == "1 2 3 4 5 6 7 8 9 10 11 12"
    assert whole.finish_reason == streamed.finish_reason == "stop"
    assert whole.usage.completion_tokens == streamed.usage.completion_tokens > 0


@pytest.mark.parametrize("name", ["claude", "openai", "gemini"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_tools(find_model: Any, name: str, stream: bool) -> None:
    async def ask() -> str:
        model = find_model(name)
        messages: list[Any] = [{"role": "user", "content": "What is the weather in Paris?"}]
        reply = await (await model.acall(messages, tools=[TOOL], stream=stream)).complete()
        (call,) = reply.tool_calls
        assert (call.name, reply.finish_reason) == ("get_weather", "tool_calls")
        messages += [reply.to_message(), call.to_result("sunny")]
        return (await (await model.acall(messages, tools=[TOOL], stream=stream)).complete()).text

    assert asyncio.run(ask()) == "The tool says: sunny"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("busy", errors.RateLimitError),
        ("long", errors.ContextLengthError),
        ("broken", errors.ServerError),
        ("nobody", errors.NotFoundError),
    ],
)
def test_errors_stay_what_they_are(find_model: Any, name: str, kind: type[Exception]) -> None:
    with pytest.raises(kind) as told:
        find_model(name)("Hi")
    if name == "busy":
        assert told.value.retry_after == 7  # type: ignore[attr-defined]


def test_a_stream_that_breaks_is_told(find_model: Any) -> None:
    response = find_model("torn")("count: 50", stream=True)
    with pytest.raises(errors.ModelCallError):
        for _ in response:
            pass
    assert (response.text or "").startswith("1 2 3")
