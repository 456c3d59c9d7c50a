"""Calls that are made of calls: a class that goes on to its base, and a model that passes on what another answers."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from modelhub.wrappers.openai import OpenAIChatWrapper

from modelhub import ModelRegistry, ModelResponse, ModelWrapperBase, ResponseParsingError, errors, events
from modelhub.testing import Replay, VirtualDrivers

Told = list[events.Event]
CHAT = {"config_name": "gpt", "model_type": "openai_chat", "model_name": "m", "api_key": "sk-private-1"}
REPLY = {"status": 200, "body": '{"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}'}
BUSY = {"status": 429, "headers": {"Retry-After": "2"}, "body": '{"error": {"message": "busy"}}'}
WRONG = {"status": 400, "body": '{"error": {"message": "no"}}'}
PIECES = [f'data: {{"choices": [{{"index": 0, "delta": {{"content": "{word} "}}}}]}}\n\n' for word in ("one", "two")]
END = 'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
STREAM = {"status": 200, "headers": {"content-type": "text/event-stream"}, "chunks": [*PIECES, END]}
BROKEN = {**STREAM, "chunks": PIECES[:1], "end": "abrupt"}
SILENT = {**STREAM, "chunks": [], "end": "abrupt"}


class Louder(OpenAIChatWrapper):
    """Changes the question."""

    model_type = "parts_louder"

    def __call__(self, messages: Any, **options: Any) -> Any:
        return super().__call__(messages.upper(), **options)


class LouderStill(Louder):
    """A class on top of a class."""

    model_type = "parts_louder_still"

    def __call__(self, messages: Any, **options: Any) -> Any:
        return super().__call__(messages + "!", **options)


class Awaited(OpenAIChatWrapper):
    """Changes the question of async calls."""

    model_type = "parts_awaited"

    async def acall(self, messages: Any, **options: Any) -> Any:
        return await super().acall(messages.upper(), **options)


KINDS = [(Louder, "sync"), (Louder, "async"), (LouderStill, "sync"), (LouderStill, "async"), (Awaited, "async")]


def tell(cls: type[Any], how: str, exchanges: list[Any], **options: Any) -> tuple[list[Any], Any]:
    """What is told of a call that is read to its end, and how it ended."""
    told: Told = []
    hub = ModelRegistry({**CHAT, "model_type": cls.model_type}, wrappers=[cls], observers=[told.append])
    model = hub.get_model("gpt")
    model.drivers = Replay(exchanges)

    async def wait() -> Any:
        answer = await model.acall("hi", **options)
        return await answer.complete() if isinstance(answer, ModelResponse) else answer

    end: Any
    try:
        end = asyncio.run(wait()) if how == "async" else model("hi", **options)
        end = end.text if isinstance(end, ModelResponse) else end
    except errors.ModelCallError as error:
        end = (type(error), error.message)
    # Whether a class would have streamed is not known before its first piece.
    ended = [(e.attempts, e.error, e.stream and not e.error) for e in told if isinstance(e, events.CallEnded)]
    names = [(type(event).__name__, getattr(event, "attempt", None), event.config_name) for event in told]
    return [names, ended, len(model.drivers.requests)], end


@pytest.mark.parametrize(
    ("exchanges", "options"),
    [
        ([REPLY], {}),
        ([BUSY, REPLY], {}),
        ([BUSY, BUSY, BUSY], {}),
        ([WRONG], {}),
        ([STREAM], {"stream": True}),
        ([SILENT, STREAM], {"stream": True}),
        ([BROKEN], {"stream": True}),
        ([SILENT, SILENT, SILENT], {"stream": True}),
    ],
    ids=["success", "retried", "given up", "refused", "stream", "stream retried", "broken", "stream given up"],
)
@pytest.mark.parametrize(("cls", "how"), KINDS)
def test_a_class_that_goes_on_to_its_base_is_told_as_its_base_is(
    cls: type[Any], how: str, exchanges: list[Any], options: dict[str, Any]
) -> None:
    assert tell(cls, how, exchanges, **options) == tell(OpenAIChatWrapper, how, exchanges, **options)


@pytest.mark.parametrize(("cls", "how"), KINDS)
def test_each_try_of_its_parse_function_is_one_call(cls: type[Any], how: str) -> None:
    def build() -> Callable[[Any], int]:
        texts: list[str] = []

        def parse(response: Any) -> int:
            texts.append(response.text)
            if len(texts) < 3:
                raise ResponseParsingError("again")
            return len(texts)

        return parse

    mine, three = tell(cls, how, [REPLY] * 3, parse_func=build())
    assert (mine, three) == tell(OpenAIChatWrapper, how, [REPLY] * 3, parse_func=build())
    assert three == 3 and len(mine[1]) == 3


def test_two_calls_of_the_base_are_two_tries_of_one_call() -> None:
    class Twice(OpenAIChatWrapper):
        model_type = "parts_twice"

        def __call__(self, messages: Any, **options: Any) -> Any:
            return f"{super().__call__(messages, **options).text} {super().__call__(messages, **options).text}"

    (names, ended, sent), end = tell(Twice, "sync", [REPLY, BUSY, REPLY])
    tried = [(name, attempt) for name, attempt, _ in names if attempt]
    assert tried == [
        ("AttemptStarted", 1),
        ("AttemptStarted", 1),
        ("AttemptFailed", 1),
        ("RetryScheduled", 2),
        ("AttemptStarted", 2),
    ]
    assert (ended, sent, end) == ([(3, None, False)], 3, "hi hi")


def test_an_error_of_its_own_after_one_of_its_base_is_told_too() -> None:
    class Hasty(OpenAIChatWrapper):
        model_type = "parts_hasty"

        def __call__(self, messages: Any, **options: Any) -> Any:
            try:
                return super().__call__(messages, **options)
            except errors.BadRequestError:
                raise errors.ContentFilterError("not even after a look") from None

    (names, ended, _), _ = tell(Hasty, "sync", [WRONG])
    assert [name for name, _, _ in names].count("AttemptFailed") == 2
    assert ended == [(1, "ContentFilterError", False)]


# A model around another model.


class Handed(ModelWrapperBase):
    """Returns the stream of another model."""

    model_type = "parts_handed"
    hub: Any = None

    def __call__(self, text: str) -> Any:
        return self.hub.get_model("gpt")(text, stream=True)


class HandedAsync(ModelWrapperBase):
    """The same, awaited."""

    model_type = "parts_handed_async"

    async def acall(self, text: str) -> Any:
        return await Handed.hub.get_model("gpt").acall(text, stream=True)


class Yielded(ModelWrapperBase):
    """Yields the pieces of another model."""

    model_type = "parts_yielded"

    def __call__(self, text: str) -> Iterator[ModelResponse]:
        yield from Handed.hub.get_model("gpt")(text, stream=True)


class YieldedAsync(ModelWrapperBase):
    """The same, awaited."""

    model_type = "parts_yielded_async"

    async def acall(self, text: str) -> AsyncIterator[ModelResponse]:
        async for delta in await Handed.hub.get_model("gpt").acall(text, stream=True):
            yield delta


AROUND = [
    ("parts_handed", "sync"),
    ("parts_handed", "async"),
    ("parts_handed_async", "async"),
    ("parts_yielded", "sync"),
    ("parts_yielded", "async"),
    ("parts_yielded_async", "async"),
]


def surround(kind: str, exchanges: list[Any]) -> tuple[Any, Told, Replay]:
    told: Told = []
    hub = ModelRegistry([CHAT, {"config_name": "out", "model_type": kind}], observers=[told.append])
    Handed.hub = hub
    hub.get_model("gpt").drivers = recordings = Replay(exchanges)
    hub.get_model("out").drivers = VirtualDrivers()
    return hub.get_model("out"), told, recordings


def endings(told: Told) -> list[tuple[str, str | None]]:
    return [(event.config_name, event.error) for event in told if isinstance(event, events.CallEnded)]


@pytest.mark.parametrize(("kind", "how"), AROUND)
@pytest.mark.parametrize("leave", ["close", "drop", "end"])
def test_a_stream_within_a_stream_is_closed_with_it(kind: str, how: str, leave: str) -> None:
    model, told, _ = surround(kind, [STREAM])

    async def wait() -> None:
        answer = await model.acall("hi")
        async for _ in answer:
            break
        if leave == "close":
            answer.close()
        if leave != "end":
            del answer
            for _ in range(10):  # async generators are closed by their loop, one after the other
                gc.collect(1)
                await asyncio.sleep(0)
            assert sorted(endings(told)) == [("gpt", None), ("out", None)]

    if how == "async":
        asyncio.run(wait())
    else:
        answer = model("hi")
        next(iter(answer))
        if leave == "close":
            answer.close()
        del answer
    gc.collect(1)
    assert sorted(endings(told)) == [("gpt", None), ("out", None)]


@pytest.mark.parametrize(("kind", "how"), AROUND)
@pytest.mark.parametrize(
    ("exchanges", "error"), [([BROKEN], errors.StreamInterruptedError), ([SILENT] * 3, errors.ConnectionError)]
)
def test_what_ends_the_inner_stream_ends_the_outer_one(
    kind: str, how: str, exchanges: list[Any], error: type[Exception]
) -> None:
    model, told, recordings = surround(kind, exchanges)

    async def wait() -> None:
        async for _ in await model.acall("hi"):
            pass

    with pytest.raises(error, match=r"^gpt \(openai_chat\): ") as caught:
        if how == "async":
            asyncio.run(wait())
        else:
            for _ in model("hi"):
                pass
    assert len(recordings.requests) == len(exchanges)
    assert endings(told) == [("gpt", error.__name__), ("out", error.__name__)]
    if error is errors.StreamInterruptedError:
        assert caught.value.partial.text == "one "  # type: ignore[attr-defined]
