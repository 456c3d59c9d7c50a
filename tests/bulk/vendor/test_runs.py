"""Whole runs of the engine of batch APIs against the mock server, which has those of all five vendors."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import modelhub
from modelhub.bulk.vendor import Pauses, VendorCarrier, gemini
from modelhub.bulk.vendor.dashscope import DashScopeBatchAPI
from modelhub.bulk.vendor.openai import OpenAIBatchAPI
from modelhub.errors import BudgetExceededError, ModelCallError, ModelHubError
from modelhub.testing import MockServer

from .models import CHATS, build_config
from .running import PAUSES, ask_all, run

TEXTS = ("a", "b", "c")
# How many files are deleted after two runs, in the first of which one request of three failed, and after a cancel.
FILES = {"openai": (5, 2), "dashscope": (5, 2), "zhipuai": (3, 1), "gemini": (0, 0), "anthropic": (0, 0)}
KILLS = {
    "openai": ("after-1", "after-2", "before-3", "after-3", "before-4", "after-4"),
    "anthropic": ("after-2", "before-3", "after-4"),
    "gemini": ("after-2", "before-3"),
}


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


def build_model(server: MockServer, vendor: str, model_type: str | None = None, **more: Any) -> Any:
    return modelhub.ModelRegistry([build_config(vendor, server.url, model_type, **more)]).get_model(vendor)


def list_deleted(server: MockServer) -> list[str]:
    return [request.path for request in server.requests if request.method == "DELETE"]


@pytest.mark.parametrize("vendor", CHATS)
def test_a_failed_request_fails_its_row_and_is_asked_again(server: MockServer, vendor: str, tmp_path: Path) -> None:
    model, told = build_model(server, vendor), []
    server.script("ok", "500", "ok")
    first = run(model, tmp_path, TEXTS, told.append)
    assert [first[text].error for text in TEXTS] == [None, "ServerError", None]
    assert first["b"].message and first["b"].response is None
    assert first["a"].response and first["a"].usage and first["a"].usage["total_tokens"] > 0
    assert first["a"].model == vendor
    second = run(model, tmp_path, TEXTS, told.append)
    assert all(second[text].error is None for text in TEXTS)
    assert second["a"].response == first["a"].response
    assert (server.counts.batches.jobs, server.counts.batches.requests) == (2, 4)
    assert "3 requests handed in" in told[0]
    assert len(list_deleted(server)) == FILES[vendor][0]


@pytest.mark.parametrize("vendor", CHATS)
def test_what_a_call_would_answer_is_answered(server: MockServer, vendor: str, tmp_path: Path) -> None:
    model = build_model(server, vendor)
    found = run(model, tmp_path, ["What is a river?"])["What is a river?"]
    called = model("What is a river?")
    assert (found.response, found.usage and found.usage["total_tokens"]) == (called.text, called.usage.total_tokens)


@pytest.mark.parametrize(
    "model_type", ["openai_embedding", "zhipuai_embedding", "gemini_embedding", "dashscope_text_embedding"]
)
def test_vectors_are_those_of_a_call(server: MockServer, model_type: str, tmp_path: Path) -> None:
    model = build_model(server, model_type.partition("_")[0], model_type)
    assert run(model, tmp_path, ["hi"], embed=True)["hi"].response == pytest.approx(model("hi").embedding[0])


@pytest.mark.parametrize("vendor", CHATS)
def test_requests_that_expire_are_told_and_asked_again(vendor: str, tmp_path: Path) -> None:
    with MockServer(batch_expires=0.4) as server:
        found = run(build_model(server, vendor), tmp_path, TEXTS)
    done = None if vendor != "gemini" else "TimeoutError"  # of which nothing is left then
    assert [found[text].error for text in TEXTS] == [done, "TimeoutError", "TimeoutError"]
    assert "ran out of time" in (found["c"].message or "")
    with MockServer() as server:
        again = run(build_model(server, vendor), tmp_path, TEXTS)
        assert server.counts.batches.requests == (2 if done is None else 3)
    assert all(answer.error is None for answer in again.values())


@pytest.mark.parametrize("vendor", CHATS)
def test_a_run_that_is_left_goes_on_and_can_be_cancelled(vendor: str, tmp_path: Path) -> None:
    told: list[str] = []
    with MockServer(batch_polls=1000) as server:
        model = build_model(server, vendor)

        async def leave() -> None:
            seen = asyncio.Event()

            def tell(text: str) -> None:
                told.append(text)
                if "handed in" in text:
                    seen.set()

            carrier = VendorCarrier(model, tmp_path, tell, pauses=PAUSES)
            running = asyncio.create_task(ask_all(carrier, TEXTS))
            await asyncio.wait_for(seen.wait(), 10)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

        asyncio.run(leave())
        assert "goes on" in told[-1] and "--cancel" in told[-1]
        found = run(model, tmp_path, (*TEXTS, "new"), told.append, cancels=True)
        assert [answer.error for answer in found.values()] == ["ModelCallError"] * 4
        assert all("was cancelled" in (answer.message or "") for answer in found.values())
        assert server.counts.batches.jobs == 1
        assert any("cancelled" in text for text in told)
        assert len(list_deleted(server)) == FILES[vendor][1]


@pytest.mark.parametrize("vendor", KILLS)
def test_a_run_that_was_killed_is_picked_up_and_nothing_is_handed_in_twice(
    server: MockServer, vendor: str, tmp_path: Path
) -> None:
    points = KILLS[vendor]
    killed = Path(__file__).parent / "killed.py"
    command = [sys.executable, str(killed), server.url, vendor, str(tmp_path), *points]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split("\n")[:-1] == [f"{point} 9" for point in points]
    for point in points:
        found = run(build_model(server, vendor), tmp_path / point, TEXTS)
        assert all(found[text].response and found[text].error is None for text in TEXTS), point
    assert server.counts.batches.jobs == len(points)


def test_jobs_are_as_large_as_the_vendor_takes(
    server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenAIBatchAPI, "max_requests", 2)
    monkeypatch.setattr(OpenAIBatchAPI, "max_bytes", 1000)
    texts = ["a", "b", "c", "d" * 500, "e" * 500, "f" * 2000]
    found = run(build_model(server, "openai"), tmp_path, texts)
    assert [found[text].error for text in texts] == [None] * 5 + ["BadRequestError"]
    assert "in a batch it may have 1,000" in (found[texts[-1]].message or "")
    assert (server.counts.batches.jobs, server.counts.batches.requests) == (3, 5)


def test_a_request_that_is_too_long_for_the_vendor_fails_by_itself(
    server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DashScopeBatchAPI, "max_line", 1000)
    found = run(build_model(server, "dashscope"), tmp_path, ["a", "b" * 1000])
    assert [found[text].error for text in ("a", "b" * 1000)] == [None, "BadRequestError"]


def test_a_large_job_of_gemini_goes_as_a_file(
    server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gemini, "INLINE", 10)
    server.script("ok", "429")
    found = run(build_model(server, "gemini"), tmp_path, TEXTS)
    assert [found[text].error for text in TEXTS] == [None, "RateLimitError", None]
    assert any("/upload/" in request.path for request in server.requests)
    assert [path.split("/files/")[1].startswith("batch-") for path in list_deleted(server)] == [False, True]


def test_schemas_and_prices_hold(server: MockServer, tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"mood": {"type": "string"}}, "required": ["mood"]}
    server.reply('{"mood": "good"}', "no JSON")
    model = build_model(server, "openai", price={"prompt": 1, "completion": 1, "per": 1, "batch": 0.25})
    found = run(model, tmp_path, ["a", "b"], schema=schema)
    assert found["a"].parsed == {"mood": "good"}
    assert found["a"].usage is not None
    assert found["a"].cost == found["a"].usage["total_tokens"] / 4
    assert found["b"].error == "ResponseParsingError"


def test_options_that_cannot_be_sent_fail_the_row(server: MockServer, tmp_path: Path) -> None:
    found = run(build_model(server, "openai"), tmp_path, ["a"], options={"temperature": float("nan")})
    assert found["a"].error == "BadRequestError"
    assert server.counts.batches.jobs == 0


def test_a_server_without_batches_is_told_as_such(server: MockServer, tmp_path: Path) -> None:
    model = build_model(server, "openai", client_args={"base_url": f"{server.url}/other"})
    with pytest.raises(ModelCallError, match=r"no batch API, or none for this model .*--engine local"):
        run(model, tmp_path, TEXTS)


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "ollama_chat", "model_name": "m"},
        {"model_type": "post_api_chat", "api_url": "http://server/"},
        {"model_type": "fallback", "models": ["other"]},
    ],
)
def test_other_types_have_no_batch_api(config: dict[str, Any], tmp_path: Path) -> None:
    hub = modelhub.ModelRegistry(
        [{"config_name": "this", **config}, build_config("openai", "http://x") | {"config_name": "other"}]
    )
    with pytest.raises(ModelHubError, match=r"config 'this'.*no batch API.*anthropic_chat.*--engine local"):
        VendorCarrier(hub.get_model("this"), tmp_path, print, pauses=Pauses())


def test_a_budget_is_charged_and_bounds_what_is_handed_in(server: MockServer, tmp_path: Path) -> None:
    model = build_model(
        server, "openai", price={"prompt": 1, "completion": 1, "per": 1}, budget={"usd": 1, "store": "memory"}
    )
    (tmp_path / "first").mkdir()
    assert run(model, tmp_path / "first", ["a"])["a"].error is None
    with pytest.raises(BudgetExceededError):
        run(model, tmp_path, ["b"])
    assert server.counts.batches.jobs == 1


@pytest.mark.parametrize(
    ("vendor", "options", "header"),
    [
        ("anthropic", {"betas": ["a-beta"]}, "anthropic-beta"),
        ("openai", {"extra_headers": {"X-Team": "a"}}, "x-team"),
    ],
)
def test_headers_of_requests_go_with_their_job(
    server: MockServer, vendor: str, options: dict[str, Any], header: str, tmp_path: Path
) -> None:
    assert run(build_model(server, vendor), tmp_path, ["a"], options=options)["a"].error is None
    (submitted,) = (each for each in server.requests if each.method == "POST" and each.path.endswith("/batches"))
    assert submitted.headers[header] in ("a-beta", "a")


def test_a_ledger_that_cannot_be_read_is_told(server: MockServer, tmp_path: Path) -> None:
    (tmp_path / "vendor.db").write_text("not a database, but a text of some length")
    with pytest.raises(OSError, match=r"vendor\.db"):
        run(build_model(server, "openai"), tmp_path, ["a"])


def test_a_job_that_is_refused_for_one_request_goes_on_without_it(
    server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_line = OpenAIBatchAPI.build_line

    def spoil(api: OpenAIBatchAPI, id: str, request: Any) -> bytes:
        line = build_line(api, id, request)
        return line.replace(b'"url":"/v1/', b'"url":"/v9/') if b'"content":"b"' in line else line

    monkeypatch.setattr(OpenAIBatchAPI, "build_line", spoil)
    told: list[str] = []
    found = run(build_model(server, "openai"), tmp_path, TEXTS, told.append)
    assert [found[text].error for text in TEXTS] == [None, "BadRequestError", None]
    assert "url" in (found["b"].message or "").lower()
    assert any("because of 1 of its requests; the other 2 go" in text for text in told)
    assert len(list_deleted(server)) == 3  # two files of requests, one of answers
    monkeypatch.setattr(OpenAIBatchAPI, "build_line", build_line)
    assert run(build_model(server, "openai"), tmp_path, TEXTS)["b"].error is None
    assert server.counts.batches.jobs == 3
