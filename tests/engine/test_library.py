"""Models that are a library in this process, with a library of the test's own in the place of LiteLLM's."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.engine.library import find_causes
from modelhub.errors import PluginError


class Shaped:
    """What the library returns: an object that knows its own dict."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    def model_dump(self, **_: Any) -> dict[str, Any]:
        return self.data


def whole(text: str) -> Shaped:
    return Shaped({"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": None, "model": "m"})


def piece(text: str | None, reason: str | None = None) -> Shaped:
    return Shaped({"choices": [{"delta": {"content": text}, "finish_reason": reason}]})


class Chunks:
    """An iterator that may be read either way and knows whether it was closed."""

    def __init__(self, items: Iterable[Any]) -> None:
        self.items = list(items)
        self.closed = False

    def take(self, end: type[BaseException]) -> Any:
        if not self.items:
            raise end
        item = self.items.pop(0)
        if isinstance(item, BaseException):
            raise item
        return item

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self.take(StopIteration)

    async def __anext__(self) -> Any:
        await asyncio.sleep(0)
        return self.take(StopAsyncIteration)

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


class RateLimitError(Exception):
    status_code = 429
    message = "litellm.RateLimitError: RateLimitError: OpenAIException - slow down, sk-secret-1"


class BudgetExceededError(Exception):
    pass


Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Have the library answer with these outcomes, one for each call; returns what it is called with."""

    def answer(*outcomes: Any) -> list[dict[str, Any]]:
        left = list(outcomes)
        calls: list[dict[str, Any]] = []

        def completion(**kwargs: Any) -> Any:
            calls.append(kwargs)
            outcome = left.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        async def acompletion(**kwargs: Any) -> Any:
            await asyncio.sleep(0)
            return completion(**kwargs)

        library = SimpleNamespace(completion=completion, acompletion=acompletion, suppress_debug_info=False)
        monkeypatch.setitem(sys.modules, "litellm", library)
        return calls

    return answer


@pytest.fixture
def model() -> Any:
    config = {"config_name": "lite", "model_type": "litellm_chat", "model_name": "acme/m", "api_key": "sk-secret-1"}
    with ModelRegistry({**config, "retry": {"initial": 0.001, "max_attempts": 2}, "timeout": 7}) as hub:
        yield hub.get_model("lite")


def test_what_the_library_is_given(answer: Ask, model: Any, caller: Any) -> None:
    calls = answer(whole("hi"))
    tool = {"type": "function", "function": {"name": "find"}}
    response = caller.call(model, "hello", temperature=0.5, tools=[tool], tool_choice="find")
    assert (response.text, response.finish_reason, response.model) == ("hi", "stop", "m")
    assert calls == [
        {
            "model": "acme/m",
            "messages": [{"role": "user", "content": "hello"}],
            "api_key": "sk-secret-1",
            "temperature": 0.5,
            "tools": [tool],
            "tool_choice": {"type": "function", "function": {"name": "find"}},
            "max_retries": 0,
            "timeout": 7.0,
        }
    ]


def test_streams(answer: Ask, model: Any, caller: Any) -> None:
    chunks = Chunks([piece(""), piece("a"), piece("b"), piece(None, "stop")])
    calls = answer(chunks)
    deltas, response = caller.deltas(model, "hello")
    assert [delta.text for delta in deltas] == ["a", "b", ""]
    assert (response.text, response.finish_reason, len(response.raw)) == ("ab", "stop", 4)
    assert (calls[0]["stream"], calls[0]["stream_options"]) == (True, {"include_usage": True})


def test_failures_are_tried_again_by_the_policy(answer: Ask, model: Any, caller: Any) -> None:
    calls = answer(RateLimitError(), whole("hi"))
    assert caller.call(model, "hello").text == "hi"
    assert len(calls) == 2
    calls = answer(RateLimitError(), Chunks([RateLimitError()]))
    with pytest.raises(errors.RateLimitError) as caught:
        model._library = None
        caller.deltas(model, "hello")
    assert len(calls) == 2
    assert str(caught.value) == "lite (litellm_chat): slow down, *** [HTTP 429]"


FAILURES = [
    (BudgetExceededError("spent"), errors.QuotaExceededError, "spent"),
    (OSError("odd"), errors.ModelCallError, "litellm failed: OSError: odd"),
    (ConnectionResetError("gone"), errors.ConnectionError, "gone"),
    (TimeoutError("late"), errors.TimeoutError, "late"),
    (ValueError("Missing Acme API Key"), errors.AuthenticationError, "Missing Acme API Key"),
    (Shaped({}), errors.ResponseParsingError, "there is no 'choices'"),
]


@pytest.mark.parametrize(("outcome", "cls", "text"), FAILURES, ids=lambda value: getattr(value, "__name__", None))
def test_exceptions_become_typed_errors(
    answer: Ask, model: Any, caller: Any, outcome: Any, cls: type[errors.ModelCallError], text: str
) -> None:
    answer(outcome, outcome)
    with pytest.raises(errors.ModelCallError) as caught:
        caller.call(model, "hello")
    assert type(caught.value) is cls
    assert text in str(caught.value)
    assert caught.value.config_name == "lite"


def test_a_module_that_the_library_lacks_is_named(answer: Ask, model: Any, caller: Any) -> None:
    failure = RuntimeError("cannot")
    failure.__cause__ = ModuleNotFoundError("No module named 'mcp'", name="mcp")
    answer(failure)
    with pytest.raises(PluginError, match="pip install mcp"):
        caller.call(model, "hello")


def test_a_stream_that_breaks(answer: Ask, model: Any, caller: Any) -> None:
    chunks = Chunks([piece("a"), ConnectionResetError("gone")])
    calls = answer(chunks)
    with pytest.raises(errors.StreamInterruptedError) as caught:
        caller.deltas(model, "hello")
    assert caught.value.partial is not None
    assert caught.value.partial.text == "a"
    assert len(calls) == 1


def test_a_stream_without_an_end(answer: Ask, model: Any, caller: Any) -> None:
    answer(Chunks([piece("a")]))
    with pytest.raises(errors.StreamInterruptedError, match="before the answer did"):
        caller.deltas(model, "hello")


def test_a_stream_of_nothing(answer: Ask, model: Any, caller: Any) -> None:
    calls = answer(Chunks([]), Chunks([]))
    with pytest.raises(errors.StreamInterruptedError, match="before the answer did"):
        caller.deltas(model, "hi")
    assert len(calls) == 2  # nothing was delivered, so it was tried again


def test_a_stream_that_is_left_is_closed(answer: Ask, model: Any) -> None:
    chunks = Chunks([piece("a"), piece("b"), piece("c", "stop")])
    answer(chunks)
    response = model("hello", stream=True)
    next(iter(response))
    response.close()
    assert chunks.closed


def test_an_async_stream_that_is_left_is_closed(answer: Ask, model: Any) -> None:
    chunks = Chunks([piece("a"), piece("b"), piece("c", "stop")])
    answer(chunks)

    async def leave() -> None:
        response = await model.acall("hello", stream=True)
        async for _ in response:
            break
        response.close()
        while not chunks.closed:
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(leave(), 5))


def test_what_the_caller_was_dealing_with_is_no_cause() -> None:
    causes: list[BaseException] = []
    try:
        raise TimeoutError("the caller's own")
    except TimeoutError as outer:
        try:
            try:
                raise KeyError("inner")
            except KeyError:
                raise ValueError("shown") from None
        except ValueError as error:
            causes = find_causes(error, outer)
    assert [type(cause) for cause in causes] == [ValueError, KeyError]
