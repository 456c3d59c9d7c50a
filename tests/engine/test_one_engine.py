"""Every kind of model goes through the same engine: retries, errors, closing, streams, parse functions hold for all."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from modelhub import ModelRegistry, ModelResponse, ModelWrapperBase, ResponseParsingError, errors
from modelhub.base import Endpoint, Event, HTTPModelWrapperBase, Reply, Request
from modelhub.response import StreamedResponse
from modelhub.testing import Replay, VirtualDrivers

SCRIPT: list[Any] = []  # what the plain models below do, one item a call: an error is raised, a text is the answer


def act(text: str = "hi") -> str:
    step = SCRIPT.pop(0) if SCRIPT else text
    if isinstance(step, BaseException):
        raise step
    return str(step)


class Plain(ModelWrapperBase):
    """A blocking call; never calls its base's ``__init__``."""

    model_type = "kind_plain"

    def __init__(self, config_name: str, token: str = "") -> None:
        self.token = token

    def __call__(self, text: str) -> str:
        return act(text)


class Own(ModelWrapperBase):
    """Blocking and async calls of its own."""

    model_type = "kind_own"

    def __call__(self, text: str) -> ModelResponse:
        return ModelResponse(act(text))

    async def acall(self, text: str) -> ModelResponse:
        await asyncio.sleep(0)
        return ModelResponse(act(text))


class Pieces(ModelWrapperBase):
    """A generator of pieces."""

    model_type = "kind_pieces"

    def __call__(self, text: str) -> Iterator[str]:
        for word in text.split():
            yield act(f"{word} ")


class Cumulative(ModelWrapperBase):
    """A generator of all there is so far, as AgentScope's wrappers are."""

    model_type = "kind_cumulative"

    def __call__(self, text: str) -> Iterator[ModelResponse]:
        so_far = ""
        for word in text.split():
            so_far += act(f"{word} ")
            yield ModelResponse(so_far)


class Texts(ModelWrapperBase):
    """A response over an iterator of texts so far."""

    model_type = "kind_texts"

    def __call__(self, text: str) -> ModelResponse:
        words = text.split()
        act()
        return ModelResponse(stream=iter([" ".join(words[: n + 1]) + " " for n in range(len(words))]))


class Async(ModelWrapperBase):
    """An async generator."""

    model_type = "kind_async"

    async def acall(self, text: str) -> AsyncIterator[str]:
        for word in text.split():
            await asyncio.sleep(0)
            yield act(f"{word} ")


class Mixin:
    def __call__(self, text: str) -> str:
        return act(text)


class Mixed(Mixin, ModelWrapperBase):
    """Its call comes from a class that is no wrapper."""

    model_type = "kind_mixed"


class Post(HTTPModelWrapperBase):
    """The least over HTTP."""

    model_type = "kind_post"

    def build_endpoint(self) -> Endpoint:
        return Endpoint("http://127.0.0.1:9/", self.build_headers({"Authorization": f"Bearer {self.api_key}"}))

    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        return self.build_post({"input": input, **options}, stream)

    def parse_response(self, reply: Reply) -> ModelResponse:
        return ModelResponse(reply.json()["text"], finish_reason="stop")

    def parse_event(self, event: Event, so_far: Any) -> ModelResponse:
        return ModelResponse(event.data["text"], finish_reason=event.data.get("end"))


class Louder(Post):
    """Changes the call of the one below it."""

    model_type = "kind_louder"

    def __call__(self, text: str, **options: Any) -> Any:
        return super().__call__(text.upper(), **options)


WHOLE = ["kind_plain", "kind_own", "kind_mixed", "kind_post", "kind_louder"]
STREAMED = ["kind_pieces", "kind_cumulative", "kind_texts"]


@pytest.fixture(autouse=True)
def empty_script() -> Iterator[None]:
    SCRIPT.clear()
    yield
    SCRIPT.clear()


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """A call of a model, read to its end, one way and the other."""

    async def wait(model: Any, *args: Any, **kwargs: Any) -> Any:
        answer = await model.acall(*args, **kwargs)
        return await answer.complete() if isinstance(answer, ModelResponse) else answer

    def call(model: Any, *args: Any, **kwargs: Any) -> Any:
        if request.param == "async":
            return asyncio.run(wait(model, *args, **kwargs))
        answer = model(*args, **kwargs)
        if isinstance(answer, ModelResponse):
            assert answer.text is not None
        return answer

    return call


