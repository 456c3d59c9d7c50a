"""Whatever a server sends around a reply, no later call gets bytes that were not sent for it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from modelhub import ModelRegistry, errors

from .server import CERTIFICATE, RawServer, body, build_tls, chunked, read_request, reply

EVIL = reply("EVIL")
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"
PIECES = st.sampled_from(
    [
        EVIL,
        chunked("EVIL"),
        INTERIM,
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"\r\n",
        b"0\r\n\r\n",
        b"x",
    ]
)
SURPLUS = st.one_of(st.lists(PIECES, max_size=3).map(b"".join), st.binary(max_size=40))
PLANS = st.fixed_dictionaries(
    {
        "before": st.lists(st.just(INTERIM), max_size=3).map(b"".join),
        "framing": st.sampled_from(["length", "chunks", "both", "two", "end"]),
        "after": SURPLUS,
        "later": SURPLUS,
        "stream": st.booleans(),
    }
)
DELTA = 'data: {"choices": [{"index": 0, "delta": {"content": "%s"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'


class Server(RawServer):
    """Answers each request as the plan in its prompt says; ``sent`` is set once it has sent all."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(self._answer, **settings)
        self.sent = threading.Event()

    def _answer(self, connection: Any, number: int) -> None:
        while request := read_request(connection):
            sent = json.loads(request.partition(b"\r\n\r\n")[2])
            plan = json.loads(sent["messages"][-1]["content"])
            data = (DELTA % plan["name"]).encode() if sent.get("stream") else body(plan["name"])
            length, size = f"Content-Length: {len(data)}\r\n", f"{len(data):x}"
            fields, content = {
                "length": (length, data),
                "two": (length * 2, data),
                "chunks": ("Transfer-Encoding: chunked\r\n", f"{size}\r\n{data.decode()}\r\n0\r\n\r\n".encode()),
                "both": (
                    f"Transfer-Encoding: chunked\r\n{length}",
                    f"{size}\r\n{data.decode()}\r\n0\r\n\r\n".encode(),
                ),
                "end": ("", data),
            }[plan["framing"]]
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{fields}\r\n".encode()
            connection.sendall(plan["before"].encode("latin-1") + head + content + plan["after"].encode("latin-1"))
            connection.sendall(plan["later"].encode("latin-1"))
            self.sent.set()
            if plan["framing"] == "end":
                return


@pytest.fixture(scope="module", params=["TCP", "TLS"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with Server(tls=build_tls() if request.param == "TLS" else None) as server:
        yield server


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch, clean_environment: None) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


@pytest.fixture(scope="module")
def model(server: Server) -> Iterator[Any]:
    client_args = {"base_url": f"{server.url}/v1"}
    config = {"config_name": "m", "model_type": "openai_chat", "client_args": client_args}
    with ModelRegistry({**config, "timeout": 5, "retry": {"max_attempts": 2, "initial": 0}}) as hub:
        yield hub.get_model("m")


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


COUNT = iter(range(1 << 60))
PLAIN = {"before": b"", "framing": "length", "after": b"", "later": b"", "stream": False}
TRAILED = {**PLAIN, "after": EVIL}
FOLLOWED = {**PLAIN, "later": EVIL}


def build_prompt(plan: dict[str, Any]) -> tuple[str, str]:
    """The name of a call, which its answer must be, and its prompt."""
    name = f"call {next(COUNT)}"
    told = {key: value.decode("latin-1") if isinstance(value, bytes) else value for key, value in plan.items()}
    return name, json.dumps({**told, "name": name})


@example(TRAILED)
@example(FOLLOWED)
@example({**FOLLOWED, "framing": "chunks"})
@example({**TRAILED, "framing": "chunks", "stream": True})
@example({**FOLLOWED, "framing": "chunks", "stream": True})
@example({**PLAIN, "after": EVIL[:30], "later": EVIL[30:]})
@example({**PLAIN, "before": INTERIM * 3, "framing": "chunks", "stream": True})
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLANS)
def test_blocking_calls_get_their_own_answers(server: Server, model: Any, plan: dict[str, Any]) -> None:
    for step in (plan, PLAIN):
        name, prompt = build_prompt(step)
        server.sent.clear()
        try:
            text = model(prompt, stream=step["stream"]).text
        except errors.ModelCallError:
            assert step is plan, "a plain reply was spoilt by what came before"
            text = name
        assert text == name
        assert server.sent.wait(5)


@example(TRAILED)
@example(FOLLOWED)
@example({**FOLLOWED, "framing": "chunks"})
@example({**TRAILED, "framing": "chunks", "stream": True})
@example({**FOLLOWED, "framing": "chunks", "stream": True})
@example({**PLAIN, "after": EVIL[:30], "later": EVIL[30:]})
@example({**PLAIN, "before": INTERIM * 3, "framing": "chunks", "stream": True})
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLANS)
def test_awaited_calls_get_their_own_answers(
    server: Server, model: Any, loop: asyncio.Runner, plan: dict[str, Any]
) -> None:
    async def ask(prompt: str, stream: bool) -> Any:
        response = await model.acall(prompt, stream=stream)
        return (await response.complete()).text if stream else response.text

    async def main() -> None:
        for step in (plan, PLAIN):
            name, prompt = build_prompt(step)
            server.sent.clear()
            try:
                text = await ask(prompt, step["stream"])
            except errors.ModelCallError:
                assert step is plan, "a plain reply was spoilt by what came before"
                text = name
            assert text == name
            assert server.sent.wait(5)

    loop.run(main())


@pytest.mark.parametrize("how", ["blocking", "awaited"])
def test_clean_connections_are_kept(server: Server, model: Any, loop: asyncio.Runner, how: str) -> None:
    before = server.connections
    plans = [
        {**PLAIN, "framing": framing, "before": INTERIM, "stream": stream}
        for framing in ("length", "chunks")
        for stream in (False, True)
    ]
    for plan in plans * 3:
        name, prompt = build_prompt(plan)
        if how == "blocking":
            assert model(prompt, stream=plan["stream"]).text == name
        else:

            async def ask(prompt: str = prompt, stream: Any = plan["stream"]) -> Any:
                response = await model.acall(prompt, stream=stream)
                return (await response.complete()).text if stream else response.text

            assert loop.run(ask()) == name
    assert server.connections - before <= 1
