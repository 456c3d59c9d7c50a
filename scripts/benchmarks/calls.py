"""What a call costs: whole and streamed, blocking and async, beside the same call written by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import requests

from benchmarks.fixed_server import EVENTS, VECTORS
from benchmarks.measure import Row, compare
from modelhub import ModelRegistry

IN_FLIGHT = 64
KEY = "sk-bench"
MESSAGES = [{"role": "user", "content": "Hello"}]
BODY = {"model": "gpt-4o-mini", "messages": MESSAGES}
STREAMED = {**BODY, "stream": True}
HEADERS = {"Authorization": f"Bearer {KEY}"}


def measure(base_url: str, quick: bool) -> Iterator[Row]:
    """The rows about calls, made to the server at ``base_url``."""
    url = f"{base_url}/chat/completions"
    config = {
        "config_name": "bench",
        "model_type": "openai_chat",
        "model_name": BODY["model"],
        "api_key": KEY,
        "client_args": {"base_url": base_url},
    }
    with ModelRegistry(config) as hub:
        yield from _measure_blocking(hub.get_model("bench"), url, quick)
    with ModelRegistry({**config, "model_type": "openai_embedding"}) as hub:
        yield from _measure_embeddings(hub.get_model("bench"), f"{base_url}/embeddings", quick)
    with asyncio.Runner() as runner:
        hub = ModelRegistry(config)
        session = runner.run(_open_session())
        yield from _measure_async(hub.get_model("bench"), session, url, quick, runner)
        runner.run(session.close())
        runner.run(hub.aclose())


def _measure_blocking(model: Any, url: str, quick: bool) -> Iterator[Row]:
    calls, streams, rounds = (50, 3, 3) if quick else (400, 15, 15)
    with requests.Session() as session:
        session.headers.update(HEADERS)

        def post() -> Any:
            return session.post(url, json=BODY).json()["choices"][0]["message"]["content"]

        def call() -> Any:
            return model(MESSAGES).text

        def read_stream() -> None:
            with session.post(url, json=STREAMED, stream=True) as response:
                for line in response.iter_lines():
                    read_line(line)

        def read_deltas() -> None:
            for delta in model(MESSAGES, stream=True):
                _ = delta.text

        yield compare(
            "call",
            "requests .post().json()",
            lambda: repeat(post, calls),
            lambda: repeat(call, calls),
            units=calls,
            rounds=rounds,
            target=0.6,
        )
        yield compare(
            "streamed chunk",
            "requests .iter_lines() + json.loads",
            lambda: repeat(read_stream, streams),
            lambda: repeat(read_deltas, streams),
            units=streams * EVENTS,
            rounds=rounds,
            target=1.0,
        )


def _measure_embeddings(model: Any, url: str, quick: bool) -> Iterator[Row]:
    calls, rounds = (2, 3) if quick else (10, 15)
    texts = ["text"] * VECTORS
    with requests.Session() as session:

        def post() -> Any:
            rows = session.post(url, json={"model": "e", "input": texts}, headers=HEADERS).json()["data"]
            return [row["embedding"] for row in rows]

        for what, target, form in (("numbers", 0.5, "float"), ("base64", 0.15, "base64")):
            yield compare(
                f"{VECTORS} embeddings as {what}",
                "requests .post().json(), numbers",
                lambda: repeat(post, calls),
                lambda form=form: repeat(lambda: model(texts, encoding_format=form).embedding, calls),
                units=calls,
                rounds=rounds,
                target=target,
            )


def _measure_async(
    model: Any, session: aiohttp.ClientSession, url: str, quick: bool, runner: asyncio.Runner
) -> Iterator[Row]:
    calls, streams, rounds = (128, 3, 3) if quick else (1280, 20, 15)

    async def post() -> Any:
        async with session.post(url, json=BODY) as response:
            return (await response.json())["choices"][0]["message"]["content"]

    async def call() -> Any:
        return (await model.acall(MESSAGES)).text

    async def read_stream() -> None:
        async with session.post(url, json=STREAMED) as response:
            async for line in response.content:
                read_line(line)

    async def read_deltas() -> None:
        async for delta in await model.acall(MESSAGES, stream=True):
            _ = delta.text

    yield compare(
        f"async call, {IN_FLIGHT} in flight",
        "aiohttp .post() + .json()",
        lambda: runner.run(_repeat(post, calls, IN_FLIGHT)),
        lambda: runner.run(_repeat(call, calls, IN_FLIGHT)),
        units=calls,
        rounds=rounds,
        target=1.0,
    )
    yield compare(
        "async streamed chunk",
        "aiohttp lines + json.loads",
        lambda: runner.run(_repeat(read_stream, streams, 1)),
        lambda: runner.run(_repeat(read_deltas, streams, 1)),
        units=streams * EVENTS,
        rounds=rounds,
        target=1.0,
    )


def read_line(line: bytes) -> Any:
    """The text in one line of a stream, as anyone would write it."""
    if line.startswith(b"data: ") and not line.startswith(b"data: [DONE]"):
        return json.loads(line[6:])["choices"][0]["delta"].get("content")
    return None


def repeat(call: Callable[[], object], times: int) -> None:
    """Make ``times`` calls, one after the other."""
    for _ in range(times):
        call()


async def _open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers=HEADERS)


async def _repeat(call: Callable[[], Awaitable[object]], times: int, in_flight: int) -> None:
    """Make ``times`` calls, ``in_flight`` at a time."""
    left = iter(range(times))

    async def work() -> None:
        for _ in left:
            await call()

    await asyncio.gather(*(work() for _ in range(in_flight)))