def build(model_type: str, *exchanges: dict[str, Any], **config: Any) -> Any:
    """A model of a type whose pauses take no time; one over HTTP is answered with recordings."""
    hub = ModelRegistry({"config_name": "x", "model_type": model_type, **config})
    model = hub.get_model("x")
    model.drivers = Replay(exchanges) if isinstance(model, Post) else VirtualDrivers()
    return model


def fail(model_type: str, times: int, retry_after: float | None = None) -> list[dict[str, Any]]:
    """Have the next calls of a type fail with 429, the one after them succeed."""
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    failed = {"status": 429, "headers": headers, "body": '{"error": {"message": "slow down, sk-private-1"}}'}
    SCRIPT[:] = [errors.RateLimitError("slow down, sk-private-1", status=429, retry_after=retry_after)] * times
    return [failed] * times + [{"status": 200, "body": '{"text": "hi"}'}]


@pytest.mark.usefixtures("exact_pauses")
@pytest.mark.parametrize("kind", WHOLE)
def test_a_failed_try_is_followed_by_another(ask: Callable[..., Any], kind: str) -> None:
    model = build(kind, *fail(kind, 2, retry_after=7.0), **({"api_key": "k"} if "po" in kind or "lo" in kind else {}))
    assert ask(model, "hi").text == "hi"
    assert model.drivers.virtual.slept == [7.0, 7.0]


@pytest.mark.parametrize("kind", [*WHOLE, *STREAMED])
def test_the_policy_of_the_config_holds_for_all(ask: Callable[..., Any], kind: str) -> None:
    model = build(kind, *fail(kind, 5), retry={"max_attempts": 2, "initial": 3.0})
    with pytest.raises(errors.RateLimitError) as caught:
        ask(model, "hi there")
    assert len(model.drivers.virtual.slept) == 1 and 2.2 < model.drivers.virtual.slept[0] <= 3.0
    assert (caught.value.config_name, caught.value.model_type) == ("x", kind)


@pytest.mark.parametrize("kind", ["kind_plain", "kind_post"])
def test_no_secret_of_the_config_is_in_an_error(ask: Callable[..., Any], kind: str) -> None:
    key = {"token": "sk-private-1"} if kind == "kind_plain" else {"api_key": "sk-private-1"}
    model = build(kind, *fail(kind, 3), **key)
    with pytest.raises(errors.RateLimitError, match=r"^x \(kind_\w+\): slow down, \*\*\*"):
        ask(model, "hi")


@pytest.mark.parametrize("kind", STREAMED)
def test_streams_begin_again_only_before_their_first_piece(ask: Callable[..., Any], kind: str) -> None:
    model = build(kind)
    SCRIPT[:] = [errors.ServerError("down"), errors.ConnectionError("gone")]
    answer = ask(model, "one two three")
    assert isinstance(answer, StreamedResponse)
    assert answer.text == "one two three "
    assert len(model.drivers.virtual.slept) == 2


@pytest.mark.parametrize("kind", ["kind_pieces", "kind_cumulative"])
def test_a_stream_that_breaks_keeps_what_came(ask: Callable[..., Any], kind: str) -> None:
    model = build(kind)
    SCRIPT[:] = ["one ", errors.ConnectionError("gone")]
    with pytest.raises(errors.StreamInterruptedError, match=r"^x .*the stream broke: gone") as caught:
        ask(model, "one two three")
    assert caught.value.partial.text == "one "
    assert model.drivers.virtual.slept == []


def test_an_async_generator_is_a_stream() -> None:
    async def main() -> None:
        model = build("kind_async")
        SCRIPT[:] = [errors.ServerError("down")]
        answer = await model.acall("one two")
        assert [delta.text async for delta in answer] == ["one ", "two "]
        assert answer.text == "one two "

    asyncio.run(main())


def test_what_can_only_be_awaited_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"Async can only be awaited: use `await model\.acall"):
        build("kind_async")("hi")


