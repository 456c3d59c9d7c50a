"""Jobs of every vendor: how they go on and end, and what their requests get."""

from __future__ import annotations

import random

import pytest
import requests
from click.testing import CliRunner

from modelhub.cli.commands.mock import mock
from modelhub.errors import ConfigError, ModelHubError
from modelhub.server.mock import MockSettings
from modelhub.testing import MockServer, VirtualClock

from .callers import CALLERS, ByFile, Caller, Gemini, build_name

ECHOES = [f"echo: {number}" for number in range(4)]
TOLD = {build_name(number): str(number) for number in range(4)}
every_vendor = pytest.mark.parametrize("kind", CALLERS, ids=lambda kind: kind.__name__)


@every_vendor
def test_each_request_of_a_job_is_answered(kind: type[Caller]) -> None:
    with MockServer() as server:
        caller = kind(server.url)
        job = caller.submit(ECHOES)
        assert (caller.look(job), caller.look(job)) == ("running", "done")
        assert caller.read(job) == TOLD == caller.read(job)
        counts = server.counts.batches
    assert (counts.jobs, counts.requests, counts.outcomes) == (1, 4, {"ok": 4})


@every_vendor
def test_a_request_fails_by_the_script_of_calls(kind: type[Caller]) -> None:
    with MockServer() as server:
        caller = kind(server.url)
        server.script("ok", "429", "400", "reset")
        server.reply("as scripted")
        job = caller.submit([*ECHOES, "echo: 4"])
        caller.finish(job)
        wanted = {0: "as scripted", 1: "429", 2: "400", 3: "500", 4: "4"}
        assert caller.read(job) == {build_name(number): text for number, text in wanted.items()}
        assert server.counts.batches.outcomes == {"ok": 2, "429": 1, "400": 1, "reset": 1}


@every_vendor
def test_what_is_cancelled_ends_with_what_is_done(kind: type[Caller]) -> None:
    with MockServer() as server:
        caller = kind(server.url)
        job = caller.submit(ECHOES)
        caller.look(job)
        caller.cancel(job)
        assert caller.look(job) == "cancelled"
        left = {} if kind is Gemini else {**TOLD, build_name(2): "batch_cancelled", build_name(3): "batch_cancelled"}
        assert caller.read(job) == left
        assert server.counts.batches.outcomes == {"ok": 2}


@every_vendor
def test_what_expires_ends_with_what_is_done(kind: type[Caller]) -> None:
    with MockServer(batch_polls=4, batch_expires=0.5) as server:
        caller = kind(server.url)
        job = caller.submit(ECHOES)
        assert (caller.look(job), caller.look(job)) == ("running", "expired")
        left = {} if kind is Gemini else {**TOLD, build_name(2): "batch_expired", build_name(3): "batch_expired"}
        assert caller.read(job) == left


@every_vendor
def test_a_job_takes_its_time(kind: type[Caller]) -> None:
    clock = VirtualClock()
    with MockServer(batch_seconds=100, clock=clock) as server:
        caller = kind(server.url)
        job = caller.submit(ECHOES)
        assert {caller.look(job) for _ in range(4)} <= {"pending", "running"}
        clock.advance(50)
        assert caller.look(job) == "running" and server.counts.batches.outcomes == {"ok": 2}
        clock.advance(51)
        assert caller.look(job) == "done" and caller.read(job) == TOLD


@every_vendor
def test_keys_are_asked_for(kind: type[Caller]) -> None:
    with MockServer(api_key="right") as server:
        with pytest.raises(AssertionError, match=r"(?i)api.?key"):
            kind(
                server.url, {"x-goog-api-key": "wrong"} if kind is Gemini else {"Authorization": "Bearer wrong"}
            ).submit(["a"])
        caller = kind(server.url, {"x-goog-api-key": "right"} if kind is Gemini else {"Authorization": "Bearer right"})
        assert caller.look(caller.submit(["a"])) == "running"
        assert server.counts.batches.jobs == 1


@every_vendor
def test_what_is_handed_in_twice_is_two_jobs(kind: type[Caller]) -> None:
    with MockServer() as server:
        caller = kind(server.url)
        first, second = caller.submit(ECHOES), caller.submit(ECHOES)
        caller.finish(first)
        assert first != second and server.counts.batches.jobs == 2
        told = requests.get(f"{server.url}/mock/counts", timeout=10).json()["batches"]
        assert told == {"jobs": 2, "requests": 8, "outcomes": {"ok": 4}}
        assert "in batches" in server.counts.table()


@every_vendor
def test_a_job_that_nobody_knows_is_not_found(kind: type[Caller]) -> None:
    with MockServer() as server:
        other = (ByFile if kind is Gemini else Gemini)(server.url).submit(["a"])
        name = f"batches/{other}" if kind is Gemini else other.removeprefix("batches/")
        with pytest.raises(AssertionError, match=r"not found|No batch found"):
            kind(server.url).look(name)


