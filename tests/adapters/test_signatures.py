"""Signatures: what is signed, how it is written, and that each attempt, poll and redirect has its own."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from typing import Any

import pytest

from modelhub.adapters.auth import compile_auth
from modelhub.errors import ConfigError, ModelHubError, ServerError
from modelhub.testing import Replay, VirtualClock
from modelhub.wire import Request

from .signed import OK, Answer, Asked, Service, Signed, SignedJob, answer_json


class Fixed:
    """A time and a nonce that do not change."""

    def __init__(self, now: float = 1_700_000_000.789) -> None:
        self.clock = self.wall = lambda: now
        self.nonce = lambda: "n0nce"


def sign(auth: dict[str, Any], request: Request, now: float = 1_700_000_000.789) -> dict[str, str]:
    """The headers that ``request`` is sent with."""
    authorization = compile_auth({"type": "hmac", **auth}, "here")
    assert authorization is not None
    made = authorization.authorize(request, Fixed(now))
    assert made is not None
    return dict(made.request.headers)


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        # RFC 4231, test case 2, and RFC 2202, test case 2 of HMAC-SHA-1
        ("sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            "sha512",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd"
            "caeab1a34d4a6b4b636e070a38bce737",
        ),
        ("sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
    ],
)
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_known_signatures(algorithm: str, digest: str, encoding: str) -> None:
    request = Request("http://h/", {}, b"what do ya want for nothing?")
    auth = {"key": "Jefe", "algorithm": algorithm, "sign": "{body}", "encoding": encoding}
    expected = digest if encoding == "hex" else b64encode(bytes.fromhex(digest)).decode()
    assert sign(auth, request) == {"X-Signature": expected}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{method}\n{path}\n{timestamp}\n{body_digest}", b"PUT\n/a%20b/%E4%BD%A0\n1700000000\n%s"),
        ("{query}", b"q=%C3%A9&x=1+2&y=a%2Fb"),
        ("{path}?{query}#{nonce}", b"/a%20b/%E4%BD%A0?q=%C3%A9&x=1+2&y=a%2Fb#n0nce"),
        ("plain {} text", None),
        ("{unknown}", None),
        ("{method.upper}", None),
        ("{method!r}", None),
        ("{0}", None),
        ('{"m":"{method}","b":{body}}', b'{"m":"PUT","b":\xc4\xe3\xba\xc3{method}}'),
        ("{{method}}", b"{PUT}"),
        ("你好{method}", "你好PUT".encode()),
    ],
)
def test_what_is_signed(template: str, text: bytes | None) -> None:
    body = "你好{method}".encode("gbk")
    request = Request("http://h/a b/%e4%bd%a0?q=\xe9&x=1+2&y=a%2Fb#part", {"A": "b"}, body, method="PUT")
    auth = {"key": "secret", "sign": template, "nonce_header": "X-Nonce"}
    if text is None:
        with pytest.raises(ConfigError, match=r"here: auth\.sign has \{"):
            sign(auth, request)
        return
    if b"%s" in text:
        text = text.replace(b"%s", hashlib.sha256(body).hexdigest().encode())
    headers = sign(auth, request)
    assert headers["X-Signature"] == hmac.new(b"secret", text, "sha256").hexdigest()
    assert headers["X-Nonce"] == "n0nce"
    assert headers["A"] == "b"


@pytest.mark.parametrize(
    ("form", "text"),
    [("seconds", "1700000000"), ("milliseconds", "1700000000789"), ("iso8601", "2023-11-14T22:13:20Z")],
)
def test_times(form: str, text: str) -> None:
    headers = sign({"key": "k", "timestamp": form, "sign": "{timestamp}"}, Request("http://h", {}))
    assert headers["X-Timestamp"] == text
    assert headers["X-Signature"] == hmac.new(b"k", text.encode(), "sha256").hexdigest()


@pytest.mark.parametrize(
    ("auth", "names"),
    [
        ({"sign": "{method}"}, {"X-Signature"}),
        ({}, {"X-Signature", "X-Timestamp"}),
        ({"timestamp_header": None}, {"X-Signature"}),
        ({"sign": "{method}", "timestamp_header": "X-Time"}, {"X-Signature", "X-Time"}),
        (
            {"header": "X-Sign", "headers": {"X-App": "a"}, "nonce_header": "X-Once"},
            {"X-Sign", "X-Timestamp", "X-App", "X-Once"},
        ),
    ],
)
def test_which_headers_are_sent(auth: dict[str, Any], names: set[str]) -> None:
    assert sign({"key": "k", **auth}, Request("http://h", {})).keys() == names


def test_what_is_signed_must_be_sent() -> None:
    with pytest.raises(ConfigError, match=r"auth\.nonce_header is missing"):
        sign({"key": "k", "sign": "{nonce}"}, Request("http://h", {}))


KEY = b"canary-signing-key"
AUTH = {
    "type": "hmac",
    "key": KEY.decode(),
    "sign": "{method} {path} {query} {timestamp} {nonce} {body_digest}",
    "nonce_header": "X-Nonce",
    "headers": {"X-App": "billing"},
}


def check(asked: Asked) -> None:
    """Assert that a request was signed for itself."""
    path, _, query = asked.target.partition("?")
    digest = hashlib.sha256(asked.body).hexdigest()
    text = f"{asked.method} {path} {query} {asked.headers['X-Timestamp']} {asked.headers['X-Nonce']} {digest}"
    assert asked.headers["X-Signature"] == hmac.new(KEY, text.encode(), "sha256").hexdigest()
    assert asked.headers["X-App"] == "billing"


def test_a_server_finds_each_request_signed(caller: Any) -> None:
    steps: list[Answer] = [
        (503, {}, b"busy"),
        (307, {"Location": "/moved/%E4%BD%A0?b=%2F"}, b""),
        (200, {}, b"{}"),
        (200, {}, b"{}"),
        OK,
    ]
    with Service(lambda _: steps.pop(0)) as service:
        model = SignedJob("job", f"{service.url}/a b?é=1", AUTH, retry={"initial": 0.001})
        assert caller.call(model, "你好").text == "hello"
    assert service.targets() == [
        "POST /a%20b?%C3%A9=1",
        "POST /a%20b?%C3%A9=1",
        "POST /moved/%E4%BD%A0?b=%2F",
        "GET /a%20b?%C3%A9=1/job",
        "GET /a%20b?%C3%A9=1/job",
    ]
    for asked in service.asked:
        check(asked)
    assert len({asked.headers["X-Nonce"] for asked in service.asked}) == 5


def test_streams_are_signed(caller: Any) -> None:
    with Service(
        lambda _: (200, {"Content-Type": "text/event-stream"}, b'data: {"text": "hi", "stop": "stop"}\n\n')
    ) as service:
        deltas, _ = caller.deltas(Signed("m", service.url, AUTH), "x")
    assert [delta.text for delta in deltas] == ["hi"]
    check(service.asked[0])


def test_no_signature_goes_to_another_host(caller: Any) -> None:
    leave = pytest.raises(ModelHubError, match="redirects to")
    with (
        Service(lambda _: OK) as other,
        Service(lambda _: (307, {"Location": f"{other.url}/x"}, b"")) as service,
        leave,
    ):
        caller.call(Signed("m", service.url, AUTH), "x")
    assert not other.asked


def test_signatures_are_in_no_error(caller: Any) -> None:
    def echo(asked: Asked) -> Answer:
        told = asked.headers["X-Signature"]
        return answer_json(
            {"error": {"message": f"bad {told} of {KEY.decode()}", "code": told}, "request_id": told}, 500
        )

    with Service(echo) as service, pytest.raises(ModelHubError) as caught:
        caller.call(Signed("m", service.url, AUTH, retry={"initial": 0.001, "max_attempts": 2}), "x")
    error = caught.value
    errors = [error, *(attempt.error for attempt in error.trail)]  # type: ignore[attr-defined]
    shown = "".join(f"{each} {each!r} {vars(each)}" for each in errors)
    assert "bad *** of ***" in str(error)
    assert len(service.asked) == 2
    for asked in service.asked:
        assert asked.headers["X-Signature"] not in shown
    assert KEY.decode() not in shown


def test_signatures_of_polls_are_in_no_error() -> None:
    class Failing(SignedJob):
        def _exchange(self, input: Any) -> Any:
            yield self.build_post({})
            raise ServerError(f"the job failed: {replay.requests[-1].headers['X-Signature']}")

    model = Failing("m", "http://h", AUTH, retry={"max_attempts": 1})
    model.drivers = replay = Replay([{"status": 200, "body": "{}"}], clock=VirtualClock(1_700_000_000))
    with pytest.raises(ServerError) as caught:
        model("x")
    assert str(caught.value) == "m (signed_job): the job failed: ***"