@pytest.mark.parametrize("kind", [*WHOLE, *STREAMED])
def test_a_closed_registry_calls_nobody(ask: Callable[..., Any], kind: str) -> None:
    with ModelRegistry({"config_name": "x", "model_type": kind}) as hub:
        model = hub.get_model("x")
    with pytest.raises(errors.ModelHubError, match="this registry is closed"):
        ask(model, "hi")


@pytest.mark.parametrize("how", ["close", "drop", "hub"])
@pytest.mark.parametrize("sync", [True, False])
def test_a_stream_that_is_left_ends_its_generator(how: str, sync: bool) -> None:
    ended: list[str] = []

    class Endless(ModelWrapperBase):
        model_type = "kind_endless"

        def __call__(self) -> Iterator[str]:
            try:
                while True:
                    yield "again "
            finally:
                ended.append("ended")

    def leave(answer: Any, hub: ModelRegistry) -> Any:
        if how == "close":
            answer.close()
        elif how == "hub":
            hub.close()
        return answer if how == "hub" else None

    async def main(hub: ModelRegistry) -> None:
        answer = await hub.get_model("x").acall()
        async for _ in answer:
            break
        answer = leave(answer, hub)

    hub = ModelRegistry({"config_name": "x", "model_type": "kind_endless"}, wrappers=[Endless])
    if sync:
        answer = hub.get_model("x")()
        next(iter(answer))
        answer = leave(answer, hub)
    else:
        asyncio.run(main(hub))
    assert ended == ["ended"]
    hub.close()


@pytest.mark.parametrize("how", ["close", "hub"])
def test_a_stream_that_another_thread_reads_can_be_closed(how: str) -> None:
    reading, closed = threading.Event(), threading.Event()
    ended: list[str] = []

    class Waiting(ModelWrapperBase):
        model_type = "kind_waiting"

        def __call__(self) -> Iterator[str]:
            try:
                yield "one "
                reading.set()
                assert closed.wait(10)
                yield "two "
                yield "three "
            finally:
                ended.append("ended")

    hub = ModelRegistry({"config_name": "x", "model_type": "kind_waiting"}, wrappers=[Waiting])
    answer = hub.get_model("x")()
    came: list[str] = []

    def read() -> None:
        try:
            came.extend(delta.text for delta in answer)
        except errors.StreamInterruptedError as error:
            came.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    assert reading.wait(10)
    answer.close() if how == "close" else hub.close()
    closed.set()
    thread.join(10)
    told = "x (kind_waiting): the stream broke: the registry was closed while the call was going on"
    assert (came, ended) == (["one "] if how == "close" else ["one ", told], ["ended"])
    hub.close()


@pytest.mark.parametrize("error", [ValueError("mine"), KeyError("mine"), KeyboardInterrupt(), SystemExit(3)])
def test_other_errors_come_out_as_they_are(error: BaseException) -> None:
    model = build("kind_plain")
    SCRIPT[:] = [error]
    with pytest.raises(type(error)) as caught:
        model("hi")
    assert caught.value is error
    assert model.drivers.virtual.slept == []


@pytest.mark.parametrize("kind", ["kind_plain", "kind_own", "kind_mixed", "kind_pieces", "kind_louder"])
def test_a_stray_stop_of_an_iterator_ends_no_loop_and_blocks_none(ask: Callable[..., Any], kind: str) -> None:
    """As in every generator, it becomes a RuntimeError; a thread must not leave its event loop waiting."""
    stop = StopIteration("no such word")
    model = build(kind, api_key="k") if kind == "kind_louder" else build(kind)
    if kind == "kind_louder":
        model.drivers.fetch = lambda request: act()
    SCRIPT[:] = [stop]
    with pytest.raises(RuntimeError, match="raised StopIteration") as caught:
        ask(model, "hi")
    cause: BaseException | None = caught.value
    while cause is not None and cause is not stop:
        cause = cause.__cause__
    assert cause is stop


def test_a_call_that_is_cancelled_is_over() -> None:
    async def main() -> None:
        started, finished = asyncio.Event(), []

        class Slow(ModelWrapperBase):
            model_type = "kind_slow"

            async def acall(self) -> str:
                started.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    finished.append(True)
                return "never"

        hub = ModelRegistry({"config_name": "x", "model_type": "kind_slow"}, wrappers=[Slow])
        task = asyncio.create_task(hub.get_model("x").acall())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert finished == [True]

    asyncio.run(main())


