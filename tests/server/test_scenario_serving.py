"""Scenarios over real connections, as the models of every vendor see them."""

from __future__ import annotations

import asyncio
import http.client
import json
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from modelhub import ModelRegistry, errors
from modelhub.server.http.listening import listen
from modelhub.server.mock import MockSettings, build_app
from modelhub.server.mock.tally import Tally
from modelhub.testing import Counts, MockServer, VirtualClock

from ..served import build_model

CHATS = [
    *("openai_chat", "anthropic_chat", "gemini_chat", "dashscope_chat", "dashscope_multimodal", "zhipuai_chat"),
    *("ollama_chat", "post_api_chat"),
]
STREAMING = [each for each in CHATS if each != "post_api_chat"]
ONCE = {"retry": {"max_attempts": 1}}


def post(server: MockServer, path: str = "/v1/chat/completions", model: str = "m", **body: Any) -> requests.Response:
    given = {"model": model, "messages": [{"role": "user", "content": "echo: one two three"}], "max_tokens": 9, **body}
    headers = {"anthropic-version": "2023-06-01"}
    return requests.post(server.url + path, json=given, headers=headers, timeout=10)


def send(server: MockServer, **body: Any) -> socket.socket:
    """A connection on which a streamed chat was asked for."""
    text = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "count: 9"}], **body})
    line = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=10)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(text)}\r\n\r\n"
    line.sendall((head + text).encode())
    return line


@pytest.mark.parametrize("model_type", CHATS)
def test_a_request_too_many_is_a_rate_limit_error_of_each_vendor(model_type: str) -> None:
    with MockServer(scenario={"limits": {"rpm": 1}}, clock=VirtualClock()) as server:
        model = build_model(model_type, server.url, **ONCE)
        assert model("echo: fine").text == "fine"
        with pytest.raises(errors.RateLimitError) as caught:
            model("echo: no")
        assert (caught.value.status, caught.value.retry_after) == (429, 60)
        assert server.counts.outcomes == {"ok": 1, "rpm": 1}


@pytest.mark.parametrize("model_type", CHATS)
def test_tokens_are_those_of_prompt_and_answer(model_type: str) -> None:
    # "echo: w w w w" are 5 tokens, and its answer 4; so 9 of 20 are used by each call that is answered.
    with MockServer(scenario={"limits": {"tpm": 20, "rpm": 1000}}, clock=VirtualClock()) as server:
        model = build_model(model_type, server.url, **ONCE)
        for _ in range(2):
            assert model("echo: w w w w").usage.total_tokens == 9
        with pytest.raises(errors.RateLimitError) as caught:
            model("echo: w w w w")
        # 7 tokens more are needed, of which one comes in 3 seconds.
        assert caught.value.retry_after == 21
        assert server.counts.outcomes == {"ok": 2, "tpm": 1}


@pytest.mark.parametrize("model_type", STREAMING)
def test_the_tokens_of_streams_count(model_type: str) -> None:
    with MockServer(scenario={"limits": {"tpm": 9, "retry_after": False}}, clock=VirtualClock()) as server:
        model = build_model(model_type, server.url, **ONCE)
        assert "".join(delta.text for delta in model("echo: w w w w", stream=True)) == "w w w w"
        with pytest.raises(errors.RateLimitError) as caught:
            list(model("echo: w", stream=True))
        assert caught.value.retry_after is None


@pytest.mark.parametrize(
    ("path", "body", "tokens"),
    [
        ("/v1/embeddings", {"input": ["a b", "c"]}, 3),
        ("/v1/images/generations", {"prompt": "a cat"}, 66),
        ("/api/embed", {"input": ["a b", "c"]}, 3),
        ("/api/embeddings", {"prompt": "a b c"}, 3),
        ("/api/generate", {"prompt": "echo: a b", "stream": False}, 5),
        ("/llm/embeddings", {"input": ["a b", "c"]}, 3),
        ("/v1beta/models/m:batchEmbedContents", {"requests": [{"content": {"parts": [{"text": "a b c"}]}}]}, 3),
        ("/api/v1/services/embeddings/text-embedding/text-embedding", {"input": {"texts": ["a b", "c"]}}, 3),
        ("/api/paas/v4/embeddings", {"input": "a b c"}, 3),
    ],
)
def test_tokens_of_other_tasks(path: str, body: dict[str, Any], tokens: int) -> None:
    """The first is let in when the bucket has just enough, and nothing is left."""
    for tpm, left in ((tokens, 429), (2 * tokens, 200)):
        with MockServer(scenario={"limits": {"tpm": tpm}}, clock=VirtualClock()) as server:
            assert [post(server, path, **body).status_code for _ in range(2)] == [200, left]


