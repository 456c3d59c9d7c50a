"""Jobs that a server works on for long: handed in once, asked after in time, and cancelled when nobody waits."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub import errors, events
from modelhub.engine import connection_errors
from modelhub.engine.jobs import CANCELLING
from modelhub.wire import Request

from .job_server import BUSY, DONE, FAILED, FAILED_FOR_NOW, RUNNING, TAKEN, JobServer, build_job_model, reply

pytestmark = pytest.mark.usefixtures("exact_pauses")
ONCE = {"retry": {"max_attempts": 3, "initial": 3, "max": 60}}


@pytest.fixture(autouse=True)
def no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelhub.policies.retry.random.random", lambda: 0.0)


def fail(caller: Any, model: Any, **options: Any) -> Any:
    with pytest.raises(errors.ModelCallError) as caught:
        caller.call(model, "draw", **options)
    return caught.value


@pytest.mark.parametrize(
    ("outcomes", "config", "told"),
    [
        ([TAKEN, DONE], {}, [(0, "POST"), (1, "GET")]),
        ([TAKEN, RUNNING, RUNNING, DONE], {"every": 2.5}, [(0, "POST"), (2.5, "GET"), (5, "GET"), (7.5, "GET")]),
        (
            [TAKEN, reply(state="running", headers={"Retry-After": "7"}), DONE],
            {},
            [(0, "POST"), (1, "GET"), (8, "GET")],
        ),
        ([reply(202, {"Retry-After": "3"}, id="j"), RUNNING, DONE], {}, [(0, "POST"), (3, "GET"), (4, "GET")]),
        (
            [TAKEN, reply(state="running", headers={"Retry-After": "0"}), DONE],
            {},
            [(0, "POST"), (1, "GET"), (1.01, "GET")],
        ),
        ([2.0, TAKEN, 3.0, RUNNING, DONE], {}, [(0, "POST"), (3, "GET"), (7, "GET")]),
    ],
    ids=["at once", "every", "Retry-After", "Retry-After of the first", "never without a pause", "slow replies"],
)
def test_the_server_is_asked_in_time(caller: Any, outcomes: list[Any], config: dict[str, Any], told: list[Any]) -> None:
    server = JobServer(outcomes)
    answer = caller.call(build_job_model(server, **config), "draw")
    assert (answer.text, server.told) == ("drawn", told)


def test_a_question_that_fails_is_repeated_and_the_job_is_not_handed_in_again(caller: Any) -> None:
    lost = connection_errors.broken(Request("http://jobs.invalid/jobs/j", {}), "reset")
    server = JobServer([TAKEN, BUSY, lost, RUNNING, BUSY, BUSY, DONE])
    answer = caller.call(build_job_model(server, **ONCE), "draw")
    assert answer.text == "drawn"
    assert server.told == [(0, "POST"), *((at, "GET") for at in (1, 4, 10, 11, 14, 20))]
    assert [(a.attempt, a.status, a.outcome, a.waited, a.seconds) for a in answer.trail] == [
        (1, 503, "failed", 0, 1),
        (2, None, "failed", 3, 0),
        (3, 503, "failed", 6, 1),
        (4, 503, "failed", 3, 0),
        (5, 200, "answered", 6, 0),
    ]
    assert [type(a.error).__name__ for a in answer.trail] == [
        *("ServerError", "ConnectionError", "ServerError", "ServerError", "NoneType")
    ]


def test_a_question_that_fails_too_often_ends_the_call(caller: Any) -> None:
    server = JobServer([TAKEN, BUSY])
    error = fail(caller, build_job_model(server, **ONCE))
    assert (type(error), error.status, server.methods) == (errors.ServerError, 503, ["POST", "GET", "GET", "GET"])
    assert [(a.attempt, a.outcome) for a in error.trail] == [(1, "failed"), (2, "failed"), (3, "failed")]
    assert error.trail[-1].error is error


def test_a_question_that_is_refused_ends_the_call(caller: Any) -> None:
    server = JobServer([TAKEN, reply(401)])
    error = fail(caller, build_job_model(server, **ONCE))
    assert (type(error), server.methods) == (errors.AuthenticationError, ["POST", "GET"])


def test_a_job_that_cannot_be_handed_in_is_handed_in_again(caller: Any) -> None:
    server = JobServer([BUSY, TAKEN, DONE])
    answer = caller.call(build_job_model(server, **ONCE), "draw")
    assert server.told == [(0, "POST"), (3, "POST"), (4, "GET")]
    assert [(a.attempt, a.status, a.outcome, a.waited, a.seconds) for a in answer.trail] == [
        (1, 503, "failed", 0, 0),
        (2, 200, "answered", 3, 1),
    ]


def test_a_job_that_failed_is_not_handed_in_again(caller: Any) -> None:
    server = JobServer([TAKEN, FAILED, TAKEN, DONE])
    error = fail(caller, build_job_model(server, **ONCE))
    assert (type(error), error.retryable, server.methods) == (errors.ServerError, False, ["POST", "GET"])


def test_a_job_that_failed_for_now_is_handed_in_again_while_attempts_are_left(caller: Any) -> None:
    server = JobServer([TAKEN, BUSY, FAILED_FOR_NOW, TAKEN, DONE])
    answer = caller.call(build_job_model(server, **ONCE), "draw")
    assert server.methods == ["POST", "GET", "GET", "POST", "GET"]
    assert [(a.attempt, a.outcome) for a in answer.trail] == [(1, "failed"), (2, "failed"), (3, "answered")]

    server = JobServer([TAKEN, FAILED_FOR_NOW] * 9)
    error = fail(caller, build_job_model(server, **ONCE))
    assert (error.retryable, server.methods) == (True, ["POST", "GET"] * 3)
    assert [(a.attempt, a.status, a.outcome) for a in error.trail] == [(n, 500, "failed") for n in (1, 2, 3)]


def test_observers_are_told_of_each_try(caller: Any) -> None:
    told: list[Any] = []
    server = JobServer([TAKEN, RUNNING, BUSY, FAILED_FOR_NOW, TAKEN, DONE])
    caller.call(build_job_model(server, told=told.append, **ONCE), "draw")
    assert [(type(event).__name__, getattr(event, "attempt", None)) for event in told[1:-1]] == [
        *(("AttemptStarted", 1), ("AttemptFailed", 1), ("RetryScheduled", 2)),
        *(("AttemptStarted", 2), ("AttemptFailed", 2), ("RetryScheduled", 3)),
        ("AttemptStarted", 3),
    ]
    assert isinstance(told[-1], events.CallEnded)
    assert told[-1].attempts == 3


@pytest.mark.parametrize(
    ("config", "options", "bound", "at"),
    [
        ({"longest": 5, "every": 2}, {}, "max", 5),
        ({"longest": 5}, {}, "max", 5),
        ({"longest": 50, "timeout": {"total": 7.5}}, {}, "total", 7.5),
        ({}, {"timeout": 3.25}, "total", 3.25),
    ],
    ids=["max", "max between two questions", "the total of the config", "the total of the call"],
)
def test_time_that_is_over_ends_the_job(
    caller: Any, config: dict[str, Any], options: dict[str, Any], bound: str, at: float
) -> None:
    server = JobServer([TAKEN, RUNNING])
    error = fail(caller, build_job_model(server, **ONCE, **config), **options)
    assert (type(error), error.bound, server.clock()) == (errors.TimeoutError, bound, at)
    assert server.told[-1] == (at, "DELETE")
    assert server.methods.count("POST") == server.methods.count("DELETE") == 1
    assert [a.outcome for a in error.trail] == ["failed"]


def test_an_answer_that_would_come_too_late_is_not_waited_for_longer(caller: Any) -> None:
    """What is asked near the end is bounded by it, whatever the timeout of a request is."""
    server = JobServer([TAKEN, RUNNING])
    fail(caller, build_job_model(server, longest=2.5))
    for at, request in zip((1, 2), server.requests[1:3], strict=True):
        assert request.deadline is not None
        assert (request.deadline.at, request.deadline.clock) == (2.5, server.clock)
        assert at < request.deadline.at
    late = connection_errors.out_of_time()
    server = JobServer([TAKEN, late])
    error = fail(caller, build_job_model(server, longest=2.5))
    assert (error.bound, "2.5 s" in str(error), server.methods) == ("max", True, ["POST", "GET", "DELETE"])


def test_no_question_is_repeated_that_cannot_begin_in_time(caller: Any) -> None:
    server = JobServer([TAKEN, BUSY])
    error = fail(caller, build_job_model(server, **ONCE, longest=3.9))
    assert (type(error), server.told) == (errors.ServerError, [(0, "POST"), (1, "GET"), (1, "DELETE")])


def test_a_job_that_failed_is_not_cancelled(caller: Any) -> None:
    for outcomes in ([TAKEN, FAILED], [TAKEN, reply(401)], [reply(400)], [reply(state="no id")]):
        server = JobServer(outcomes)
        fail(caller, build_job_model(server))
        assert "DELETE" not in server.methods


@pytest.mark.parametrize("cancelled", [reply(200), reply(404), connection_errors.out_of_time(), ValueError("x")])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, ZeroDivisionError])
def test_whoever_gives_up_cancels_the_job_once(caller: Any, kind: type[BaseException], cancelled: Any) -> None:
    cause = kind("enough")
    server = JobServer([TAKEN, RUNNING, cause], cancelled)
    with pytest.raises(kind) as caught:
        caller.call(build_job_model(server, **ONCE), "draw")
    assert caught.type is kind
    assert server.methods == ["POST", "GET", "GET", "DELETE"]
    last = server.requests[-1]
    assert (last.url, last.timeout, last.connect_timeout) == ("http://jobs.invalid/jobs/j", CANCELLING, CANCELLING)
    assert last.deadline is not None
    assert last.deadline.at == server.clock() + CANCELLING


def test_a_job_that_cannot_be_cancelled_is_left(caller: Any) -> None:
    server = JobServer([TAKEN, KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        caller.call(build_job_model(server, cancels=False), "draw")
    assert server.methods == ["POST", "GET"]


def test_whoever_gives_up_before_the_job_is_known_cancels_nothing(caller: Any) -> None:
    server = JobServer([KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        caller.call(build_job_model(server), "draw")
    assert server.methods == ["POST"]


def test_questions_have_the_headers_of_the_call(caller: Any) -> None:
    server = JobServer([TAKEN, RUNNING, DONE])
    model = build_job_model(server, headers={"X-Team": "a"})
    caller.call(model, "draw", extra_headers={"X-Trace": "7"}, extra_query={"debug": "1"}, extra_body={"n": 2})
    submit, *questions = server.requests
    assert submit.url.endswith("?debug=1")
    assert {(r.headers["X-Team"], r.headers["X-Trace"], r.url, r.body) for r in questions} == {
        ("a", "7", "http://jobs.invalid/jobs/j", None)
    }


def test_a_question_follows_redirects(caller: Any) -> None:
    moved = reply(307, {"Location": "http://jobs.invalid/elsewhere/j"})
    server = JobServer([TAKEN, moved, DONE])
    assert caller.call(build_job_model(server), "draw").text == "drawn"
    assert server.requests[-1].url == "http://jobs.invalid/elsewhere/j"


def test_a_job_is_one_attempt_within_the_limits(caller: Any) -> None:
    """It keeps its place while it is worked on; its questions take none, and are told to no breaker."""
    server = JobServer([TAKEN, RUNNING, RUNNING, BUSY, DONE])
    limits = {"concurrency": 1, "rpm": 60, "tpm": 1000}
    model = build_job_model(server, limits=limits, circuit_breaker={"failures": 1}, **ONCE)
    limiter = model.home.guards.limiter
    taken: list[int] = []
    fetch = server.fetch

    def watch(request: Any) -> Any:
        taken.append(limiter.under_way)
        return fetch(request)

    server.fetch = watch  # type: ignore[method-assign]
    assert caller.call(model, "draw").text == "drawn"
    assert taken == [1] * 5
    assert limiter.under_way == 0
    assert not model.is_refusing()


def test_a_breaker_is_told_how_jobs_end(caller: Any) -> None:
    server = JobServer([TAKEN, FAILED])
    model = build_job_model(server, circuit_breaker={"failures": 1})
    fail(caller, model)
    assert model.is_refusing()
    assert isinstance(fail(caller, model), errors.CircuitOpenError)


def test_equal_jobs_are_handed_in_once_where_answers_are_kept(caller: Any) -> None:
    server = JobServer([TAKEN, RUNNING, DONE, TAKEN, DONE])
    model = build_job_model(server, cache={"ttl": 1000})
    assert [caller.call(model, "draw").text for _ in range(3)] == ["drawn"] * 3
    assert server.methods == ["POST", "GET", "GET"]


class RandomServer(JobServer):
    """Answers each method from a list of its own."""

    def __init__(self, taken: list[Any], asked: list[Any]) -> None:
        super().__init__([])
        self.lists = {"POST": taken, "GET": asked}

    def fetch(self, request: Any) -> Any:
        self.outcomes = self.lists.get(request.method, [])
        return super().fetch(request)


SUBMISSIONS = st.sampled_from([TAKEN, BUSY, reply(400), reply(state="no id"), reply(202, {"Retry-After": "9"}, id="j")])
STATES = st.sampled_from(
    [RUNNING, RUNNING, BUSY, FAILED_FOR_NOW, FAILED, DONE, reply(429, {"Retry-After": "5"}), reply(404)]
)
TIMES = st.floats(0.0, 20.0).map(lambda seconds: round(seconds, 2))


def mix(replies: Any) -> Any:
    """Lists of replies, some of which take their time."""
    one = replies.flatmap(lambda reply: st.sampled_from([[reply], [reply], [1.5, reply]]))
    return st.lists(one, min_size=1, max_size=6).map(lambda lists: [item for each in lists for item in each])


@given(mix(SUBMISSIONS), mix(STATES), st.integers(1, 4), TIMES, st.none() | TIMES, st.booleans())
def test_whatever_happens_the_job_is_told_of_truly(
    taken: list[Any], asked: list[Any], most: int, longest: float, total: float | None, waits: bool
) -> None:
    server = RandomServer(taken, asked)
    told: list[Any] = []
    config: dict[str, Any] = {"retry": {"max_attempts": most, "initial": 1, "max": 60}, "longest": longest + 0.1}
    config |= {"timeout": {"total": total + 0.1}} if total is not None else {}
    config |= {"limits": {"concurrency": 1}, "circuit_breaker": {"failures": 50}} if waits else {}
    model = build_job_model(server, told=told.append, **config)
    try:
        trail = model("draw").trail
        assert trail[-1].outcome == "answered"
    except errors.ModelCallError as error:
        trail = error.trail
        assert trail[-1].error is error
        assert {a.outcome for a in trail} == {"failed"}
    methods = server.methods
    assert methods[0] == "POST"
    assert methods.count("POST") <= most
    assert "DELETE" not in methods[:-1]
    assert [a.attempt for a in trail] == list(range(1, len(trail) + 1))
    assert told[-1].attempts == len(trail)
    assert math.isclose(sum(a.waited + a.seconds for a in trail), server.clock(), abs_tol=1e-6)
    assert sum(type(event).__name__ == "AttemptFailed" for event in told) == sum(a.outcome == "failed" for a in trail)
    if waits:
        assert model.home.guards.limiter.under_way == 0