@pytest.mark.parametrize("kind", [*WHOLE, *STREAMED])
def test_parse_functions_hold_for_all(ask: Callable[..., Any], kind: str) -> None:
    model = build(kind, *[{"status": 200, "body": '{"text": "hi there"}'}] * 3)
    texts: list[str] = []

    def parse(response: ModelResponse) -> int:
        texts.append((response.text or "").strip())
        if len(texts) < 3:
            raise ResponseParsingError("not yet")
        return len(texts)

    assert ask(model, "hi there", parse_func=parse) == 3
    assert texts == ["hi there"] * 3
    assert model.drivers.virtual.slept == [1.0, 2.0]


class Around(ModelWrapperBase):
    """Asks another model of the registry."""

    model_type = "kind_around"
    hub: Any = None

    def __call__(self, text: str, stream: bool = False) -> Any:
        return self.hub.get_model("inner")(text, stream=stream)

    async def acall(self, text: str, stream: bool = False) -> Any:
        return await self.hub.get_model("inner").acall(text, stream=stream)


@pytest.mark.parametrize(("retry", "asked"), [(None, 2), ({"max_attempts": 3, "initial": 0.1}, 6)])
def test_what_was_retried_is_not_retried_again_unasked(
    ask: Callable[..., Any], retry: dict[str, Any] | None, asked: int
) -> None:
    inner = {"config_name": "inner", "model_type": "kind_post", "retry": {"max_attempts": 2, "initial": 0.1}}
    outer = {"config_name": "outer", "model_type": "kind_around", **({"retry": retry} if retry else {})}
    hub = ModelRegistry([inner, outer])
    Around.hub = hub
    hub.get_model("inner").drivers = recordings = Replay([{"status": 503, "body": "{}"}] * 9)
    hub.get_model("outer").drivers = VirtualDrivers()
    with pytest.raises(errors.ServerError) as caught:
        ask(hub.get_model("outer"), "hi")
    assert len(recordings.requests) == asked
    assert caught.value.config_name == "inner"


def test_a_call_that_goes_on_to_its_base_is_one_call(ask: Callable[..., Any]) -> None:
    model = build("kind_louder", *[{"status": 503, "body": "{}"}] * 9, retry={"max_attempts": 2, "initial": 0.1})
    with pytest.raises(errors.ServerError):
        ask(model, "hi")
    assert [json.loads(request.body or b"") for request in model.drivers.requests] == [{"input": "HI"}] * 2


@pytest.mark.parametrize("through", ["kind_louder", "kind_around"])
def test_a_stream_passes_through(ask: Callable[..., Any], through: str) -> None:
    events = ['data: {"text": "one "}\n\n', 'data: {"text": "two", "end": "stop"}\n\n', "data: [DONE]\n\n"]
    exchange = {"status": 200, "headers": {"content-type": "text/event-stream"}, "chunks": events}
    if through == "kind_around":
        hub = ModelRegistry(
            [{"config_name": "inner", "model_type": "kind_post"}, {"config_name": "x", "model_type": through}]
        )
        Around.hub = hub
        hub.get_model("inner").drivers = Replay([exchange])
        model = hub.get_model("x")
    else:
        model = build(through, exchange)
    answer = ask(model, "hi", stream=True)
    assert isinstance(answer, StreamedResponse)
    assert (answer.text, answer.finish_reason) == ("one two", "stop")


def test_a_plain_model_loads_no_http() -> None:
    program = """
import sys
import modelhub

class Echo(modelhub.ModelWrapperBase):
    model_type = "echo"

    def __call__(self, text):
        return text

hub = modelhub.init({"config_name": "e", "model_type": "echo"})
assert hub.get_model("e")("hi").text == "hi"
print([name for name in ("requests", "urllib3", "aiohttp", "ssl", "asyncio", "dataclasses") if name in sys.modules][:5])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"requests", "urllib3", "aiohttp", "ssl", "asyncio"} & set(eval(done.stdout)), done.stdout
