"""Connections are pooled, shared by threads, loops and forks as each allows, and given back whatever happens."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from modelhub import ModelHubError, ModelRegistry, errors
from modelhub.testing import MockServer


def settled(server: MockServer, connections: int) -> bool:
    """Whether no request is in flight and so many connections are open, now or within five seconds."""
    return server.wait_until(lambda: server.in_flight == 0 and server.open_connections == connections, 5)


def test_blocking_calls_reuse_one_connection(hub: ModelRegistry, server: MockServer) -> None:
    model = hub.get_model("openai")
    for _ in range(5):
        model("hi")
        assert model("count: 5", stream=True).text
        server.script("500", "ok")
        model("hi")
    assert server.connections == 1


def test_awaited_calls_reuse_one_connection(hub: ModelRegistry, server: MockServer) -> None:
    async def main() -> None:
        model = hub.get_model("openai")
        for _ in range(5):
            await model.acall("hi")
            await (await model.acall("count: 5", stream=True)).complete()
            server.script("500", "ok")
            await model.acall("hi")

    asyncio.run(main())
    assert server.connections == 1


def test_successive_event_loops(hub: ModelRegistry, server: MockServer) -> None:
    model = hub.get_model("openai")

    async def ask(n: int) -> list[Any]:
        return await asyncio.gather(*(model.acall(f"echo: {n}.{i}") for i in range(4)))

    for n in range(3):
        answers = asyncio.run(ask(n))
        assert [answer.text for answer in answers] == [f"{n}.{i}" for i in range(4)]
        assert settled(server, 0), "a loop that ends leaves nothing open"


def test_a_loop_that_is_run_in_steps(hub: ModelRegistry, server: MockServer) -> None:
    loop = asyncio.new_event_loop()
    model = hub.get_model("openai")
    for _ in range(2):
        assert loop.run_until_complete(model.acall("echo: hi")).text == "hi"
    assert server.connections == 1
    hub.close()
    loop.close()
    assert settled(server, 0)


def test_loops_in_two_threads(hub: ModelRegistry, server: MockServer) -> None:
    model = hub.get_model("openai")
    both = threading.Barrier(2)

    async def ask() -> str:
        both.wait(5)
        return str((await model.acall("echo: hi")).text)

    with ThreadPoolExecutor(2) as threads:
        assert [f.result() for f in [threads.submit(lambda: asyncio.run(ask())) for _ in range(2)]] == ["hi", "hi"]
    assert settled(server, 0)


def test_sixty_four_threads(hub: ModelRegistry, server: MockServer) -> None:
    start = threading.Barrier(64)

    def ask(n: int) -> bool:
        start.wait(10)
        model = hub.get_model("openai")
        whole = all(model(f"echo: {n}.{i}").text == f"{n}.{i}" for i in range(3))
        return whole and model(f"echo: {n}", stream=True).text == str(n)

    with ThreadPoolExecutor(64) as threads:
        assert all(threads.map(ask, range(64)))
    assert server.connections <= 64
    assert len({id(hub.get_model("openai")) for _ in range(9)}) == 1
    hub.close()
    assert settled(server, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_worker(server: MockServer) -> None:
    program = """
        import asyncio, os, sys
        from modelhub import ModelRegistry
        url = sys.argv[1]
        hub = ModelRegistry({"config_name": "a", "model_type": "openai_chat", "client_args": {"base_url": url + "/v1"}})
        model = hub.get_model("a")

        def ask(word):
            assert model("echo: " + word).text == word
            assert asyncio.run(model.acall("echo: " + word)).text == word

        ask("parent")
        half = model("count: 30", stream=True)
        next(iter(half))
        children = []
        for n in range(3):
            pid = os.fork()
            if pid == 0:
                ask(f"child{n}")
                os._exit(0)
            children.append(pid)
        assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
        assert half.text.endswith("30"), half.text
        ask("again")
        hub.close()
    """
    run_program(program, server.url)
    assert settled(server, 0)


def run_program(program: str, *args: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program in which every warning is an error and what is never awaited or closed is told."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(program), *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done


@pytest.mark.parametrize("closing", ["hub.close()", "del hub, model", "pass"])
def test_nothing_is_left_at_the_end_of_a_program(server: MockServer, closing: str) -> None:
    program = f"""
        import asyncio, gc, sys
        from modelhub import ModelRegistry
        client_args = {{"base_url": sys.argv[1] + "/v1"}}
        hub = ModelRegistry({{"config_name": "a", "model_type": "openai_chat", "client_args": client_args}})
        model = hub.get_model("a")
        model("hi")
        model("hi", stream=True).text
        next(iter(model("count: 30", stream=True)))

        async def main():
            await model.acall("hi")
            async for delta in await model.acall("count: 30", stream=True):
                break

        asyncio.run(main())
        {closing}
        gc.collect()
    """
    run_program(program, server.url)
    assert settled(server, 0)


def test_closing(server: MockServer) -> None:
    config = {"config_name": "a", "model_type": "openai_chat", "client_args": {"base_url": f"{server.url}/v1"}}
    with ModelRegistry(config) as hub:
        hub.get_model("a")("hi")
        assert server.open_connections == 1
    assert settled(server, 0)

    async def main() -> None:
        async with ModelRegistry(config) as hub:
            await hub.get_model("a").acall("hi")
            assert server.open_connections == 1
        assert await asyncio.to_thread(settled, server, 0)
        hub = ModelRegistry(config)
        await hub.get_model("a").acall("hi")
        hub.close()
        assert await asyncio.to_thread(settled, server, 0)
        with pytest.raises(ModelHubError, match="closed"):
            await hub.get_model("a").acall("hi")

    asyncio.run(main())


def test_a_stream_that_is_dropped(hub: ModelRegistry, server: MockServer) -> None:
    model = hub.get_model("openai")
    for delta in model("count: 90000", stream=True):
        assert delta.text
        break
    assert settled(server, 0)
    response = model("count: 90000", stream=True)
    next(iter(response))
    response.close()
    assert settled(server, 0)
    words = response.text.split()  # what had come before it was closed
    assert words == [str(n) for n in range(1, len(words) + 1)] != []
    response = model("count: 90000", stream=True)
    del response
    assert settled(server, 0)
    held = model("count: 90000", stream=True)
    hub.close()
    assert settled(server, 0)
    held.close()


def test_an_awaited_stream_that_is_dropped(hub: ModelRegistry, server: MockServer) -> None:
    async def main() -> None:
        model = hub.get_model("openai")
        async for delta in await model.acall("count: 90000", stream=True):
            assert delta.text
            break
        gc.collect()
        assert await asyncio.to_thread(settled, server, 0)
        response = await model.acall("count: 90000", stream=True)
        response.close()
        assert await asyncio.to_thread(settled, server, 0)
        response = await model.acall("count: 90000", stream=True)
        del response
        assert await asyncio.to_thread(settled, server, 0)
        await model.acall("count: 90000", stream=True)
        await hub.aclose()
        assert await asyncio.to_thread(settled, server, 0)

    asyncio.run(main())


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_that_is_cancelled(hub: ModelRegistry, server: MockServer, stream: bool) -> None:
    async def main() -> None:
        model = hub.get_model("openai")
        server.script("hang")
        call = asyncio.ensure_future(model.acall("hi", stream=stream))
        assert await asyncio.to_thread(server.wait_until, lambda: server.in_flight == 1, 5)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await asyncio.to_thread(settled, server, 0)
        with pytest.raises(TimeoutError):
            server.script("hang")
            async with asyncio.timeout(0.05):
                await model.acall("hi", stream=stream)
        server.script("500", "ok")
        assert (await model.acall("echo: hi")).text == "hi"

    asyncio.run(main())
    assert settled(server, 0)


def test_a_stream_that_is_cancelled(hub: ModelRegistry, server: MockServer) -> None:
    async def main() -> None:
        model = hub.get_model("openai")
        server.script("stall")
        seen: list[str] = []

        async def read() -> None:
            async for delta in await model.acall("count: 30", stream=True):
                seen.append(delta.text)

        task = asyncio.ensure_future(read())
        while len(seen) < 2:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(settled, server, 0)

    asyncio.run(main())


def test_a_cancelled_wait_between_tries(hub: ModelRegistry, server: MockServer) -> None:
    async def main() -> None:
        server.script("429;retry-after=30")
        call = asyncio.ensure_future(hub.get_model("openai").acall("hi"))
        assert await asyncio.to_thread(server.wait_until, lambda: len(server.requests) == 1, 5)
        await asyncio.to_thread(settled, server, 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(main())


def test_many_waits_end_on_time(server: MockServer) -> None:
    configs = [
        {
            "config_name": str(n),
            "model_type": "openai_chat",
            "client_args": {"base_url": f"{server.url}/v1"},
            "timeout": 0.05 * n,
            "retry": {"max_attempts": 1},
        }
        for n in range(1, 5)
    ]
    server.script(*["hang"] * 4)

    async def main() -> list[str]:
        ended: list[str] = []

        async def ask(name: str) -> None:
            with pytest.raises(errors.TimeoutError):
                await hub.get_model(name).acall("hi")
            ended.append(name)

        async with ModelRegistry(configs) as hub:
            await asyncio.gather(*(ask(name) for name in "4231"))
        return ended

    assert asyncio.run(main()) == ["1", "2", "3", "4"]


def test_a_server_that_went_away(caller: Any) -> None:
    with MockServer() as first:
        config = {
            "config_name": "a",
            "model_type": "openai_chat",
            "client_args": {"base_url": f"{first.url}/v1"},
            "retry": {"initial": 0.001},
        }
        hub = ModelRegistry(config)
        assert hub.get_model("a")("echo: one").text == "one"
    with hub, pytest.raises(errors.ConnectionError, match=r"refused|reset"):
        hub.get_model("a")("echo: two")


def test_once(hub: ModelRegistry) -> None:
    response = hub.get_model("openai")("count: 3", stream=True)
    first = iter(response)
    next(first)
    with pytest.raises(RuntimeError, match="being iterated already"):
        next(iter(response))
    assert response.text in ("1", "1 2", "1 2 3"), "inside the loop: what has come so far"
    list(first)
    assert (response.text, list(response)) == ("1 2 3", [])
    assert list(response.stream or ()) == []
    with pytest.raises(TypeError, match="async for"):
        asyncio.run(_iterate_wrongly(hub.get_model("openai")))


async def _iterate_wrongly(model: Any) -> None:
    response = await model.acall("count: 3", stream=True)
    with pytest.raises(RuntimeError, match=r"await response\.complete"):
        _ = response.text
    for _ in response:
        pass


def test_agentscope_view_of_a_stream(hub: ModelRegistry) -> None:
    response = hub.get_model("openai")("count: 3", stream=True)
    assert list(response.stream) == [(False, "1"), (False, "1 2"), (False, "1 2 3"), (False, "1 2 3"), (True, "1 2 3")]
    assert response.text == "1 2 3"
    assert hub.get_model("openai")("hi").stream is None


@pytest.mark.parametrize("flag", [True, False])
def test_the_stream_flag_of_a_config(server: MockServer, caller: Any, flag: bool) -> None:
    config = {
        "config_name": "a",
        "model_type": "openai_chat",
        "stream": flag,
        "client_args": {"base_url": f"{server.url}/v1"},
    }
    with ModelRegistry(config) as hub:
        model = hub.get_model("a")
        assert model.stream is flag
        caller.call(model, "hi")
        assert server.requests[-1].json.get("stream", False) is flag
        caller.call(model, "hi", stream=not flag)
        assert server.requests[-1].json.get("stream", False) is not flag


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name == "nt", reason="needs POSIX signals")
@pytest.mark.parametrize("how", ["blocking", "awaited"])
def test_interrupting_a_stream(server: MockServer, how: str) -> None:
    program = """
        import asyncio, sys
        from modelhub import ModelRegistry
        url, how = sys.argv[1:]
        hub = ModelRegistry({"config_name": "a", "model_type": "openai_chat", "client_args": {"base_url": url + "/v1"}})

        def blocking():
            for delta in hub.get_model("a")("count: 30", stream=True):
                print(delta.text, flush=True)

        async def awaited():
            async for delta in await hub.get_model("a").acall("count: 30", stream=True):
                print(delta.text, flush=True)

        try:
            blocking() if how == "blocking" else asyncio.run(awaited())
        except KeyboardInterrupt:
            print("interrupted")
    """
    server.script("stall")
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(program), server.url, how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "1\n"
        time.sleep(0.1)  # it is now most likely waiting for the server; either way it must end well
        process.send_signal(signal.SIGINT)
        assert process.stdout.read().endswith("interrupted\n")
        assert process.stderr.read() == ""
    assert settled(server, 0)
