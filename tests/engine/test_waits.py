"""A wait for the server is that alone: no earlier cancellation, no queue, and no byte now and then confuses it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.testing import MockServer


def build(url: str, timeout: float = 0.2) -> ModelRegistry:
    config = {"config_name": "m", "model_type": "openai_chat", "client_args": {"base_url": f"{url}/v1"}}
    return ModelRegistry({**config, "timeout": timeout, "retry": {"max_attempts": 1}})


async def cancelled_before(ask: Callable[[], Awaitable[None]], times: int) -> None:
    task = asyncio.current_task()
    assert task is not None
    for _ in range(times):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(9)
    assert task.cancelling() == times
    await ask()
    assert task.cancelling() == times, "our own cancellation is taken back"
    await ask()


@pytest.mark.parametrize("times", [0, 1, 3])
@pytest.mark.parametrize("fault", ["hang", "stall"])
def test_a_task_that_was_cancelled_goes_on(server: MockServer, fault: str, times: int) -> None:
    async def main() -> None:
        async with build(server.url) as hub:
            model = hub.get_model("m")

            async def ask() -> None:
                server.script(fault, fault)
                with pytest.raises(errors.TimeoutError, match="sent nothing"):
                    await model.acall("hi")
                with pytest.raises((errors.TimeoutError, errors.StreamInterruptedError), match=r"nothing|stalled"):
                    await (await model.acall("count: 30", stream=True)).complete()

            await cancelled_before(ask, times)

    asyncio.run(main())


@pytest.mark.parametrize("times", [0, 2])
@pytest.mark.parametrize("stream", [False, True])
def test_a_time_limit_of_the_caller_stays_the_callers(server: MockServer, stream: bool, times: int) -> None:
    async def main() -> None:
        async with build(server.url, timeout=9) as hub:
            model = hub.get_model("m")

            async def ask() -> None:
                server.script("stall" if stream else "hang")
                with pytest.raises(TimeoutError) as caught:
                    async with asyncio.timeout(0.1):
                        await (await model.acall("count: 30", stream=stream)).complete()
                assert type(caught.value) is TimeoutError

            await cancelled_before(ask, times)

    asyncio.run(main())


def test_both_time_limits_at_once(server: MockServer) -> None:
    async def main() -> None:
        async with build(server.url, timeout=0.1) as hub:
            task = asyncio.current_task()
            assert task is not None
            for _ in range(5):
                server.script("hang")
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await hub.get_model("m").acall("hi")
                assert task.cancelling() == 0
                await asyncio.sleep(0)

    asyncio.run(main())


def test_a_queue_for_connections_is_no_silence(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from modelhub.aio import session

    connector = session.Connector
    monkeypatch.setattr(session, "Connector", lambda watch, **_: connector(watch, limit=1))

    async def main() -> None:
        async with build(server.url, timeout=0.5) as hub:
            model = hub.get_model("m")
            server.script("hang")
            told = await asyncio.gather(*(model.acall("hi") for _ in range(2)), return_exceptions=True)
            assert sorted(type(error).__name__ for error in told) == ["ConnectionError", "TimeoutError"]
            late = next(error for error in told if isinstance(error, errors.ConnectionError))
            assert "within 0.5 s: all 1 are in use by other calls" in str(late)
            answers = await asyncio.gather(*(model.acall("echo: hi") for _ in range(20)))
            assert {answer.text for answer in answers} == {"hi"}

    asyncio.run(main())


def test_the_time_in_the_queue_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    from modelhub.aio import session

    connector = session.Connector
    monkeypatch.setattr(session, "Connector", lambda watch, **_: connector(watch, limit=1))
    answer = b'{"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]}'

    served: list[Any] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                await reader.readexactly(int(length.split(b":")[1]))
                await asyncio.sleep(0.35)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
        except asyncio.IncompleteReadError:
            writer.close()
            await writer.wait_closed()

    async def main() -> None:
        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        async with build(f"http://127.0.0.1:{port}", timeout=0.5) as hub:
            answers = await asyncio.gather(*(hub.get_model("m").acall("hi") for _ in range(2)))
            assert [answer.text for answer in answers] == ["ok", "ok"]
        await asyncio.gather(*served)
        listener.close()
        await listener.wait_closed()

    asyncio.run(main())


@pytest.mark.parametrize("where", ["head", "body", "stream"])
def test_what_comes_slowly_is_no_silence(caller: Any, where: str) -> None:
    import socket
    import threading

    body = b'{"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]}'
    event = b'data: {"choices": [{"delta": {"content": "ok"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
    parts: dict[str, tuple[bytes, bytes, bytes]] = {
        "head": (b"", head + b"X: a\r\n", b"Content-Length: %d\r\n\r\n" % len(body) + body),
        "body": (head + b"Content-Length: %d\r\n\r\n" % (len(body) + 30), b" " * 30, body),
        "stream": (head + b"Content-Type: text/event-stream\r\n\r\n", event[:30], event[30:]),
    }
    first, slowly, rest = parts[where]

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(first)
            for n in range(len(slowly)):
                connection.sendall(slowly[n : n + 1])
                time.sleep(0.03)
            connection.sendall(rest)
            connection.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        with build(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.5) as hub:
            model = hub.get_model("m")
            if where == "stream":
                assert caller.deltas(model, "hi")[1].text == "ok"
            else:
                assert caller.call(model, "hi").text == "ok"
        thread.join(5)
