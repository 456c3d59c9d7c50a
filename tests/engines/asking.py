"""Each way of asking a model - sync, async, whole, streamed - with the answer in one form, to be compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from modelhub.response import ModelResponse

from .questions import Answer, Question


def ask(model: Any, question: Question) -> Answer:
    return read(model(question.messages, tools=question.tools))


def ask_stream(model: Any, question: Question) -> Answer:
    response = model(question.messages, tools=question.tools, stream=True)
    return read_stream(response, list(response))


async def ask_async(model: Any, question: Question) -> Answer:
    return read(await model.acall(question.messages, tools=question.tools))


async def ask_async_stream(model: Any, question: Question) -> Answer:
    response = await model.acall(question.messages, tools=question.tools, stream=True)
    return read_stream(response, [delta async for delta in response])


WAYS: tuple[Callable[[Any, Question], Any], ...] = (ask, ask_stream, ask_async, ask_async_stream)


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
    assert usage is not None and usage.prompt_tokens > 0 and usage.completion_tokens > 0
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    calls = [(call.name, call.arguments) for call in response.tool_calls or []]
    assert all(call.id for call in response.tool_calls or [])
    return Answer(response.text or "", calls, response.finish_reason or "")


def read_stream(response: ModelResponse, deltas: Sequence[ModelResponse]) -> Answer:
    """The answer of a response that was streamed, which its deltas must spell."""
    answer = read(response)
    assert "".join(delta.text or "" for delta in deltas) == answer.text
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == [answer.finish_reason]
    assert len(deltas) > 3 or len(answer.text) < 20
    return answer