BODIES = {
    "/v1/chat/completions": ({"error": {"type": "tokens", "code": "rate_limit_exceeded"}}, "x-ratelimit-limit-tokens"),
    "/v1/messages": ({"type": "error", "error": {"type": "rate_limit_error"}}, "anthropic-ratelimit-tokens-limit"),
    "/v1beta/models/m:generateContent": ({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}, None),
    "/api/v1/services/aigc/text-generation/generation": ({"code": "Throttling.AllocationQuota"}, None),
    "/api/paas/v4/chat/completions": ({"error": {"code": "1302"}}, None),
    "/api/chat": ({"error": "Rate limit reached: 1 tokens per minute."}, None),
    "/llm/": ({"error": {"code": "token_limit"}}, None),
}


def is_part(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return all(key in whole and is_part(value, whole[key]) for key, value in part.items())
    return bool(part == whole)


@pytest.mark.parametrize("path", BODIES)
def test_bodies_and_headers_are_the_vendors(path: str) -> None:
    body, header = BODIES[path]
    messages = [{"role": "user", "content": "echo: a b c"}]
    asked = {"contents": [{"role": "user", "parts": [{"text": "echo: a"}]}], "input": {"messages": messages}}
    with MockServer(scenario={"limits": {"tpm": 1}}, clock=VirtualClock()) as server:
        first, second = post(server, path, **asked), post(server, path, **asked)
    assert (first.status_code, second.status_code) == (200, 429)
    assert is_part(body, second.json())
    assert int(second.headers["retry-after"]) > 60
    for reply in (first, second):
        found = [name.lower() for name in reply.headers if "ratelimit" in name.lower()]
        assert (header in found) if header else not found
    if "generateContent" in path:
        assert second.json()["error"]["details"][0]["retryDelay"].endswith("s")


def test_openai_headers_tell_what_is_left() -> None:
    with MockServer(scenario={"limits": {"rpm": 60, "tpm": 6000}}, clock=VirtualClock()) as server:
        reply = post(server)
    assert {name: value for name, value in reply.headers.items() if "ratelimit" in name} == {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-limit-tokens": "6000",
        "x-ratelimit-remaining-tokens": "5993",
        "x-ratelimit-reset-tokens": "70ms",
    }


def test_anthropic_headers_tell_what_is_left() -> None:
    with MockServer(scenario={"limits": {"rpm": 1}}, clock=VirtualClock()) as server:
        before = time.time()
        headers = post(server, "/v1/messages").headers
    assert headers["anthropic-ratelimit-requests-limit"] == "1"
    assert headers["anthropic-ratelimit-requests-remaining"] == "0"
    told = time.mktime(time.strptime(headers["anthropic-ratelimit-requests-reset"], "%Y-%m-%dT%H:%M:%SZ"))
    assert 58 <= told - time.mktime(time.gmtime(before)) <= 70


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"rpm": 4}, "15"),
        ({"rpm": 4, "retry_after": 0.2}, "0.2"),
        ({"rpm": 4, "retry_after": False}, None),
        ({"concurrency": 0, "rpm": 9}, "7"),  # nobody knows for how long: what the server says of all else
        ({"concurrency": 0, "rpm": 9, "retry_after": 3}, "3"),
        ({"concurrency": 0, "rpm": 9, "retry_after": False}, None),
    ],
)
def test_retry_after(limits: dict[str, Any], told: str | None) -> None:
    with MockServer(scenario={"limits": {"burst": 1, **limits}}, retry_after="7", clock=VirtualClock()) as server:
        replies = [post(server) for _ in range(2)]
    assert replies[-1].status_code == 429
    assert replies[-1].headers.get("retry-after") == told


