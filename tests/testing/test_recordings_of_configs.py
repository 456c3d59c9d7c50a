"""Recordings of private protocols: other encodings, queries, tokens, and jobs that are handed in once more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelhub.testing import Replay, play_fixtures
from modelhub.testing.beside import Beside
from modelhub.testing.comparing import compare_sent
from modelhub.testing.sent import PlayedRequest, SentRequest, read_query
from modelhub.wire import Request

CONFIG: dict[str, Any] = {
    "config_name": "mine",
    "model_type": "post_api_chat",
    "api_url": "https://private.test/v1/jobs",
    "request": {"body": {"q": "=input"}},
    "response": {"text": "t"},
}
OAUTH = {"auth": {"type": "oauth2", "token_url": "${URL}/token", "client_id": "${ID}", "client_secret": "${SECRET}"}}
POLL: dict[str, Any] = {
    "poll": {"id": "id", "url": "/v1/jobs/{id}", "until": "t", "failed": "bad", "every": 0.01},
    "error": {"when": "bad", "code": "bad", "retryable": ["busy"]},
}


def play(folder: Path, config: dict[str, Any], recording: dict[str, Any]) -> list[str]:
    """What is amiss with a recording."""
    (folder / "one.json").write_text(json.dumps(recording, ensure_ascii=False), encoding="utf-8")
    [played] = play_fixtures([{**CONFIG, **config}], folder)
    return list(played.misses)


@pytest.mark.parametrize("told", [{}, {"headers": {"Content-Type": "application/json; charset=GBK"}}])
def test_texts_are_played_in_the_encoding_of_the_server(tmp_path: Path, told: dict[str, Any]) -> None:
    charset = {} if told else {"charset": "gbk"}
    config = {
        "request": {"charset": "gbk", "body": {"问": "=input"}},
        "response": {"text": "t", **charset},
        "stream": {"framing": "ndjson"},
    }
    said = {"expect": {"text": "你好"}, "sent": {"body": {"问": "谁？"}}}
    assert (
        play(tmp_path, config, {"request": {"input": "谁？"}, "replies": [{**told, "body": {"t": "你好"}}], **said})
        == []
    )
    chunks = ['{"t": "你"}\n{"t":', ' "好"}']
    asked = {"input": "谁？", "stream": True}
    assert play(tmp_path, config, {"request": asked, "replies": [{**told, "chunks": chunks}], **said}) == []
    wrong = {"request": asked, "replies": [{**told, "chunks": chunks}], "sent": {"body": {"问": "啊？"}}}
    assert "啊" in play(tmp_path, config, wrong)[0]


def test_a_query_may_have_a_name_more_than_once_and_values_that_are_another_each_time() -> None:
    assert read_query("a=1&b=&a=2&a=3&key=x") == {"a": ["1", "2", "3"], "b": "", "key": "x"}
    sent = SentRequest(Request("https://private.test/x?a=1&a=2&key=secret", {}, None, method="GET"))
    assert compare_sent({"query": {"a": ["1", "2"], "key": "*"}}, sent) == []
    for wrong in ({"a": "2", "key": "*"}, {"a": ["1", "2"]}, {"a": ["1", "2"], "key": "*", "other": "*"}):
        assert len(compare_sent({"query": wrong}, sent)) == 1


def test_a_body_is_decoded_as_its_header_says() -> None:
    for kind, data, wanted in (
        ("application/json; charset=gbk", '{"a": "你"}'.encode("gbk"), {"a": "你"}),
        ("application/json", '{"a": "你"}'.encode(), {"a": "你"}),
        ("application/json; charset=gbk", b"\xff", None),
        ("application/json; charset=nonsense", b"{}", None),
        ("text/plain", b"what", None),
    ):
        assert PlayedRequest("POST", "/", {}, {"Content-Type": kind}, data).json == wanted


def test_tokens_are_in_no_recording(tmp_path: Path) -> None:
    sent = {"path": "/v1/jobs", "headers": {"Authorization": "Bearer *"}}
    recording = {
        "request": {"input": "hi"},
        "replies": [{"body": {"t": "yes"}}],
        "expect": {"text": "yes"},
        "sent": sent,
    }
    assert play(tmp_path, OAUTH, recording) == []


@pytest.mark.parametrize(
    ("url", "method", "asked", "is_answered"),
    [
        ("/v1/jobs/{id}/end", "POST", ("POST", "https://x.test/v1/jobs/7/end"), True),
        ("/v1/jobs/{id}/end", "POST", ("GET", "https://x.test/v1/jobs/7/end"), False),
        ("/v1/jobs/{id}/end", "POST", ("POST", "https://x.test/v1/jobs"), False),
        ("${URL}/v1/jobs/{id}", None, ("DELETE", "/v1/jobs/7?why=late"), True),
        ("${URL}/v1/jobs/{id}", None, ("GET", "/v1/jobs/7"), False),
    ],
)
def test_the_end_of_a_job_is_in_no_recording(
    url: str, method: str | None, asked: tuple[str, str], is_answered: bool
) -> None:
    cancel = {"url": url} if method is None else {"url": url, "method": method}
    beside = Beside([{**CONFIG, "poll": {"id": "id", "cancel": cancel}}], "token")
    assert (beside.answer(*asked, None) is not None) is is_answered
    drivers = Replay([{"body": {"id": 1}}], beside=beside)
    drivers.fetch(Request(asked[1], {}, None, method=asked[0]))
    assert len(drivers.requests) == (0 if is_answered else 1)


def test_a_job_that_is_handed_in_once_more_has_the_replies_of_the_first(tmp_path: Path) -> None:
    replies = [{"body": {"id": 1}}, {"body": {}}, {"body": {"bad": "busy"}}]
    recording = {"request": {"input": "hi"}, "replies": replies, "expect": {"error": {"code": "busy"}}}
    assert play(tmp_path, POLL, recording) == []


def test_a_job_that_never_ends_is_asked_after_with_the_last_reply(tmp_path: Path) -> None:
    recording = {
        "request": {"input": "hi"},
        "replies": [{"body": {"id": 1}}, {"body": {}}],
        "expect": {"error": {"class": "TimeoutError"}},
    }
    assert play(tmp_path, {**POLL, "poll": {**POLL["poll"], "max": 5}}, recording) == []
