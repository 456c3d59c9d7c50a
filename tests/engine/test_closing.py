"""A registry and a response close from any thread, at any time: what waits ends at once, and nothing is left open."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from modelhub import ModelHubError, ModelRegistry, errors
from modelhub.testing import MockServer

from .test_connections import run_program, settled

SOON = 1.5


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop in debug mode, which says what is done to it from the wrong thread."""
    loop = asyncio.new_event_loop()
    loop.set_debug(True)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


class Reader(threading.Thread):
    """Does ``work`` and keeps what came of it."""

    def __init__(self, work: Any) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.seen: list[str] = []
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.work(self.seen)
        except BaseException as error:
            self.error = error

    def ends_soon(self) -> bool:
        self.join(SOON)
        return not self.is_alive()


def read(response: Any, loop: asyncio.AbstractEventLoop | None, seen: list[str]) -> None:
    async def aread() -> None:
        async for delta in response:
            seen.append(delta.text)

    if loop is not None:
        asyncio.run_coroutine_threadsafe(aread(), loop).result(9)
        return
    for delta in response:
        seen.append(delta.text)


@pytest.mark.parametrize("how", ["response", "hub"])
@pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
def test_a_stream_that_waits_is_ended_by_another_thread(
    hub: ModelRegistry, server: MockServer, sync: bool, how: str
) -> None:
    server.script("stall")
    model = hub.get_model("openai")
    with running_loop() as loop:
        asked = model.acall("count: 30", stream=True)
        if sync:
            asked.close()
            response = model("count: 30", stream=True)
        else:
            response = asyncio.run_coroutine_threadsafe(asked, loop).result(5)
        reader = Reader(lambda seen: read(response, None if sync else loop, seen))
        while len(reader.seen) < 2:
            time.sleep(0.01)
        response.close() if how == "response" else hub.close()
        assert reader.ends_soon()
        assert reader.seen == ["1", " 2"]
        if how == "response":
            assert reader.error is None
        else:
            assert isinstance(reader.error, errors.StreamInterruptedError)
            assert "the registry was closed" in str(reader.error)
            assert reader.error.config_name == "openai"
            assert reader.error.partial.text == "1 2"
        assert settled(server, 0)
        hub.close()
        response.close()


@pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
@pytest.mark.parametrize("fault", ["hang", "429;retry-after=20"])
def test_a_call_that_waits_is_ended_by_closing_the_registry(
    hub: ModelRegistry, server: MockServer, fault: str, sync: bool
) -> None:
    if not sync and fault != "hang":
        pytest.skip("an awaited pause holds nothing open, and ends by itself")
    server.script(fault)
    model = hub.get_model("openai")
    with running_loop() as loop:
        ask = (
            (lambda _: model("hi"))
            if sync
            else (lambda _: asyncio.run_coroutine_threadsafe(model.acall("hi"), loop).result(9))
        )
        reader = Reader(ask)
        assert server.wait_until(lambda: len(server.requests) == 1, 5)
        time.sleep(0.05)
        hub.close()
        assert reader.ends_soon()
        assert isinstance(reader.error, errors.ConnectionError)
        assert "the registry was closed" in str(reader.error)
        assert not reader.error.retryable
    assert settled(server, 0)
    assert len(server.requests) == 1
    with pytest.raises(ModelHubError, match="is closed"):
        model("hi")
    hub.close()


@pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
def test_a_stream_that_nobody_reads_says_that_it_was_closed(hub: ModelRegistry, server: MockServer, sync: bool) -> None:
    model = hub.get_model("openai")
    server.script("stall")

    async def main() -> None:
        response = await model.acall("count: 30", stream=True)
        await hub.aclose()
        with pytest.raises(errors.StreamInterruptedError, match="registry was closed"):
            await response.complete()
        response.close()

    if not sync:
        asyncio.run(main())
    else:
        response = model("count: 30", stream=True)
        hub.close()
        seen: list[str] = []
        with pytest.raises(errors.StreamInterruptedError, match="registry was closed") as caught:
            read(response, None, seen)
        assert "".join(seen) == caught.value.partial.text == "1 2"[: len("".join(seen))]
        assert seen  # what had come is handed over before
        response.close()
    assert settled(server, 0)


def test_a_stream_outlives_its_loop_as_an_error(hub: ModelRegistry, server: MockServer) -> None:
    server.script("stall")
    response = asyncio.run(hub.get_model("openai").acall("count: 30", stream=True))
    with pytest.raises(errors.StreamInterruptedError, match="its event loop was closed"):
        asyncio.run(response.complete())
    assert settled(server, 0)


def test_closing_leaves_no_cycle(hub: ModelRegistry, server: MockServer) -> None:
    server.script("stall")
    gc.collect()
    gc.freeze()  # what other tests have left is theirs
    gc.disable()
    try:
        response = hub.get_model("openai")("count: 30", stream=True)
        hub.close()
        with pytest.raises(errors.StreamInterruptedError):
            list(response)
        del response
        gc.set_debug(gc.DEBUG_SAVEALL)  # others in this process, such as the server, may leave some of their own
        gc.collect()
        ours = {type(each).__qualname__ for each in gc.garbage if type(each).__module__.startswith("modelhub.")}
        assert not ours - {type(server).__qualname__}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


LOOPS = {
    "closed by hand": "loop.run_until_complete(model.acall('hi')); loop.close()",
    "closed by hand with a stream": """
        response = loop.run_until_complete(model.acall('count: 90000', stream=True))
        loop.close()
    """,
    "closed by hand, its stream too": """
        response = loop.run_until_complete(model.acall('count: 90000', stream=True))
        response.close()
        loop.close()
    """,
    "the registry closed while it rests": """
        loop.run_until_complete(model.acall('hi'))
        hub.close(); hub.close()
        loop.close()
    """,
    "the registry closed in another loop": """
        response = loop.run_until_complete(model.acall('count: 90000', stream=True))
        async def main():
            await model.acall('hi')
            hub.close()
        asyncio.run(main())
        loop.close()
    """,
    "the registry closed in it": """
        async def main():
            await model.acall('hi')
            hub.close()
        loop.run_until_complete(main())
        loop.close()
    """,
    "closed within another": """
        loop.run_until_complete(model.acall('hi'))
        async def main():
            loop.close()
        asyncio.run(main())
    """,
    "closed after the registry was dropped": """
        loop.run_until_complete(model.acall('hi'))
        del hub, model
        gc.collect()
        loop.close()
    """,
}


@pytest.mark.parametrize("program", LOOPS.values(), ids=LOOPS)
def test_a_loop_that_is_ended_by_hand(server: MockServer, program: str) -> None:
    start = """
        import asyncio, gc, os, sys
        from modelhub import ModelRegistry
        args = {"base_url": sys.argv[1] + "/v1"}
        hub = ModelRegistry({"config_name": "m", "model_type": "openai_chat", "client_args": args})
        model = hub.get_model("m")
        asyncio.run(model.acall("hi"))
        before = os.listdir("/proc/self/fd") if os.path.exists("/proc") else []
        loop = asyncio.new_event_loop()
    """
    end = """
        after = os.listdir("/proc/self/fd") if os.path.exists("/proc") else []
        assert len(after) <= len(before), (before, after)
    """
    from textwrap import dedent

    run_program(dedent(start) + dedent(program) + "\n" + dedent(end), server.url)
    assert settled(server, 0)