def test_after_the_time_that_was_told_there_is_room() -> None:
    clock = VirtualClock()
    with MockServer(scenario={"limits": {"rpm": 7, "burst": 1}}, clock=clock) as server:
        for _ in range(20):
            assert post(server).status_code == 200
            refused = post(server)
            clock.advance(float(refused.headers["retry-after"]) - 1)
            assert post(server).status_code == 429
            clock.advance(1)


def test_concurrency_beyond_the_limit_is_refused_and_seen() -> None:
    scenario = {"limits": {"concurrency": 3}, "faults": [{"fault": "hang"}]}
    with MockServer(scenario=scenario) as server:
        lines = []
        for number in range(1, 4):
            lines.append(send(server))
            assert server.wait_until(lambda number=number: server.counts.in_flight == number, 5)
        reply = post(server)
        assert (reply.status_code, reply.headers["retry-after"]) == (429, "1")
        assert server.counts.most_in_flight == 4
        lines.pop().close()
        lines.append(send(server))  # takes the place at once
        assert server.wait_until(lambda: server.counts.requests == 5, 5)
        assert server.counts.outcomes == {"concurrency": 1, "hang": 1}
        for line in lines:
            line.close()
        assert server.wait_until(lambda: server.counts.in_flight == 0, 5)
        assert server.counts.outcomes == {"concurrency": 1, "hang": 4}


@pytest.mark.parametrize("closed_first", [False, True])
def test_a_request_that_follows_a_closed_one_is_not_beside_it(closed_first: bool) -> None:
    """Whoever closes a connection before he sends the next request is never seen twice, however late the server looks.

    The server has the test's own event loop, so that it sees both at the same time, and in the order of their numbers,
    not in that in which they came.
    """
    text = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}]})
    sent = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()

    async def main() -> Counts:
        tally = Tally()
        app = build_app(
            MockSettings(scenario={"limits": {"concurrency": 1}, "faults": [{"fault": "hang"}]}), tally=tally
        )
        async with listen(app, "127.0.0.1", 0) as listener:
            port = int(listener.url.rpartition(":")[2])
            lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
            first, second = lines if closed_first else lines[::-1]  # the server has accepted them in this order
            for line in lines:
                line.setblocking(False)
            first.send(sent)
            while tally.tell().in_flight == 0:
                await asyncio.sleep(0)
            first.close()
            second.send(sent)
            while tally.tell().requests == 1:
                await asyncio.sleep(0)
            second.close()
            while tally.tell().in_flight:
                await asyncio.sleep(0)
        return tally.tell()

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        counts = runner.run(asyncio.wait_for(main(), 10))
    assert (counts.most_in_flight, counts.outcomes) == (1, {"hang": 2})


def test_calls_that_wait_their_turn_are_never_more() -> None:
    """Threads, of which each asks again as soon as it has its answer."""
    with MockServer() as server, ModelRegistry(openai(server)) as hub:
        model = hub.get_model("m")

        def ask() -> None:
            for _ in range(25):
                assert model("echo: hi").text == "hi"

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.counts.most_in_flight <= 8
        assert server.counts.outcomes == {"ok": 200}


def openai(server: MockServer, name: str = "m", **config: Any) -> dict[str, Any]:
    at = {"model_type": "openai_chat", "client_args": {"base_url": f"{server.url}/v1"}, "api_key": "sk-1"}
    return {"config_name": name, "model_name": name, **at, **config}


def test_a_timeline_by_requests_opens_and_ends_an_outage() -> None:
    timeline = [{"requests": 10}, {"requests": 10, "faults": [{"status": 500}]}]
    with MockServer(scenario={"timeline": timeline}) as server:
        assert [post(server).status_code for _ in range(30)] == [200] * 10 + [500] * 10 + [200] * 10
        assert server.counts.outcomes == {"ok": 20, "500": 10}


def test_a_timeline_by_seconds_in_a_loop() -> None:
    timeline = [{"seconds": 60}, {"seconds": 30, "faults": [{"status": 503, "retry_after": 0.5}]}]
    clock = VirtualClock(1000.0)
    told = []
    with MockServer(scenario={"timeline": timeline, "loop": True}, clock=clock) as server:
        for _ in range(9):
            reply = post(server)
            told.append((reply.status_code, reply.headers.get("retry-after")))
            clock.advance(20)
    fine, out = (200, None), (503, "0.5")
    assert told == [fine, fine, fine, out, out, fine, fine, fine, out]


