"""What programs do with models; all of it is right."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import assert_type

import modelhub
from modelhub import (
    ChatWrapper,
    EmbeddingWrapper,
    ImageWrapper,
    ModelRegistry,
    ModelResponse,
    ModelWrapperBase,
    ToolCall,
    ToolCallDelta,
)


@dataclass
class Weather:
    degrees: float


def get_weather(city: str) -> str:
    return city


def read(response: ModelResponse) -> int:
    return len(response.text or "")


hub = modelhub.init([{"config_name": "gpt", "model_type": "openai_chat"}], profile="dev")
with ModelRegistry([Path("models.yaml"), {"config_name": "mine", "model_type": "openai_chat"}]) as other:
    assert_type(other, ModelRegistry)
    assert_type(other.get_model("gpt"), ModelWrapperBase)

model = modelhub.get_model("gpt")
assert_type(model, ModelWrapperBase)
assert_type(model("Hello"), ModelResponse)
assert_type(model([{"role": "user", "content": "Hello"}], temperature=0, max_tokens=5, timeout=2.5), ModelResponse)
assert_type(model(["a", "b"], dimensions=256), ModelResponse)
assert_type(model("Hello", parse_func=read), int)
assert_type(model("Hello", parse_func=lambda response: response.text, max_retries=2), str | None)
assert_type(model("Hello", parse_func=read, fault_handler=lambda response: 0), int)

chat = hub.chat("gpt")
assert_type(chat, ChatWrapper)
assert_type(hub.embedding("emb"), EmbeddingWrapper)
assert_type(hub.image("img"), ImageWrapper)
assert_type(modelhub.chat("gpt"), ChatWrapper)
assert_type(modelhub.embedding("emb")(["a", "b"]).embedding, list[list[float]] | None)
assert_type(modelhub.image("img")("a cat", size="1024x1024").image_urls, list[str] | None)

reply = chat(
    [modelhub.Msg("Ann", "Hello", "user"), {"role": "system", "content": "Be brief."}],
    tools=[get_weather, {"type": "function", "function": {"name": "f"}}],
    tool_choice="auto",
    response_format=Weather,
    stop=["END"],
    retry={"max_attempts": 2, "on_timeout": True},
    cache="refresh",
    tags=["nightly"],
    headers={"X-Team": "a"},
    extra_body={"enable_search": True},
)
assert_type(reply.tool_calls, list[ToolCall] | None)
for call in reply.tool_calls or []:
    assert_type(call.name, str)
    assert_type(call.run([get_weather]), str)
    chat([reply, call.to_result(call.run([get_weather, read, {"type": "function"}]))])
assert_type(bool(chat.count_tokens("Hello").estimated), bool)
chat(reply.to_message())

for delta in chat("Hello", stream=True):
    assert_type(delta.text, str | None)
    assert_type(delta.tool_calls, list[ToolCallDelta] | None)


def answer(asked: ModelWrapperBase) -> str | None:
    return asked("Hello").text


async def answer_later(asked: ModelWrapperBase, chat: ChatWrapper) -> int:
    assert_type(await asked.acall("Hello", seed=1), ModelResponse)
    async for delta in await chat.acall("Hello", stream=True):
        assert_type(delta.tool_calls, list[ToolCallDelta] | None)
    return await chat.acall("Hello", parse_func=read)


asking: list[Callable[[str], ModelResponse]] = [chat, model, modelhub.embedding("emb"), modelhub.image("img")]
with ThreadPoolExecutor() as pool:
    answers = [pool.submit(chat, "Hello", temperature=0).result().text]
    answers += [each.text for each in pool.map(model, ["a", "b"])]

answer(chat)
answer(modelhub.embedding("emb"))
print(modelhub.__version__, modelhub.errors.RateLimitError, modelhub.events)
