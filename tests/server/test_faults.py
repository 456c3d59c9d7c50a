"""How the mock server misbehaves, byte by byte."""

import http.client
import json
import time
from contextlib import closing, contextmanager

import pytest

from modelhub.errors import ModelHubError
from modelhub.server.mock import MockSettings
from modelhub.testing import MockServer

PATHS = ["/v1/chat/completions", "/api/chat", "/llm/"]


@pytest.fixture(scope="module")
def server():
    with MockServer() as server:
        yield server


@contextmanager
def asking(server, path=PATHS[0], *, stream=False, fault=None, text="hello", timeout=10, **headers):
    """A connection on which a chat request was sent."""
    body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": text}]}
    headers = {"X-Mock-Fault": fault, **headers} if fault else headers
    with closing(http.client.HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]), timeout=timeout)) as line:
        line.request("POST", path, json.dumps(body), headers)
        yield line


def ask(server, path=PATHS[0], **how):
    with asking(server, path, **how) as line:
        reply = line.getresponse()
        return reply, reply.read()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("400", 400, None),
        ("401", 401, "invalid_api_key"),
        ("403", 403, "permission_denied"),
        ("404", 404, "model_not_found"),
        ("408", 408, None),
        ("409", 409, None),
        ("422", 422, None),
        ("429", 429, "rate_limit_exceeded"),
        ("500", 500, None),
        ("503", 503, "overloaded"),
        ("529", 529, None),
        ("quota", 429, "insufficient_quota"),
        ("context", 400, "context_length_exceeded"),
        ("filter", 400, "content_filter"),
        ("error200", 200, None),
    ],
)
def test_vendor_errors(server, path, stream, fault, status, code):
    reply, body = ask(server, path, stream=stream, fault=fault)
    error = json.loads(body)["error"]
    assert reply.status == status and reply.headers["x-request-id"].startswith("mock-")
    assert reply.headers["retry-after"] == ("1" if fault in ("429", "503") else None)
    if path == "/v1/chat/completions":
        assert error.keys() == {"message", "type", "param", "code"} and error["code"] == code
    elif path == "/api/chat":
        assert isinstance(error, str)
    else:
        assert error.keys() == {"code", "message"}


def test_fault_arguments_are_headers(server):
    reply, _ = ask(server, fault="429;retry-after-ms=50; Retry-After=7")
    assert (reply.headers["retry-after-ms"], reply.headers.get_all("retry-after")) == ("50", ["7"])
    assert ask(server, fault="503;retry-after=")[0].headers["retry-after"] is None
    assert ask(server, fault="ok;x-extra=1")[0].headers["x-extra"] == "1"


@pytest.mark.parametrize(
    ("fault", "status", "size"), [("html", 200, 80), ("html500", 500, 80), ("big500", 500, 10_000_000)]
)
def test_pages(server, fault, status, size):
    reply, body = ask(server, fault=fault)
    assert (reply.status, reply.headers["content-type"]) == (status, "text/html")
    assert body.startswith(b"<!DOCTYPE html>") and len(body) >= size


