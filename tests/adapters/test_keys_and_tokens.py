"""Keys in headers and in the query, and tokens that are signed here."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.adapters.auth import compile_auth
from modelhub.adapters.auth.jwt_token import build_token, write
from modelhub.errors import ConfigError, ModelHubError
from modelhub.testing import Replay, VirtualClock

from .signed import OK, Answer, Asked, Service, Signed, answer_json

TEXT = '{"text": "hello"}'


def ask(auth: dict[str, Any], url: str = "http://h/a", now: float = 1000.5, **config: Any) -> Any:
    """The request that a model with this ``auth`` sends."""
    model = Signed("m", url, auth, **config)
    model.drivers = replay = Replay([{"status": 200, "body": TEXT}], clock=VirtualClock(now))
    model("x")
    return replay.requests[0]


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"type": "bearer", "token": "t0ken"}, "Authorization", "Bearer t0ken"),
        ({"type": "header", "name": "X-Token", "value": "abc"}, "X-Token", "abc"),
        # RFC 7617, sections 2 and 2.1
        (
            {"type": "basic", "username": "Aladdin", "password": "open sesame"},
            "Authorization",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        ),
        ({"type": "basic", "username": "test", "password": "123£"}, "Authorization", "Basic dGVzdDoxMjPCow=="),
        ({"type": "basic", "username": "key", "password": ""}, "Authorization", "Basic a2V5Og=="),
    ],
)
def test_keys_in_headers(auth: dict[str, Any], header: str, value: str) -> None:
    request = ask(auth, headers={header.lower(): "of the config", "X-Other": "1"})
    assert {name: text for name, text in request.headers.items() if name.lower() == header.lower()} == {header: value}
    assert request.headers["X-Other"] == "1"


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://h/a", "http://h/a?k=a%2Bb+c"),
        ("http://h/a?x=%2f&y", "http://h/a?x=%2f&y&k=a%2Bb+c"),
        ("http://h/a?k=old&x=1#part", "http://h/a?x=1&k=a%2Bb+c"),
    ],
)
def test_keys_in_the_query(url: str, sent: str) -> None:
    assert ask({"type": "query", "name": "k", "value": "a+b c"}, url).url == sent


def test_a_redirect_gets_the_key_in_the_query_once(caller: Any) -> None:
    steps: list[Answer] = [(308, {"Location": "/b?k=abc%2F&y=1"}, b""), (307, {"Location": "/c"}, b""), OK]
    with Service(lambda _: steps.pop(0)) as service:
        caller.call(Signed("m", f"{service.url}/a", {"type": "query", "name": "k", "value": "abc/"}), "x")
    assert service.targets() == ["POST /a?k=abc%2F", "POST /b?y=1&k=abc%2F", "POST /c?k=abc%2F"]


@pytest.mark.parametrize(
    "auth",
    [
        {"type": "bearer", "token": "canary-1"},
        {"type": "header", "name": "X-Token", "value": "canary-2"},
        {"type": "query", "name": "k", "value": "canary/3 +"},
        {"type": "basic", "username": "canary-4", "password": "canary-5"},
        {"type": "jwt", "key": "canary-6", "claims": {"iss": "canary-issuer"}},
    ],
    ids=lambda auth: auth["type"],
)
def test_what_a_server_repeats_is_in_no_error(auth: dict[str, Any], caller: Any) -> None:
    def echo(asked: Asked) -> Answer:
        told = " ".join([asked.target, *asked.headers.values(), *map(str, auth.values())])
        return answer_json({"error": {"message": told}}, 500)

    with Service(echo) as service:
        model = Signed("m", service.url, auth, retry={"initial": 0.001, "max_attempts": 2})
        with pytest.raises(ModelHubError) as caught:
            caller.call(model, "x")
    trail = "".join(f"{attempt.error!r}" for attempt in caught.value.trail)  # type: ignore[attr-defined]
    shown = f"{caught.value} {caught.value!r} {vars(caught.value)} {trail} {model!r} {model.authorization!r}"
    assert "***" in trail
    assert "canary" not in shown
    for asked in service.asked:
        for text in asked.headers.get("Authorization", "").split()[1:]:
            assert text not in shown


def test_no_key_goes_to_another_host(caller: Any) -> None:
    leave = pytest.raises(ModelHubError, match="redirects to")
    with (
        Service(lambda _: OK) as other,
        Service(lambda _: (308, {"Location": f"{other.url}/x"}, b"")) as service,
        leave,
    ):
        caller.call(Signed("m", service.url, {"type": "bearer", "token": "t"}), "x")
    assert not other.asked


def test_known_tokens() -> None:
    # RFC 7515, appendix A.1: the bytes of its key, and of a signature
    assert write(bytes([3, 35, 53, 75, 43, 15, 165, 188, 131, 126, 6, 101, 119, 123, 166])) == "AyM1SysPpbyDfgZld3um"
    claims = {"sub": "1234567890", "name": "John Doe", "iat": 1516239022}
    assert build_token(claims, b"your-256-bit-secret", "HS256") == (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
        "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ."
        "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
    )


@pytest.mark.parametrize(
    ("auth", "claims"),
    [
        ({}, {"iat": 1000, "exp": 1060}),
        ({"lifetime": 3600, "claims": {"iss": "a"}}, {"iat": 1000, "exp": 4600, "iss": "a"}),
        ({"claims": {"iat": 5, "exp": 7, "n": [1, {"x": None}]}}, {"iat": 5, "exp": 7, "n": [1, {"x": None}]}),
        ({"algorithm": "HS512", "header": "X-Jwt"}, {"iat": 1000, "exp": 1060}),
    ],
)
def test_tokens_that_are_signed_here(auth: dict[str, Any], claims: dict[str, Any]) -> None:
    headers = ask({"type": "jwt", "key": "k", **auth}).headers
    name = auth.get("header", "Authorization")
    before = "Bearer " if name == "Authorization" else ""
    assert headers[name].startswith(before + "eyJ")
    token = headers[name].removeprefix("Bearer ")
    assert "=" not in token
    head, body, _ = token.split(".")
    assert json.loads(urlsafe_b64decode(head + "==")) == {"alg": auth.get("algorithm", "HS256"), "typ": "JWT"}
    assert json.loads(urlsafe_b64decode(body + "==")) == claims
    assert token == build_token(json.loads(urlsafe_b64decode(body + "==")), b"k", auth.get("algorithm", "HS256"))


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        ({}, "auth.type is missing"),
        ({"type": "magic"}, "auth.type must be one of bearer, header,"),
        ({"type": "bearer"}, "auth.token is missing"),
        ({"type": "bearer", "token": ""}, "auth.token is empty"),
        ({"type": "bearer", "token": 5}, "auth.token must be a text"),
        ({"type": "bearer", "token": "canary\n"}, "auth.token holds a line end"),
        ({"type": "query", "name": "k", "value": "canary\udc80"}, "auth.value holds half a character"),
        ({"type": "header", "name": "X Y", "value": "canary"}, "auth.name is no name of an HTTP header"),
        ({"type": "basic", "username": "can:ary", "password": "p"}, "auth.username holds a colon"),
        ({"type": "hmac", "key": "k", "headers": {"X-A": 5}}, "auth.headers must be names"),
        ({"type": "hmac", "key": "k", "headers": "X-A"}, "auth.headers must be an object"),
        ({"type": "hmac", "key": "k", "algorithm": "md5"}, "auth.algorithm must be one of sha256, sha1, sha512"),
        ({"type": "oauth2", "token_url": "login", "client_id": "a", "client_secret": "b"}, "auth.token_url must be"),
        ({"type": "jwt", "key": "k", "lifetime": -1}, "auth.lifetime must be greater than 0"),
        ({"type": "jwt", "key": "k", "lifetime": "1"}, "auth.lifetime must be a number"),
        ({"type": "jwt", "key": "k", "claims": {"x": object()}}, "auth.claims holds what JSON cannot write"),
    ],
)
def test_what_cannot_be_used(auth: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compile_auth(auth, "config 'm'")
    assert str(caught.value.problems[0].message).startswith(f"config 'm': {message}")
    assert "canary" not in str(caught.value)


def test_no_auth() -> None:
    assert compile_auth(None, "here") is None


def test_kept_answers_are_those_of_who_asks(server: Any) -> None:
    asked: list[str] = []

    def answer(one: Asked) -> Answer:
        asked.append(one.headers.get("Authorization") or one.headers["X-Signature"])
        return OK

    base = {"model_type": "signed", "cache": {"store": "memory"}}
    with Service(answer) as service:
        configs = [
            {**base, "config_name": name, "api_url": service.url, "auth": auth}
            for name, auth in {
                "a": {"type": "bearer", "token": "t1"},
                "b": {"type": "bearer", "token": "t2"},
                "c": {"type": "basic", "username": "u", "password": "old"},
                "d": {"type": "basic", "username": "u", "password": "new"},
                "e": {"type": "hmac", "key": "k1", "sign": "{nonce}", "nonce_header": "X-Nonce"},
                "f": {"type": "hmac", "key": "k2", "sign": "{nonce}", "nonce_header": "X-Nonce"},
            }.items()
        ]
        with ModelRegistry(configs, wrappers=[Signed]) as hub:
            for name in "aabbccddeeff":
                assert hub.get_model(name)("x").text == "hello"
    assert len(asked) == 5  # d has what c was told: it is the same user, with another password