def test_an_answer_is_that_of_a_call() -> None:
    text = "tell me something"
    with MockServer(seed=5) as server:
        caller = ByFile(server.url)
        job = caller.submit([text])
        caller.finish(job)
        body = {"model": "m", "messages": [{"role": "user", "content": text}]}
        called = requests.post(f"{server.url}/v1/chat/completions", json=body, timeout=10).json()
        assert caller.read(job) == {build_name(0): called["choices"][0]["message"]["content"]}
    with MockServer(seed=6) as server:
        caller = ByFile(server.url)
        job = caller.submit([text])
        caller.finish(job)
        assert caller.read(job) != {build_name(0): called["choices"][0]["message"]["content"]}


def test_results_come_in_no_order() -> None:
    with MockServer() as server:
        caller = ByFile(server.url)
        job = caller.submit([f"echo: {number}" for number in range(50)])
        caller.finish(job)
        assert list(caller.read(job)) != sorted(caller.read(job))


def test_scenarios_are_for_requests_of_jobs_and_for_what_is_asked_about_them() -> None:
    rules = [
        {"path": "*/chat/completions", "timeline": [{"requests": 1, "faults": [{"status": 500}]}]},
        {"path": "*/batches", "timeline": [{"requests": 1, "faults": [{"status": 503}]}]},
    ]
    with MockServer(scenario={"rules": rules}) as server:
        caller = ByFile(server.url)
        file = caller.upload(caller.build_file(ECHOES))
        assert caller.begin(file).status_code == 503 and server.counts.batches.jobs == 0
        job = caller.begin(file).json()["id"]
        caller.finish(job)
        assert caller.read(job) == {**TOLD, build_name(0): "500"}


def test_scenarios_say_how_jobs_go_on() -> None:
    with MockServer(scenario={"batches": {"polls": 3, "expires": 0.5}}) as server:
        caller = ByFile(server.url)
        job = caller.submit(ECHOES)
        assert (caller.look(job), caller.look(job)) == ("running", "expired")
    with MockServer(scenario={"batches": {"polls": 3}}, batch_polls=1) as server:
        caller = ByFile(server.url)
        assert caller.look(caller.submit(ECHOES)) == "done"
    with pytest.raises(ConfigError, match="polls"):
        MockSettings(scenario={"batches": {"polls": 0}})


def test_a_job_may_be_begun_though_its_reply_is_lost() -> None:
    with MockServer() as server:
        caller = ByFile(server.url)
        file = caller.upload(caller.build_file(ECHOES))
        caller.headers = {"X-Mock-Fault": "reset"}
        with pytest.raises(requests.ConnectionError):
            caller.begin(file)
        caller.headers = {}
        assert [job["status"] for job in caller.get("GET", "/v1/batches")["data"]] == ["validating"]


def test_requests_that_a_vendor_refuses_fail_alone() -> None:
    with MockServer() as server:
        caller = ByFile(server.url)
        data = caller.build_file(["echo: 0", "echo: 1", "echo: 2"])
        data = data.replace(b'"messages": [{"role": "user", "content": "echo: 1"}]', b'"messages": 7')
        data = data.replace(b'"content": "echo: 2"}]', b'"content": "echo: 2"}], "stream": true')
        job = caller.begin(caller.upload(data)).json()["id"]
        caller.finish(job)
        assert caller.read(job) == {build_name(0): "0", build_name(1): "400", build_name(2): "400"}
        assert caller.tell(job)["request_counts"] == {"total": 3, "completed": 1, "failed": 2}


def test_a_scripted_reply_is_what_a_request_gets() -> None:
    with MockServer() as server:
        caller = ByFile(server.url)
        job = caller.submit(ECHOES[:2])
        server.reply({"status": 418, "body": {"error": {"message": "tea"}}}, {"body": b"no JSON"})
        caller.finish(job)
        assert caller.read(job) == {build_name(0): "418", build_name(1): "500"}


def test_many_files_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelhub.server.mock.batches._MOST_BYTES", 3000)
    with MockServer() as server:
        caller = ByFile(server.url)
        first = caller.upload(random.Random(0).randbytes(2000))
        with pytest.raises(AssertionError, match="delete some"):
            caller.upload(bytes(2000))
        caller.get("DELETE", f"/v1/files/{first}")
        caller.upload(bytes(2000))


@pytest.mark.parametrize("wrong", [{"batch_polls": 0}, {"batch_seconds": -1}, {"batch_expires": 1.5}])
def test_settings_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ModelHubError, match=next(iter(wrong))):
        MockSettings(**wrong)


def test_the_server_tells_where_batches_are() -> None:
    with MockServer() as server:
        paths = requests.get(f"{server.url}/nowhere", timeout=10).json()["paths"]
    assert "POST /v1/messages/batches" in paths and "POST /compatible-mode/v1/batches" in paths


def test_the_command_says_how_long_a_job_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[MockSettings] = []
    monkeypatch.setattr("modelhub.cli.commands.mock.serve", lambda settings, **options: served.append(settings))
    result = CliRunner().invoke(mock, ["--batch-seconds", "1.5"])
    assert (result.exit_code, [settings.batch_seconds for settings in served]) == (0, [1.5])