@pytest.mark.parametrize("path", PATHS)
def test_spoilt_bodies(server, path):
    assert ask(server, path, fault="empty")[1] == b""
    whole = ask(server, path)[1]
    assert ask(server, path, fault="truncated")[1] == whole[: len(whole) // 2]
    assert ask(server, path, fault="stream-error")[0].status == 500
    reply, body = ask(server, path, fault="charset")
    assert "charset=utf-8" in reply.headers["content-type"]
    assert "你好" in body.decode("gbk") and json.loads(body.decode("gbk"))
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(server, path, fault="cut")
    assert caught.value.partial == whole[: len(whole) // 2]


@pytest.mark.parametrize("path", PATHS[:2])
def test_spoilt_streams(server, path):
    whole = ask(server, path, stream=True, text="count: 5")[1]
    deltas = 3 if path == PATHS[0] else 2
    end = b"\n\n" if path == PATHS[0] else b"\n"
    start = end.join(whole.split(end)[:deltas]) + end
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(server, path, stream=True, text="count: 5", fault="cut")
    assert caught.value.partial.startswith(start) and len(caught.value.partial) < len(whole) - 150
    cut = ask(server, path, stream=True, text="count: 5", fault="truncated")[1]
    assert cut.startswith(start) and not cut.rstrip().endswith(b"}")
    failed = ask(server, path, stream=True, text="count: 5", fault="stream-error")[1]
    assert failed.startswith(start) and b'"error"' in failed.removeprefix(start)
    with pytest.raises(UnicodeDecodeError):
        ask(server, path, stream=True, fault="charset")[1].decode()
    assert ask(server, path, stream=True, fault="empty")[1] == b""


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_chunk_bytes_change_no_byte(server, size):
    with MockServer(chunk_bytes=size, chunk_delay=0.0) as other:
        for path in PATHS[:2]:
            assert (
                ask(other, path, stream=True, text="echo: 你 é")[1]
                == ask(server, path, stream=True, text="echo: 你 é")[1]
            )


@pytest.mark.parametrize(
    ("fault", "error"), [("reset", ConnectionResetError), ("close", http.client.RemoteDisconnected)]
)
def test_no_reply(server, fault, error):
    with asking(server, fault=fault) as line, pytest.raises(error) as caught:
        line.getresponse()
    assert caught.type is error


def test_hang_ends_when_the_client_goes():
    with MockServer(faults=["hang"]) as server:
        with asking(server, timeout=0.1) as line:
            assert server.wait_until(lambda: server.in_flight == 1, 5)
            with pytest.raises(TimeoutError):
                line.getresponse()
            assert not server.wait_closed(0.05)
        assert server.wait_closed(5) and server.wait_until(lambda: server.open_connections == 0, 5)
        assert ask(server)[0].status == 200


@pytest.mark.parametrize("stream", [False, True])
def test_stall_sends_some_and_then_nothing(server, stream):
    with asking(server, stream=stream, fault="stall", timeout=0.1) as line:
        reply = line.getresponse()
        assert reply.read1()
        with pytest.raises(TimeoutError):
            reply.read()
    assert server.wait_closed(5)


def test_redirect_keeps_method_and_path(server):
    for path in (PATHS[0], PATHS[0] + "?a=b"):
        reply, _ = ask(server, path, fault="redirect")
        assert reply.status == 307
        target = reply.headers["location"]
        assert target.startswith(PATHS[0] + "?") and "redirected=1" in target and ("a=b" in target) == ("a=b" in path)
        assert ask(server, target, fault="redirect")[0].status == 200


def test_script_is_used_once_per_request_and_the_header_wins():
    with MockServer(faults=["429", "500", "401"], retry_after="") as server:
        server.reply("kept for the first request that succeeds")
        assert ask(server)[0].status == 429
        assert ask(server, fault="403")[0].status == 403
        assert ask(server)[0].headers["retry-after"] is None
        server.script("408", "ok")
        assert [ask(server)[0].status for _ in range(4)] == [408, 200, 200, 200]
        with pytest.raises(ModelHubError, match="no mock fault 'nonsense'"):
            server.script("nonsense")
        reply, body = ask(server, fault="nonsense")
        assert reply.status == 400 and b"no mock fault" in body


def test_api_key():
    with MockServer(api_key="sk-right") as server:
        for headers in ({}, {"Authorization": "Bearer sk-wrong"}, {"x-api-key": "sk-wrong"}):
            reply, body = ask(server, **headers)
            assert reply.status == 401 and b"sk-" not in body
        assert ask(server, Authorization="Bearer sk-right")[0].status == 200
        assert ask(server, **{"x-api-key": "sk-right"})[0].status == 200
        assert "sk-right" not in repr(server.settings)


def test_pace():
    with MockServer(latency=0.05, chunk_delay=0.02) as server:
        start = time.monotonic()
        with asking(server, stream=True, text="count: 5") as line:
            reply = line.getresponse()
            assert time.monotonic() - start >= 0.05
            reply.read()
        assert time.monotonic() - start >= 0.05 + 7 * 0.02


def test_recorded_ends_can_be_replayed():
    with MockServer() as server:
        server.reply({"chunks": ["data: 1\n\n", "data: 2\n\n"], "end": "abrupt"}, {"end": "reset_before"}, "after")
        with pytest.raises(http.client.IncompleteRead) as caught:
            ask(server)
        assert caught.value.partial == b"data: 1\n\ndata: 2\n\n"
        with pytest.raises(ConnectionResetError):
            ask(server)
        assert b"after" in ask(server)[1]


@pytest.mark.parametrize("wrong", [{"latency": -1}, {"chunk_delay": -1}, {"chunk_bytes": 0}, {"faults": ["42x"]}])
def test_wrong_settings(wrong):
    with pytest.raises(ModelHubError):
        MockSettings(**wrong)
