"""Jobs for which a vendor has no room, and files that it does not delete."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelhub.bulk.vendor import Pauses, VendorCarrier
from modelhub.bulk.vendor.openai import OpenAIBatchAPI
from modelhub.server.formats.batches.jobs import Flaw, Job
from modelhub.server.mock.batches import Batches
from modelhub.testing import MockServer

from .running import ask_all, run
from .test_runs import build_model, list_deleted

TEXTS = tuple("abcde")


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(batch_polls=3) as server:
        yield server


def bound(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Let the mock server refuse jobs with which more requests than ``room`` would be waiting."""
    submit = Batches.submit

    def bounded(desk: Batches, job: Job, prefix: str) -> Job:
        if sum(len(each.lines) for each in desk.list_jobs(job.api) if not each.has_ended) + len(job.lines) > room:
            job.lines, job.flaws = [], [Flaw("token_limit_exceeded", "Enqueued token limit reached.")]
        return submit(desk, job, prefix)

    monkeypatch.setattr(Batches, "submit", bounded)


def test_a_job_waits_until_there_is_room(server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bound(monkeypatch, 2)
    monkeypatch.setattr(OpenAIBatchAPI, "max_requests", 2)
    told: list[str] = []
    found = run(build_model(server, "openai"), tmp_path, TEXTS, told.append)
    assert [found[text].error for text in TEXTS] == [None] * 5
    assert any("until others have ended" in text for text in told)
    assert server.counts.batches.outcomes == {"ok": 5}


def test_a_run_that_ends_while_it_waits_for_room_goes_on(
    server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenAIBatchAPI, "max_requests", 2)
    model = build_model(server, "openai")

    async def leave() -> None:
        waits = asyncio.Event()

        def tell(text: str) -> None:
            if "until others have ended" in text:
                waits.set()

        carrier = VendorCarrier(model, tmp_path, tell, pauses=Pauses(0.01, 0.05, 1000.0))
        running = asyncio.create_task(ask_all(carrier, TEXTS))
        await asyncio.wait_for(waits.wait(), 10)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    with monkeypatch.context() as patch:
        bound(patch, 2)
        asyncio.run(leave())
    found = run(model, tmp_path, TEXTS)
    assert [found[text].error for text in TEXTS] == [None] * 5
    assert server.counts.batches.outcomes == {"ok": 5}


def test_a_job_that_is_too_much_by_itself_becomes_smaller(
    server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(monkeypatch, 2)
    told: list[str] = []
    found = run(build_model(server, "openai"), tmp_path, TEXTS, told.append)
    assert [found[text].error for text in TEXTS] == [None] * 5
    assert any("two halves: Enqueued token limit" in text for text in told)
    assert server.counts.batches.outcomes == {"ok": 5}


def test_one_request_that_is_too_much_fails(
    server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(monkeypatch, 0)
    found = run(build_model(server, "openai"), tmp_path, TEXTS[:2])
    assert [found[text].error for text in TEXTS[:2]] == ["RateLimitError"] * 2
    assert "Enqueued token limit" in (found["a"].message or "")


def test_files_that_cannot_be_deleted_are_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask_wrongly(api: Any, file: str) -> Any:
        return api._ask("/batches", method="DELETE")

    told: list[str] = []
    with MockServer() as server:
        with monkeypatch.context() as patch:
            patch.setattr(OpenAIBatchAPI, "build_removal", ask_wrongly)
            assert run(build_model(server, "openai"), tmp_path, ["a"], told.append)["a"].error is None
        assert ["cannot be deleted" in text for text in told] == [*[False] * (len(told) - 1), True]
        assert run(build_model(server, "openai"), tmp_path, []) == {}
        assert len([path for path in list_deleted(server) if "/files/" in path]) == 2
        assert run(build_model(server, "openai"), tmp_path, []) == {}
        assert len([path for path in list_deleted(server) if "/files/" in path]) == 2
