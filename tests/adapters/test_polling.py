"""What ``poll`` of a config says: the requests that ask after a job and cancel it, and what the replies mean."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from multidict import CIMultiDict

from modelhub import ModelResponse, errors
from modelhub.adapters.polling import EVERY, MAX, compile_poll
from modelhub.engine.job import Begun, Job
from modelhub.wire import Reply

POLL = {"id": "task.id", "url": "/v1/tasks/{id}", "until": "state == 'done'"}
PLACE = SimpleNamespace(
    url="https://models.invalid:8443/v2/generate?x=1",
    headers={"Content-Type": "application/json", "X-Token": "t", "Accept": "*/*"},
)


class Errors:
    """``error: {when: "code", code: code, message: msg, retryable: [busy]}``."""

    def find(self, document: Any, status: int | None, headers: Any) -> errors.ModelCallError | None:
        return self.build(document, status, headers) if "code" in document or (status or 0) >= 400 else None

    def build(self, document: Any, status: int | None, headers: Any) -> errors.ModelCallError:
        return errors.ServerError(document.get("msg", "none"), status=status, code=document.get("code"))

    def is_retryable(self, code: str | None, status: int | None) -> bool:
        return code == "busy"


def compile(**more: Any) -> Any:
    adapter = compile_poll({**POLL, **more}, PLACE.url)
    assert adapter is not None
    return adapter


def parse(reply: Reply) -> ModelResponse:
    told = reply.json()
    if "code" in told:
        raise errors.RateLimitError("wrong after all", code=told["code"])
    return ModelResponse(text=told["text"])


def build(**more: Any) -> Job:
    job: Job = compile(**more).build_job(PLACE, lambda reply: reply.json(), parse, Errors())
    return job


def reply(document: Any, status: int = 200) -> Reply:
    return Reply(status, CIMultiDict(), json.dumps(document).encode())


def ask(id: Any, **more: Any) -> str:
    begun: Begun = compile(**more).build_requests({"task": {"id": id}}, PLACE)
    return begun.ask.url


@pytest.mark.parametrize(
    ("url", "id", "asked"),
    [
        ("/v1/tasks/{id}", "a1", "https://models.invalid:8443/v1/tasks/a1"),
        ("/v1/tasks/{id}", 17, "https://models.invalid:8443/v1/tasks/17"),
        ("/v1/tasks/{id}", 12345678901234567890, "https://models.invalid:8443/v1/tasks/12345678901234567890"),
        ("/v1/tasks/{id}", "a/b?c#d&e=f g%41", "https://models.invalid:8443/v1/tasks/a%2Fb%3Fc%23d%26e%3Df%20g%2541"),
        ("/v1/tasks/{id}", "../../admin", "https://models.invalid:8443/v1/tasks/..%2F..%2Fadmin"),
        ("/v1/tasks/{id}", "//evil.invalid", "https://models.invalid:8443/v1/tasks/%2F%2Fevil.invalid"),
        ("/v1/tasks/{id}", "{id}", "https://models.invalid:8443/v1/tasks/%7Bid%7D"),
        ("/v1/tasks/{id}", "...", "https://models.invalid:8443/v1/tasks/..."),
        ("/v1/tasks/{id}", "任务", "https://models.invalid:8443/v1/tasks/%E4%BB%BB%E5%8A%A1"),
        ("/t?id={id}&again={id}", "a&b", "https://models.invalid:8443/t?id=a%26b&again=a%26b"),
        ("https://other.invalid/t/{id}", "a", "https://other.invalid/t/a"),
        ("/all-of-them", "a", "https://models.invalid:8443/all-of-them"),
    ],
)
def test_the_id_is_put_in_percent_encoded(url: str, id: Any, asked: str) -> None:
    assert ask(id, url=url) == asked


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"task": {"id": None}}, ["poll.id (task.id) finds nothing", "has task.id"]),
        ({"task": {"id": ""}}, ["poll.id (task.id) finds nothing", "has task.id"]),
        ({"key": "s3cret", "other": 1}, ["poll.id (task.id) finds nothing", "has key, other"]),
        ({}, ["poll.id (task.id) finds nothing", "is an empty object"]),
        (["s3cret"], ["poll.id (task.id) finds nothing", "has [0]"]),
        ({"task": {"id": "."}}, ["poll.id (task.id)", "step of a path"]),
        ({"task": {"id": ".."}}, ["poll.id (task.id)", "step of a path"]),
        ({"task": {"id": True}}, ["poll.id (task.id)", "bool"]),
        ({"task": {"id": ["s3cret"]}}, ["poll.id (task.id)", "list"]),
        ({"task": {"id": {"s3cret": 1}}}, ["poll.id (task.id)", "dict"]),
    ],
)
def test_a_reply_without_an_id_is_told_of_by_its_keys(document: Any, words: list[str]) -> None:
    with pytest.raises(errors.ResponseParsingError) as caught:
        build().begin(reply(document))
    assert all(word in str(caught.value) for word in words)
    assert "s3cret" not in str(caught.value)


def test_questions_have_the_headers_of_the_model_and_of_the_poll() -> None:
    begun = compile(headers={"x-token": "other", "X-More": "1"}, cancel={"url": "/c/{id}"}).build_requests(
        {"task": {"id": "a"}}, PLACE
    )
    for request in begun:
        assert request.headers == {"Accept": "*/*", "x-token": "other", "X-More": "1"}
        assert request.body is None
    assert (begun.ask.method, begun.cancel.method, begun.cancel.url) == (
        *("GET", "DELETE"),
        "https://models.invalid:8443/c/a",
    )


def test_methods_and_times() -> None:
    begun = compile(method="POST", cancel={"url": "/c", "method": "PUT"}).build_requests({"task": {"id": 1}}, PLACE)
    assert (begun.ask.method, begun.cancel.method) == ("POST", "PUT")
    job = build()
    assert (job.every, job.max) == (EVERY, MAX) == (1.0, 600.0)
    job = build(every=0.5, max=3)
    assert (job.every, job.max) == (0.5, 3.0)
    assert compile().build_requests({"task": {"id": "a"}}, PLACE).cancel is None


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"id": None}, "poll.id is missing"),
        ({"until": None}, "poll.until is missing"),
        ({"url": None}, "poll.url is missing"),
        ({"id": 1}, "poll.id is not an expression but a int"),
        ({"id": "a["}, "poll.id"),
        ({"failed": "nope("}, "poll.failed"),
        ({"url": "/v1/{task}"}, "poll.url: '{task}' is no name in braces; there is {id}"),
        ({"url": "/v1/{id.__class__}"}, "{id.__class__}"),
        ({"url": "/v1/{}"}, "poll.url: '{}'"),
        ({"url": "https://{id}.invalid/"}, "the host of an address"),
        ({"cancel": {}}, "poll.cancel.url is missing"),
        ({"cancel": {"url": "/{x}"}}, "poll.cancel.url: '{x}'"),
    ],
)
def test_what_cannot_be_a_poll_is_refused(config: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.ConfigError) as caught:
        compile_poll({**POLL, **config}, PLACE.url)
    assert words in str(caught.value)


def test_there_need_not_be_one() -> None:
    assert compile_poll(None, PLACE.url) is None


@pytest.mark.parametrize(
    ("document", "status", "outcome"),
    [
        ({"state": "running"}, 200, None),
        ({"state": "done", "text": "hi"}, 200, "hi"),
        ({"state": "done", "text": "hi", "bad": True}, 200, ("ServerError", None, False)),
        ({"state": "running", "bad": True, "code": "busy"}, 200, ("ServerError", "busy", True)),
        ({"state": "running", "bad": 0}, 200, ("ServerError", None, False)),
        ({"state": "running", "bad": []}, 200, None),
        ({"state": "done", "code": "busy"}, 200, ("RateLimitError", "busy", True)),
        ({"state": "done", "code": "x"}, 200, ("RateLimitError", "x", False)),
        ({"state": "done"}, 200, ("ResponseParsingError", None, False)),
        ({"state": "done", "text": "hi"}, 500, None),
        ({"bad": True, "code": "x"}, 500, ("ServerError", "x", False)),
        ([], 500, None),
    ],
)
def test_what_a_reply_means(document: Any, status: int, outcome: Any) -> None:
    found = build(failed="bad").look(reply(document, status))
    if isinstance(found, errors.ModelCallError):
        assert (type(found).__name__, found.code, found.retryable) == outcome
    else:
        assert (None if found is None else found.text) == outcome


def test_an_error_of_a_reply_is_that_of_the_question() -> None:
    with pytest.raises(errors.ServerError) as caught:
        build().look(reply({"state": "running", "code": "limit"}))
    assert (caught.value.code, caught.value.retryable) == ("limit", True)
    with pytest.raises(errors.ServerError):
        build().begin(reply({"task": {"id": "a"}, "code": "limit"}))


@pytest.mark.parametrize("name", ["id", "until", "failed"])
def test_an_expression_that_cannot_be_evaluated_is_named(name: str) -> None:
    job = build(**{name: "sum(task)"})
    with pytest.raises(errors.ResponseParsingError, match=rf"poll\.{name} \(sum\(task\)\) cannot be evaluated"):
        (job.begin if name == "id" else job.look)(reply({"task": ["a"]}))
    if name == "failed":
        assert job.look(reply({"task": ["a"]}, 503)) is None
