"""Each way of asking a model - sync, async, whole, streamed - with what comes back in one form, to be compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from modelhub.response import ModelResponse

from .questions import Answer, Question


def build_call(model: Any, question: Question) -> tuple[Any, dict[str, Any]]:
    """What the model is called with: messages, or for one that continues prompts what is left of them."""
    if model.model_type != "ollama_generate":
        return question.messages, {"tools": question.tools}
    system = [message["content"] for message in question.messages if message["role"] == "system"]
    return question.messages[-1]["content"], {"system": system[0] if system else None}


def ask(model: Any, question: Question) -> Answer:
    input, options = build_call(model, question)
    return read(model(input, **options))


def ask_stream(model: Any, question: Question) -> Answer:
    input, options = build_call(model, question)
    response = model(input, stream=True, **options)
    return read_stream(response, list(response))


async def ask_async(model: Any, question: Question) -> Answer:
    input, options = build_call(model, question)
    return read(await model.acall(input, **options))


async def ask_async_stream(model: Any, question: Question) -> Answer:
    input, options = build_call(model, question)
    response = await model.acall(input, stream=True, **options)
    return read_stream(response, [delta async for delta in response])


WAYS: tuple[Callable[[Any, Question], Any], ...] = (ask, ask_stream, ask_async, ask_async_stream)
STREAMED = (ask_stream, ask_async_stream)


def ask_all(model: Any, way: Callable[[Any, Question], Any], questions: Sequence[Question]) -> list[Answer]:
    """The answers to ``questions``, asked at the same time."""
    if asyncio.iscoroutinefunction(way):

        async def gather() -> list[Answer]:
            return list(await asyncio.gather(*[way(model, question) for question in questions]))

        return asyncio.run(gather())
    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(partial(way, model), questions))


def read(response: ModelResponse) -> Answer:
    """The answer of a response that has arrived, whose token counts must add up."""
    usage = response.usage
    assert usage is None or usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    calls = [(call.name, call.arguments) for call in response.tool_calls or []]
    assert all(call.id for call in response.tool_calls or [])
    return Answer(response.text or "", calls, response.finish_reason or "", usage)


def read_stream(response: ModelResponse, deltas: Sequence[ModelResponse]) -> Answer:
    """The answer of a response that was streamed, which its deltas must spell."""
    answer = read(response)
    assert "".join(delta.text or "" for delta in deltas) == answer.text
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == [answer.finish_reason]
    assert len(deltas) > 3 or len(answer.text) < 20
    return answer
