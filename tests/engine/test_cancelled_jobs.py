"""Jobs that nobody waits for any more are cancelled at a real server, which may be slow or wrong about it."""

from __future__ import annotations

import _thread
import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub import errors

from ..serving import serving, wait_for
from .job_server import build_app, build_job_model

POLL = {"every": 0.02}
# Seconds until a call is given up, by which its job has been handed in also where the machine is busy.
ENOUGH = 0.8


@pytest.fixture(params=["works", "fails", "silent"])
def jobs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    monkeypatch.setattr("modelhub.engine.jobs.CANCELLING", 0.5)
    app, seen = build_app(request.param)
    with serving(app) as url:
        yield url, seen


def test_ctrl_c_cancels_the_job(jobs: tuple[str, list[str]]) -> None:
    url, seen = jobs
    model = build_job_model(url=url, **POLL)

    def interrupt() -> None:
        wait_for(lambda: seen.count("GET") >= 2)
        _thread.interrupt_main()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        model("draw")
    thread.join()
    check(seen)


def test_ctrl_c_in_an_event_loop_cancels_the_job(jobs: tuple[str, list[str]]) -> None:
    url, seen = jobs

    def interrupt() -> None:
        wait_for(lambda: seen.count("GET") >= 2)
        _thread.interrupt_main()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(build_job_model(url=url, **POLL).acall("draw"))
    thread.join()
    check(seen)


def test_a_cancelled_task_cancels_the_job(jobs: tuple[str, list[str]]) -> None:
    url, seen = jobs

    async def call() -> None:
        task = asyncio.ensure_future(build_job_model(url=url, **POLL).acall("draw"))
        while seen.count("GET") < 2:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(call())
    check(seen)


def test_a_timeout_around_the_call_cancels_the_job(jobs: tuple[str, list[str]]) -> None:
    url, seen = jobs

    async def call() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(ENOUGH):
                await build_job_model(url=url, **POLL).acall("draw")

    asyncio.run(call())
    check(seen)


@pytest.mark.parametrize("config", [{"longest": ENOUGH}, {"timeout": {"total": ENOUGH}}], ids=["max", "total"])
def test_time_that_is_over_cancels_the_job(caller: Any, jobs: tuple[str, list[str]], config: dict[str, Any]) -> None:
    url, seen = jobs
    with pytest.raises(errors.TimeoutError):
        caller.call(build_job_model(url=url, **POLL, **config), "draw")
    check(seen)


def check(seen: list[str]) -> None:
    assert seen[0] == "POST"
    assert seen[-1] == "DELETE"
    assert (seen.count("POST"), seen.count("DELETE")) == (1, 1)


def test_a_task_that_is_cancelled_again_and_again_ends_at_once_and_the_job_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As anyio cancels tasks: at each turn of the loop, until they have ended."""
    monkeypatch.setattr("modelhub.engine.jobs.CANCELLING", 1.0)
    for cancelling in ("works", "silent"):
        app, seen = build_app(cancelling)
        with serving(app) as url:
            took = asyncio.run(cancel_often(url, seen))
            wait_for(lambda seen=seen: "DELETE" in seen)
            assert took < 0.5
            check(seen)


async def cancel_often(url: str, seen: list[str]) -> float:
    task = asyncio.ensure_future(build_job_model(url=url, **POLL).acall("draw"))
    while seen.count("GET") < 2:
        await asyncio.sleep(0.005)
    began = time.monotonic()
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)
    took = time.monotonic() - began
    while "DELETE" not in seen:
        await asyncio.sleep(0.005)
    return took


def test_a_closed_registry_ends_the_wait(caller: Any) -> None:
    app, seen = build_app("works")
    with serving(app) as url:
        model = build_job_model(url=url, **POLL)

        def close() -> None:
            wait_for(lambda: seen.count("GET") >= 2)
            model.drivers.close()

        thread = threading.Thread(target=close)
        thread.start()
        with pytest.raises(errors.ConnectionError, match="closed while the call was going on"):
            caller.call(model, "draw")
        thread.join()