def test_rules_by_model_and_by_path() -> None:
    rules = [
        {"model": "gpt-4*", "faults": [{"status": 500}]},
        {"path": "*/embeddings", "faults": [{"status": 503}]},
        {"model": "gemini-*", "faults": [{"fault": "quota"}]},
    ]
    with MockServer(scenario={"rules": rules, "faults": [{"status": 418}]}) as server:
        assert post(server, model="gpt-4o").status_code == 500
        assert post(server, "/v1/embeddings", model="emb", input="x").status_code == 503
        assert post(server, "/v1beta/models/gemini-pro:generateContent", model="").status_code == 429
        assert post(server, model="other").status_code == 418
        models = {name: dict(one.outcomes) for name, one in server.counts.models.items()}
    assert models == {
        "gpt-4o": {"500": 1},
        "emb": {"503": 1},
        "gemini-pro": {"quota": 1},
        "other": {"418": 1},
    }


@pytest.mark.parametrize("model_type", STREAMING)
@pytest.mark.parametrize("after", [0, 1, 4, 100])
def test_streams_are_cut_after_so_many_words(model_type: str, after: int) -> None:
    scenario = {"faults": [{"fault": "cut", "after": after}]}
    with MockServer(scenario=scenario) as server:
        pieces = []
        expected = errors.StreamInterruptedError if after else errors.ModelCallError
        with pytest.raises(expected) as caught:
            for delta in build_model(model_type, server.url, **ONCE)("count: 9", stream=True):
                pieces.append(delta.text)
        whole = "1 2 3 4 5 6 7 8 9"
        assert "".join(pieces) == " ".join(whole.split()[:after])
        assert isinstance(caught.value, errors.ConnectionError | errors.StreamInterruptedError)


PAUSES = [
    ("/v1/chat/completions", {"fault": "slow-start"}, 0),
    ("/v1/chat/completions", {"fault": "stall", "after": 0}, 1),  # the first event has an empty text
    ("/v1/chat/completions", {"fault": "stall", "after": 3}, 4),
    ("/v1/embeddings", {"fault": "slow-start"}, 0),
    ("/v1/embeddings", {"fault": "stall"}, 0),
]


@pytest.mark.parametrize(("path", "fault", "events"), PAUSES)
def test_pauses_are_where_they_should_be(path: str, fault: dict[str, Any], events: int) -> None:
    """The head of the reply is there before a slow start, too."""
    body = {"model": "m", "input": "x", "stream": True, "messages": [{"role": "user", "content": "count: 9"}]}
    with MockServer(scenario={"faults": [fault]}) as server:
        port = int(server.url.rpartition(":")[2])
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=0.2)) as line:
            line.request("POST", path, json.dumps(body))
            reply = line.getresponse()
            assert reply.status == 200
            arrived = b""
            with pytest.raises(TimeoutError):
                while True:
                    arrived += reply.read1()
        assert arrived.count(b'"content"') == events
        assert bool(arrived) == (fault["fault"] == "stall")


@pytest.mark.parametrize("chunk_bytes", [None, 7])
@pytest.mark.parametrize(("path", "fault", "events"), PAUSES)
def test_pauses_end_and_nothing_is_lost(path: str, fault: dict[str, Any], events: int, chunk_bytes: int | None) -> None:
    body = {"model": "m", "input": "x", "stream": True, "messages": [{"role": "user", "content": "count: 9"}]}
    scenario = {"faults": [{**fault, "seconds": 0.05}]}
    with MockServer(scenario=scenario, chunk_bytes=chunk_bytes) as server, MockServer() as plain:
        start = time.monotonic()
        slow = requests.post(server.url + path, json=body, timeout=10).content
        assert time.monotonic() - start >= 0.05
        assert slow == requests.post(plain.url + path, json=body, timeout=10).content


def test_latency_and_delays_between_events() -> None:
    scenario = {"latency": 0.05, "chunk_delay": {"uniform": {"min": 0.02, "max": 0.02}}}
    with MockServer(scenario=scenario) as server:
        start = time.monotonic()
        model = build_model("openai_chat", server.url)
        arrived = [time.monotonic() - start for _ in model("count: 5", stream=True)]
    assert arrived[0] >= 0.05 and arrived[-1] >= 0.05 + 6 * 0.02


