"""A request that must not be sent twice is not, also over a connection that turns out to be dead."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from modelhub.aio import AioDriver
from modelhub.engine.effects import Flow
from modelhub.errors import ConnectionError
from modelhub.sync import SyncDriver
from modelhub.testing import MockServer
from modelhub.wire import Request, encode_json

BODY = encode_json({"model": "m", "messages": [{"role": "user", "content": "hi"}]})


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("once", [False, True])
def test_a_dead_connection(is_async: bool, once: bool) -> None:
    with MockServer() as server:

        def ask(once: bool) -> Flow[int]:
            request = Request(
                f"{server.url}/v1/chat/completions", {"Content-Type": "application/json"}, BODY, timeout=10.0
            )
            if once:
                request.once = True
            reply = yield request
            return int(reply.status)

        def both() -> Flow[int]:
            yield from ask(False)
            server.script("close")
            return (yield from ask(once))

        if once:
            with pytest.raises(ConnectionError):
                serve(both(), is_async)
        else:
            assert serve(both(), is_async) == 200
        assert len(server.requests) == (2 if once else 3)


def serve(flow: Flow[int], is_async: bool) -> Any:
    if not is_async:
        driver = SyncDriver()
        try:
            return driver.run(flow)
        finally:
            driver.close()

    async def run() -> Any:
        driver = AioDriver()
        try:
            return await driver.run(flow)
        finally:
            await driver.aclose()

    return asyncio.run(run())
