"""Tokens that another server gives: asked for once, kept while they are good, asked for anew after a 401."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, Thread
from time import sleep
from typing import Any
from urllib.parse import parse_qsl

import pytest

from modelhub import errors
from modelhub.testing import Replay, VirtualClock

from .signed import OK, Answer, Asked, Service, Signed, answer_json

AUTH = {
    "type": "oauth2",
    "token_url": "http://login/token",
    "client_id": "canary id",
    "client_secret": "canary/secret+",
}
TEXT = '{"text": "hello"}'


def token(text: str = "tok-canary", **more: Any) -> dict[str, Any]:
    """A reply with a token."""
    body = answer_json({"access_token": text, "token_type": "Bearer", **more})[2]
    return {"status": 200, "body": body.decode()}


def replayed(*exchanges: Any, **config: Any) -> tuple[Signed, Replay]:
    """A model that gets these replies, and what performs its calls; a text is that of an answer, a number a status."""
    replies = [
        {"status": each, "body": '{"error": {"message": "no"}}'} if isinstance(each, int) else each
        for each in exchanges
    ]
    auth = {**AUTH, **config.pop("auth", {})}
    model = Signed("m", "http://h/a", auth, **{"retry": {"max_attempts": 1}, **config})
    model.drivers = replay = Replay([{"status": 200, "body": TEXT} if each == "ok" else each for each in replies])
    return model, replay


def told(replay: Replay) -> list[str]:
    """What was asked: ``token``, or the token with which the model was."""
    return [
        "token" if request.url == "http://login/token" else request.headers["Authorization"].removeprefix("Bearer ")
        for request in replay.requests
    ]


@pytest.mark.parametrize("style", ["basic", "body", None])
def test_how_a_token_is_asked_for(style: str | None) -> None:
    auth = {"scope": "a b", "audience": "https://x/é"} | ({"style": style} if style else {})
    model, replay = replayed(token(), "ok", auth=auth, timeout={"connect": 3, "idle": 7})
    assert model("x").text == "hello"
    request, asked = replay.requests
    form = dict(parse_qsl((request.body or b"").decode()))
    common = {"grant_type": "client_credentials", "scope": "a b", "audience": "https://x/é"}
    assert (request.method, request.url) == ("POST", "http://login/token")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    if style == "body":
        assert form == common | {"client_id": "canary id", "client_secret": "canary/secret+"}
        assert "Authorization" not in request.headers
    else:
        assert form == common
        login = b64decode(request.headers["Authorization"].removeprefix("Basic "))
        assert login == b"canary+id:canary%2Fsecret%2B"  # RFC 6749, section 2.3.1
    assert (request.timeout, request.connect_timeout) == (asked.timeout, asked.connect_timeout) == (7, 3)


@pytest.mark.parametrize("expires_in", [3600, "3600", 3600.0])
def test_a_token_is_kept_until_shortly_before_its_end(expires_in: Any) -> None:
    model, replay = replayed(token("t1", expires_in=expires_in), "ok", "ok", "ok", token("t2"), "ok")
    for passed in (0, 3500, 69.9):
        replay.virtual.advance(passed)
        model("x")
    replay.virtual.advance(0.1)
    model("x")
    assert told(replay) == ["token", "t1", "t1", "t1", "token", "t2"]


@pytest.mark.parametrize("told_end", [{}, {"expires_in": None}, {"expires_in": "soon"}, {"expires_in": True}])
def test_a_token_without_an_end_is_kept(told_end: dict[str, Any]) -> None:
    model, replay = replayed(token("t1", **told_end), "ok", "ok")
    model("x")
    replay.virtual.advance(1e9)
    model("x")
    assert told(replay) == ["token", "t1", "t1"]


def test_a_token_that_ends_at_once_is_used_once() -> None:
    model, replay = replayed(token("t1", expires_in=20), "ok", token("t2", expires_in=0), "ok")
    model("x")
    model("x")
    assert told(replay) == ["token", "t1", "token", "t2"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_token_that_is_refused_is_renewed_once(stream: bool) -> None:
    answer = {"status": 200, "body": 'data: {"text": "hello", "stop": "stop"}\n\n'} if stream else "ok"
    model, replay = replayed(token("t1"), 401, token("t2"), answer, 401, token("t3"), 401)
    assert model("x", stream=stream).text == "hello"
    with pytest.raises(errors.AuthenticationError) as caught:
        model("x", stream=stream)
    assert caught.value.status == 401
    assert told(replay) == ["token", "t1", "token", "t2", "t2", "token", "t3"]


@pytest.mark.parametrize(
    ("reply", "kind", "retryable", "text"),
    [
        ((400, '{"error": "invalid_client"}'), errors.AuthenticationError, False, "invalid_client"),
        ((401, '{"error": "invalid_client", "error_description": "who?"}'), errors.AuthenticationError, False, "who?"),
        ((400, '{"error": "invalid_scope"}'), errors.BadRequestError, False, "invalid_scope"),
        ((403, "no"), errors.PermissionDeniedError, False, "no"),
        ((429, '{"message": "slowly"}'), errors.RateLimitError, True, "slowly"),
        ((503, "<html>busy</html>"), errors.ServerError, True, "busy"),
        ((200, '{"error": "invalid_client"}'), errors.AuthenticationError, False, "invalid_client"),
        ((307, ""), errors.BadRequestError, False, ""),
        (
            (200, '{"token_type": "canary", "scope": "canary"}'),
            errors.ResponseParsingError,
            False,
            "'scope', 'token_type'",
        ),
        ((200, "<html>"), errors.ResponseParsingError, False, "no other key"),
        (
            (200, '{"access_token": {"canary": 1}}'),
            errors.ResponseParsingError,
            False,
            "no text that a header can carry",
        ),
        ((200, '{"access_token": "a\\nb"}'), errors.ResponseParsingError, False, "no text that a header can carry"),
    ],
)
def test_refused_tokens(reply: tuple[int, str], kind: type[errors.ModelCallError], retryable: bool, text: str) -> None:
    headers = {"Location": "http://elsewhere/token"} if reply[0] == 307 else {}
    model, replay = replayed({"status": reply[0], "body": reply[1], "headers": headers})
    with pytest.raises(kind) as caught:
        model("x")
    assert type(caught.value) is kind
    assert caught.value.retryable is retryable
    assert caught.value.status == (reply[0] if kind is not errors.AuthenticationError or reply[0] != 200 else 400)
    assert "http://login" in str(caught.value)
    assert text in str(caught.value)
    assert "canary" not in str(caught.value)
    assert len(replay.requests) == 1


def test_a_token_server_that_is_busy_is_asked_again() -> None:
    model, replay = replayed(503, token("t1"), "ok", retry={"max_attempts": 2})
    assert model("x").text == "hello"
    assert told(replay) == ["token", "token", "t1"]


def test_what_the_client_shows_is_in_no_error(caller: Any) -> None:
    def echo(asked: Asked) -> Answer:
        told = " ".join([asked.body.decode(), *asked.headers.values(), AUTH["client_secret"], AUTH["client_id"]])
        return answer_json({"error": "server_error", "error_description": told}, 500)

    for style in ("basic", "body"):
        with Service(echo) as service:
            auth = {**AUTH, "token_url": f"{service.url}/token", "style": style}
            model = Signed("m", service.url, auth, retry={"max_attempts": 2, "initial": 0.001})
            with pytest.raises(errors.ServerError) as caught:
                caller.call(model, "x")
        shown = f"{caught.value}{vars(caught.value)}" + "".join(f"{each.error!r}" for each in caught.value.trail)
        assert "canary" not in shown
        assert "***" in shown
        for asked in service.asked:
            assert asked.headers.get("Authorization", "Basic none").split()[1] not in shown


def test_tokens_are_in_no_error(caller: Any) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.target == "/token":
            return answer_json({"access_token": "tok-canary"})
        return answer_json({"error": {"message": f"bad {asked.headers['Authorization']}"}}, 401)

    with Service(answer) as service:
        model = Signed("m", service.url, {**AUTH, "token_url": f"{service.url}/token"})
        with pytest.raises(errors.AuthenticationError) as caught:
            caller.call(model, "x")
        assert "tok-canary" in model.find_secrets()
    assert "canary" not in f"{caught.value}{vars(caught.value)}{model!r}{model.authorization!r}"
    assert service.targets() == ["POST /token", "POST /", "POST /token", "POST /"]


def test_the_form_with_the_secret_goes_to_no_other_host(caller: Any) -> None:
    def lead_away(asked: Asked) -> Answer:
        return 307, {"Location": f"{other.url}/token"}, b""

    with Service(lambda _: answer_json({"access_token": "t"})) as other, Service(lead_away) as service:
        model = Signed("m", service.url, {**AUTH, "token_url": f"{service.url}/token", "style": "body"})
        with pytest.raises(errors.BadRequestError, match="redirects to"):
            caller.call(model, "x")
    assert not other.asked


def test_the_form_follows_a_redirect_on_its_own_host(caller: Any) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.target == "/token":
            return 308, {"Location": "/v2/token"}, b""
        return answer_json({"access_token": "t"}) if asked.target == "/v2/token" else OK

    with Service(answer) as service:
        model = Signed("m", service.url, {**AUTH, "token_url": f"{service.url}/token"})
        assert caller.call(model, "x").text == "hello"
    assert [asked.headers["Authorization"][:6] for asked in service.asked] == ["Basic ", "Basic ", "Bearer"]


class Giver:
    """Gives a new token each time, and answers only who has the last one."""

    def __init__(self, **more: Any) -> None:
        self.given = 0
        self.refused = 0
        self._more = more
        self._lock = Lock()

    def __call__(self, asked: Asked) -> Answer:
        with self._lock:
            if asked.target == "/token":
                self.given += 1
                return answer_json({"access_token": f"t{self.given}", **self._more})
            if asked.headers["Authorization"] == f"Bearer t{self.given}":
                return OK
            self.refused += 1
            return answer_json({"error": {"message": "expired"}}, 401)


def build(service: Service) -> Signed:
    return Signed("m", service.url, {**AUTH, "token_url": f"{service.url}/token"}, timeout=60)


def test_a_thousand_tasks_ask_for_one_token() -> None:
    async def main(model: Signed) -> None:
        answers = await asyncio.gather(*(model.acall("x") for _ in range(1000)))
        assert {answer.text for answer in answers} == {"hello"}

    giver = Giver()
    with Service(giver, pause=0.02) as service:
        model = build(service)
        asyncio.run(main(model))
        assert (giver.given, giver.refused) == (1, 0)
        with giver._lock:
            giver.given += 1  # the token is taken back
        asyncio.run(main(model))
    assert giver.given == 3
    assert 1 <= giver.refused <= 1000


def test_threads_and_loops_ask_for_one_token() -> None:
    def in_loop(model: Signed) -> list[Any]:
        async def main() -> list[Any]:
            return await asyncio.gather(*(model.acall("x") for _ in range(20)))

        return asyncio.run(main())

    giver = Giver(expires_in=3600)
    with Service(giver, pause=0.02) as service, ThreadPoolExecutor(56) as threads:
        model = build(service)
        answers = [threads.submit(model, "x") for _ in range(900)]
        answers += [threads.submit(in_loop, model) for _ in range(5)]
        assert all(one.result() for one in answers)
    assert (giver.given, giver.refused) == (1, 0)
    assert len(service.asked) == 1001


def test_who_asks_for_the_token_may_be_cancelled() -> None:
    async def main(model: Signed) -> list[Any]:
        first = asyncio.create_task(model.acall("x"))
        while not service.asked:
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(model.acall("x")) for _ in range(5)]
        await asyncio.sleep(0.01)
        first.cancel()
        return await asyncio.gather(first, *others, return_exceptions=True)

    giver = Giver()
    with Service(giver, pause=0.1) as service:
        first, *others = asyncio.run(main(build(service)))
    assert isinstance(first, asyncio.CancelledError)
    assert [answer.text for answer in others] == ["hello"] * 5
    assert service.targets().count("POST /token") == 2


def test_those_who_wait_fail_as_the_one_who_asks_and_the_next_asks_again() -> None:
    steps = [answer_json({"error": "invalid_client"}, 401)]

    def answer(asked: Asked) -> Answer:
        return (steps.pop() if steps else answer_json({"access_token": "t"})) if asked.target == "/token" else OK

    async def main(model: Signed) -> list[Any]:
        return await asyncio.gather(*(model.acall("x") for _ in range(20)), return_exceptions=True)

    with Service(answer, pause=0.05) as service:
        model = build(service)
        failed = asyncio.run(main(model))
        assert {type(error) for error in failed} == {errors.AuthenticationError}
        assert len({id(error) for error in failed}) == 20
        assert {answer.text for answer in asyncio.run(main(model))} == {"hello"}
    assert service.targets().count("POST /token") == 2


def test_who_waits_for_a_token_has_its_own_end() -> None:
    giver = Giver()
    with Service(giver, pause=0.5) as service:
        model = build(service)
        patient = Thread(target=model, args=("x",))
        patient.start()
        while not service.asked:
            sleep(0.001)
        with pytest.raises(errors.TimeoutError) as caught:
            model("x", timeout={"total": 0.05})
        assert caught.value.bound == "total"
        patient.join()
    assert giver.given == 1


def test_time_over_for_who_asks_is_not_over_for_who_waits() -> None:
    async def main(model: Signed) -> list[Any]:
        first = asyncio.create_task(model.acall("x", timeout={"total": 0.1}))
        while not service.asked:
            await asyncio.sleep(0.001)
        return await asyncio.gather(first, model.acall("x"), return_exceptions=True)

    giver = Giver()
    with Service(giver, pause=0.3) as service:
        first, second = asyncio.run(main(build(service)))
    assert isinstance(first, errors.TimeoutError)
    assert second.text == "hello"


def test_a_copy_of_a_model_shares_its_token() -> None:
    from copy import copy

    model, replay = replayed(token("t1"), "ok", "ok")
    model("x")
    assert copy(model)("x").text == "hello"
    assert told(replay) == ["token", "t1", "t1"]


def test_virtual_time_is_enough() -> None:
    clock = VirtualClock(5.0)
    model, _ = replayed(token("t1", expires_in=60), "ok")
    model.drivers = replay = Replay([token("t1", expires_in=60), {"status": 200, "body": TEXT}], clock=clock)
    assert model("x").text == "hello"
    assert told(replay) == ["token", "t1"]