def test_the_header_and_the_script_win_over_the_scenario() -> None:
    with MockServer(faults=["503"], scenario={"faults": [{"status": 500}], "limits": {"rpm": 4}}) as server:
        server.script("ok", "401")
        asked = {"X-Mock-Fault": "403"}
        chat = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
        status = requests.post(f"{server.url}/v1/chat/completions", json=chat, headers=asked, timeout=10).status_code
        assert [status, *(post(server).status_code for _ in range(4))] == [403, 200, 401, 500, 429]


def test_an_answer_that_the_tokens_do_not_allow_is_kept() -> None:
    clock = VirtualClock()
    with MockServer(scenario={"limits": {"tpm": 58}}, clock=clock) as server:
        server.reply("w " * 50, "second")
        assert post(server).json()["choices"][0]["message"]["content"].startswith("w w")
        assert post(server).status_code == 429
        clock.advance(60)
        assert post(server).json()["choices"][0]["message"]["content"] == "second"


def test_counts_of_what_was_not_answered() -> None:
    with MockServer(api_key="sk-1", scenario={"latency": 30}) as server:
        assert post(server).status_code == 401
        headers = {"Authorization": "Bearer sk-1"}
        bad = requests.post(f"{server.url}/v1/chat/completions", data="no", headers=headers, timeout=10)
        assert bad.status_code == 400
        chat = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
        with pytest.raises(requests.Timeout):
            requests.post(f"{server.url}/v1/chat/completions", json=chat, headers=headers, timeout=0.5)
        assert server.wait_until(lambda: server.counts.in_flight == 0, 5)
        counts = server.counts
        assert counts.outcomes == {"refused": 2, "left": 1}
        assert {name: one.requests for name, one in counts.models.items()} == {"m": 2, "": 1}
        told = requests.get(f"{server.url}/mock/counts", timeout=10).json()
    assert told == counts.to_json()
    assert told["models"]["m"] == {
        "requests": 2,
        "in_flight": 0,
        "most_in_flight": 1,
        "outcomes": told["models"]["m"]["outcomes"],
    }


def test_awaited_calls_that_are_cancelled_are_gone_from_the_server() -> None:
    async def main(server: MockServer) -> None:
        async with ModelRegistry(openai(server)) as hub:
            model = hub.get_model("m")
            for _ in range(20):
                call = asyncio.create_task(model.acall("echo: hi"))
                asked = server.counts.requests
                while server.counts.requests == asked:
                    await asyncio.sleep(0.001)
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call

    with MockServer(scenario={"faults": [{"fault": "hang"}]}) as server:
        asyncio.run(main(server))
        assert server.wait_until(lambda: server.counts.in_flight == 0, 5)
        assert server.counts.outcomes == {"hang": 20}


def test_the_command(tmp_path: Path, unused_port: int) -> None:
    (tmp_path / "outage.yaml").write_text("timeline: [{requests: 1, faults: [{status: 503}]}]\n")
    command = [sys.executable, "-m", "modelhub", "mock", "--port", str(unused_port), "--scenario", "outage.yaml"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{unused_port}"
        assert url in process.stdout.readline()
        chat = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
        seen = [requests.post(f"{url}/v1/chat/completions", json=chat, timeout=10).status_code for _ in range(2)]
        assert seen == [503, 200]
        assert requests.get(f"{url}/mock/counts", timeout=10).json()["outcomes"] == {"503": 1, "ok": 1}
        process.send_signal(signal.SIGINT)
        assert process.wait(10) in (0, 130)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "limits:\n  concurency: 8\n",
            "outage.yaml:2:3: MH103 unknown key 'concurency' in limits; did you mean 'concurrency'?\n"
            "  2 |   concurency: 8\n"
            "    |   ^^^^^^^^^^\n",
        ),
        (None, "outage.yaml: MH101 the path outage.yaml does not exist\n"),
    ],
)
def test_the_command_refuses_a_wrong_scenario(tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "outage.yaml").write_text(text)
    command = [sys.executable, "-m", "modelhub", "mock", "--port", "0", "--scenario", "outage.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=30)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == says
