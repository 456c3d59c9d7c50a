"""Calls as spans and metrics: by the conventions, with the right parents, and current where they should be."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.trace import SpanKind, StatusCode

from modelhub import ConfigError, ModelRegistry, ModelWrapperBase, errors
from modelhub.telemetry.otel import build_observer
from modelhub.testing import MockServer, Replay, VirtualClock

from .traces import ASKED, Traces, find_traces, happened, ident, parent, told

CHAT: dict[str, Any] = {"config_name": "gpt", "model_type": "openai_chat", "model_name": "gpt-4o", "api_key": "sk-1"}
HELLO = {
    "status": 200,
    "headers": {"x-request-id": "r1"},
    "body": '{"id": "c1", "model": "gpt-4o-2", "choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}],'
    ' "usage": {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1},'
    ' "completion_tokens_details": {"reasoning_tokens": 0}}}',
}
BUSY = {"status": 429, "headers": {"Retry-After": "2"}, "body": '{"error": {"message": "busy"}}'}
WRONG = {"status": 400, "body": '{"error": {"message": "no"}}'}
PIECE = 'data: {"id": "c2", "choices": [{"index": 0, "delta": {"content": "hi "}}]}\n\n'
END = 'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
STREAM = {"status": 200, "headers": {"content-type": "text/event-stream"}, "chunks": [PIECE, PIECE, END]}
CUT = {**STREAM, "chunks": [PIECE], "end": "abrupt"}


@pytest.fixture
def traces() -> Traces:
    traces = find_traces()
    traces.clear()
    return traces


@pytest.fixture(params=["sync", "async"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def replay(exchanges: list[Any], *configs: dict[str, Any], wrappers: tuple[Any, ...] = ()) -> ModelRegistry:
    hub = ModelRegistry([*configs], observers=[build_observer()], wrappers=wrappers)
    drivers = Replay(exchanges, clock=VirtualClock())
    for name in hub.names():
        hub.get_model(name).drivers = drivers
    return hub


def ask(way: str, model: Any, *args: Any, **options: Any) -> Any:
    """The answer of a model, read to its end; an error of ours is returned."""

    async def wait() -> Any:
        response = await model.acall(*args, **options)
        async for _ in response:
            pass
        return response

    try:
        if way == "async":
            return asyncio.run(wait())
        response = model(*args, **options)
        list(response)
        return response
    except errors.ModelCallError as error:
        return error


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_is_a_span(traces: Traces, way: str, stream: bool) -> None:
    price = {"prompt": 2, "cached": 1, "completion": 10, "per": 1}
    with replay([STREAM if stream else HELLO], {**CHAT, "generate_args": {"top_p": 0.5}, "price": price}) as hub:
        ask(way, hub.get_model("gpt"), "Hi", temperature=1, max_tokens=9, stop="END", n=2, tags=["a"], stream=stream)
    span = traces.span("chat gpt-4o")
    attributes = dict(told(span))
    assert len(attributes.pop("modelhub.call_id")) == 16
    asked = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.temperature": 1.0,
        "gen_ai.request.top_p": 0.5,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.request.choice.count": 2,
        "server.address": "api.openai.com",
        "server.port": 443,
        "modelhub.config_name": "gpt",
        "modelhub.model_type": "openai_chat",
    }
    answered: dict[str, Any] = {
        "gen_ai.response.id": "c1",
        "gen_ai.response.model": "gpt-4o-2",
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.usage.cache_read.input_tokens": 1,
        "gen_ai.usage.reasoning.output_tokens": 0,
        "modelhub.request_id": "r1",
        "modelhub.cost": 25.0,
        "modelhub.currency": "USD",
    }
    if stream:
        answered = {
            "gen_ai.response.id": "c2",
            "gen_ai.request.stream": True,
            "gen_ai.response.time_to_first_chunk": 0.0,
        }
    attributes.pop("modelhub.tags", None)
    assert attributes == {
        **asked,
        **answered,
        "gen_ai.response.finish_reasons": ("stop",),
        "modelhub.attempts": 1,
    }
    assert (span.kind, span.status.status_code) == (SpanKind.CLIENT, StatusCode.UNSET)
    assert happened(span) == (["attempt", "first_token"] if stream else ["attempt"])


@pytest.mark.parametrize(
    ("exchanges", "options", "error", "events"),
    [
        ([BUSY, HELLO], {}, None, ["attempt", "attempt_failed", "retry", "attempt"]),
        ([WRONG], {}, "BadRequestError", ["attempt", "attempt_failed"]),
        ([CUT], {"stream": True}, "StreamInterruptedError", ["attempt", "first_token", "attempt_failed"]),
        ([], {"proxy": "x"}, "BadRequestError", []),
    ],
    ids=["retried", "refused", "cut", "not sent"],
)
def test_what_goes_wrong(
    traces: Traces, way: str, exchanges: list[Any], options: dict[str, Any], error: str | None, events: list[str]
) -> None:
    with replay(exchanges, CHAT) as hub:
        outcome = ask(way, hub.get_model("gpt"), "Hi", **options)
    span = traces.span("chat gpt-4o")
    assert happened(span) == events
    assert told(span).get("error.type") == error == (type(outcome).__name__ if error else None)
    assert span.status.status_code is (StatusCode.ERROR if error else StatusCode.UNSET)
    (point,) = traces.points()["gen_ai.client.operation.duration"]
    assert point.attributes.get("error.type") == error
    if "retry" in events:
        failed, repeated = span.events[1], span.events[2]
        assert (failed.attributes or {})["http.response.status_code"] == 429
        assert (repeated.attributes or {})["error.type"] == "RateLimitError"
        waited = float((repeated.attributes or {})["modelhub.wait"])  # type: ignore[arg-type]
        assert waited >= 2.0 and span.end_time is not None and span.start_time is not None
        assert (span.end_time - span.start_time) / 1e9 == pytest.approx(waited, abs=0.001)  # by the clock of the call
        assert point.sum == pytest.approx(waited)


KINDS: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "embeddings": (
        {"model_type": "openai_embedding", "model_name": "e"},
        "embeddings e",
        {"gen_ai.operation.name": "embeddings", "gen_ai.provider.name": "openai"},
    ),
    "image": (
        {"model_type": "openai_dall_e", "model_name": "d"},
        "generate_content d",
        {"gen_ai.operation.name": "generate_content", "gen_ai.output.type": "image"},
    ),
    "gemini": (
        {"model_type": "gemini_chat", "model_name": "g"},
        "chat g",
        {"gen_ai.provider.name": "gcp.gemini", "server.address": "generativelanguage.googleapis.com"},
    ),
    "vendor": (
        {"model_type": "openai_chat", "model_name": "l", "vendor": "mistral"},
        "chat l",
        {"gen_ai.provider.name": "mistral_ai", "server.address": "api.mistral.ai"},
    ),
    "host": (
        {"model_type": "openai_chat", "model_name": "l", "client_args": {"base_url": "https://api.x.ai/v1"}},
        "chat l",
        {"gen_ai.provider.name": "x_ai"},
    ),
    "private": (
        {"model_type": "post_api_chat", "api_url": "http://models.internal:8080/chat"},
        "chat m",
        {"gen_ai.provider.name": "post_api", "server.address": "models.internal", "server.port": 8080},
    ),
}


@pytest.mark.parametrize(("config", "name", "attributes"), KINDS.values(), ids=KINDS)
def test_kinds_of_models(traces: Traces, config: dict[str, Any], name: str, attributes: dict[str, Any]) -> None:
    with replay([WRONG], {"config_name": "m", "api_key": "k", **config}) as hub:
        ask("sync", hub.get_model("m"), "Hi")
    span = traces.span(name)
    assert told(span).items() >= attributes.items()
    assert span.kind is SpanKind.CLIENT


def test_metrics(traces: Traces) -> None:
    embedding = {"config_name": "e", "model_type": "openai_embedding", "model_name": "e", "api_key": "k"}
    vectors = {"status": 200, "body": '{"data": [{"embedding": [0.5], "index": 0}], "usage": {"prompt_tokens": 7}}'}
    with replay([HELLO, STREAM, vectors], CHAT, embedding) as hub:
        ask("sync", hub.get_model("gpt"), "Hi")
        ask("sync", hub.get_model("gpt"), "Hi", stream=True)
        ask("sync", hub.get_model("e"), "Hi")
    points = traces.points()
    assert {name: sum(point.count for point in found) for name, found in points.items()} == {
        "gen_ai.client.operation.duration": 3,
        "gen_ai.client.operation.time_to_first_chunk": 1,
        "gen_ai.client.token.usage": 3,
    }
    tokens = {
        (point.attributes["gen_ai.request.model"], point.attributes["gen_ai.token.type"]): point.sum
        for point in points["gen_ai.client.token.usage"]
    }
    assert tokens == {("gpt-4o", "input"): 3, ("gpt-4o", "output"): 2, ("e", "input"): 7}
    assert points["gen_ai.client.token.usage"][0].explicit_bounds[:4] == (1, 4, 16, 64)
    assert points["gen_ai.client.operation.duration"][0].explicit_bounds[-1] == 81.92
    assert points["gen_ai.client.operation.duration"][0].attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2",
        "server.address": "api.openai.com",
        "server.port": 443,
        "modelhub.config_name": "gpt",
    }


BOTH = ({**CHAT, "config_name": "a"}, {**CHAT, "config_name": "b", "model_name": "big"})


def test_a_composite_is_the_parent_of_its_targets(traces: Traces, way: str) -> None:
    fallback = {"config_name": "safe", "model_type": "fallback", "models": ["a", "b"]}
    outer = {"config_name": "outer", "model_type": "fallback", "models": ["safe"]}
    limit = {"status": 429, "body": '{"error": {"code": "insufficient_quota", "message": "no more"}}'}
    with ASKED.start_as_current_span("request"), replay([limit, HELLO], *BOTH, fallback, outer) as hub:
        assert ask(way, hub.get_model("outer"), "Hi").text == "Hello"
    request, invoked, safe = map(traces.span, ("request", "invoke outer fallback", "invoke safe fallback"))
    first, second = traces.span("chat gpt-4o"), traces.span("chat big")
    assert [parent(span) for span in (invoked, safe, first, second)] == [
        *map(ident, (request, invoked, safe, safe)),
    ]
    assert [told(span).get("error.type") for span in (invoked, safe, first, second)] == [
        *(None, None, "QuotaExceededError", None),
    ]
    assert (happened(safe), happened(invoked)) == (["fallback"], [])
    assert dict(safe.events[0].attributes or {}) == {
        "modelhub.failed": "a",
        "modelhub.target": "b",
        "error.type": "QuotaExceededError",
    }
    assert safe.kind is SpanKind.INTERNAL and told(safe)["modelhub.config_name"] == "safe"
    assert not any(name.startswith("gen_ai.") for name in told(safe))  # its targets tell that, and sums stay right
    assert sum(point.count for point in traces.points()["gen_ai.client.operation.duration"]) == 2


def test_a_stream_of_a_composite(traces: Traces, way: str) -> None:
    fallback = {"config_name": "safe", "model_type": "fallback", "models": ["a", "b"]}
    with replay([{"status": 500, "body": ""}] * 3 + [STREAM], *BOTH, fallback) as hub:
        ask(way, hub.get_model("safe"), "Hi", stream=True)
    composite = traces.span("invoke safe fallback")
    assert {parent(span) for span in traces.spans()} == {ident(composite), None}
    assert happened(traces.span("chat big")) == ["attempt", "first_token"]


class Recording(ModelWrapperBase):
    """What all wrappers below do: they note which span is current, and ask another model."""

    seen: list[Any]
    inner: Any

    def look(self) -> None:
        self.seen.append(trace.get_current_span().get_span_context().span_id)


class Plain(Recording):
    model_type = "plain"

    def __call__(self, messages: Any) -> str:
        self.look()
        return str(self.inner(messages).text)


class Awaited(Recording):
    model_type = "awaited"

    async def acall(self, messages: Any) -> str:
        self.look()
        await asyncio.sleep(0)
        return str((await self.inner.acall(messages)).text)


class Pieces(Recording):
    model_type = "pieces"

    def __call__(self, messages: Any) -> Iterator[str]:
        self.look()
        yield "one"
        self.look()
        yield f"one {self.inner(messages).text}"


class AwaitedPieces(Recording):
    model_type = "awaited_pieces"

    async def acall(self, messages: Any) -> AsyncIterator[str]:
        self.look()
        yield "one"
        self.look()
        yield f"one {(await self.inner.acall(messages)).text}"


class Threaded(Recording):
    model_type = "threaded"

    def __call__(self, messages: Any) -> str:
        here = contextvars.copy_context()
        thread = threading.Thread(target=here.run, args=(self.look,))
        thread.start()
        thread.join()
        return str(self.inner(messages).text)


@pytest.mark.parametrize(
    ("wrapper", "ways"),
    [
        (Plain, ["sync", "async"]),
        (Awaited, ["async"]),
        (Pieces, ["sync", "async"]),
        (AwaitedPieces, ["async"]),
        (Threaded, ["sync", "async"]),
    ],
)
@pytest.mark.parametrize("bounded", [False, True])
def test_the_span_is_current_in_the_code_of_a_model(
    traces: Traces, wrapper: type[Recording], ways: list[str], bounded: bool
) -> None:
    config = {"config_name": "own", "model_type": wrapper.model_type, **({"timeout": 60} if bounded else {})}
    for way in ways:
        traces.clear()
        with replay([HELLO], CHAT, config, wrappers=(wrapper,)) as hub:
            model = hub.get_model("own")
            model.seen, model.inner = [], hub.get_model("gpt")
            with ASKED.start_as_current_span("request"):
                ask(way, model, "Hi")
        own, inner, request = traces.span("chat own"), traces.span("chat gpt-4o"), traces.span("request")
        assert set(model.seen) == {ident(own)}
        assert (parent(own), parent(inner)) == (ident(request), ident(own))


@pytest.mark.parametrize("kind", ["http", "python"])
def test_who_reads_a_stream_is_not_inside_it(traces: Traces, way: str, kind: str) -> None:
    seen: list[str] = []

    def look() -> None:
        with ASKED.start_as_current_span("reader") as span:
            seen.append(format(span.get_span_context().trace_id))

    async def read(model: Any) -> None:
        async for _ in await model.acall("Hi", **options):
            look()

    options = {"stream": True} if kind == "http" else {}
    with replay([STREAM if kind == "http" else HELLO], CHAT, {"config_name": "own", "model_type": "pieces"}) as hub:
        model = hub.get_model("gpt" if kind == "http" else "own")
        model.seen, model.inner = [], hub.get_model("gpt")
        if way == "async":
            asyncio.run(read(model))
        else:
            for _ in model("Hi", **options):
                look()
    assert len(seen) >= 2
    assert [parent(span) for span in traces.spans() if span.name == "reader"] == [None] * len(seen)


def _close(response: Any) -> None:
    response.close()


def _leave(response: Any) -> None:
    for _ in response:
        break


@pytest.mark.parametrize("end", [list, _close, _leave])
def test_the_span_of_a_stream_ends_with_it(traces: Traces, end: Any) -> None:
    with replay([STREAM], CHAT) as hub:
        response = hub.get_model("gpt")("Hi", stream=True)
        assert traces.spans() == []
        end(response)
        del response
        gc.collect()
        span = traces.span("chat gpt-4o")
    assert span.status.status_code is StatusCode.UNSET
    assert ("gen_ai.response.finish_reasons" in told(span)) == (end is list)


@pytest.mark.parametrize("how", ["close", "drop"])
def test_the_span_of_an_awaited_stream_ends_with_it(traces: Traces, how: str) -> None:
    async def begin() -> None:
        response = await hub.get_model("gpt").acall("Hi", stream=True)
        async for _ in response:
            break
        if how == "close":
            response.close()
        del response
        gc.collect()
        async with asyncio.timeout(60):
            while not traces.spans():  # the loop closes what was left
                await asyncio.sleep(0)
        assert traces.span("chat gpt-4o").status.status_code is StatusCode.UNSET

    with replay([STREAM], CHAT) as hub:
        asyncio.run(begin())


def test_a_cancelled_call(traces: Traces) -> None:
    async def cancel() -> None:
        task = asyncio.ensure_future(hub.get_model("slow").acall("Hi"))
        while not started:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    class Slow(ModelWrapperBase):
        model_type = "slow"

        async def acall(self, messages: Any) -> str:
            started.append(True)
            await asyncio.Event().wait()
            return ""

    started: list[bool] = []
    with replay([], {"config_name": "slow", "model_type": "slow"}, wrappers=(Slow,)) as hub:
        asyncio.run(cancel())
    assert told(traces.span("chat slow"))["error.type"] == "CancelledError"


def test_calls_at_the_same_time_have_their_own_parents(traces: Traces, server: MockServer) -> None:
    config = {**CHAT, "client_args": {"base_url": f"{server.url}/v1"}}

    async def one(n: int) -> None:
        with ASKED.start_as_current_span(f"task {n}"):
            await model.acall("Hi")

    async def many() -> None:
        await asyncio.gather(*map(one, range(5)))

    def other(n: int) -> None:
        with ASKED.start_as_current_span(f"thread {n}"):
            model("Hi")

    with ModelRegistry(config, observers=[build_observer()]) as hub:
        model = hub.get_model("gpt")
        asyncio.run(many())
        threads = [threading.Thread(target=other, args=(n,)) for n in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    spans = traces.spans()
    parents = sorted(ident(span) for span in spans if span.name != "chat gpt-4o")
    assert sorted(parent(span) or 0 for span in spans if span.name == "chat gpt-4o") == parents


@pytest.mark.parametrize("batch", [None, {"max_wait": 60, "max_size": 4}])
def test_embeddings_in_parts_and_batches(traces: Traces, server: MockServer, batch: Any) -> None:
    config = {
        "config_name": "e",
        "model_type": "openai_embedding",
        "model_name": "e",
        "api_key": "k",
        "client_args": {"base_url": f"{server.url}/v1"},
        "generate_args": {"dimensions": 3},
        **({"batch": batch} if batch else {}),
    }

    async def one(n: int) -> None:
        with ASKED.start_as_current_span(f"task {n}"):
            await model.acall([f"{n} {m}" for m in range(2)] if batch else [str(m) for m in range(2100)])

    async def many() -> None:
        await asyncio.gather(*map(one, range(2 if batch else 1)))

    with ModelRegistry(config, observers=[build_observer()]) as hub:
        model = hub.get_model("e")
        asyncio.run(many())
    spans = [span for span in traces.spans() if span.name == "embeddings e"]
    asked = [span for span in traces.spans() if span.name != "embeddings e"]
    assert sorted(parent(span) or 0 for span in spans) == sorted(map(ident, asked))
    assert all(told(span)["gen_ai.embeddings.dimension.count"] == 3 for span in spans)
    assert not any("gen_ai.usage.output_tokens" in told(span) for span in spans)


class TestPropagation:
    CONFIG = {**CHAT, "propagate": True, "retry": {"initial": 0.001}}

    def test_each_request_says_which_span_it_is_of(self, traces: Traces, way: str, server: MockServer) -> None:
        server.script("503;retry-after-ms=1", "ok")
        config = {**self.CONFIG, "client_args": {"base_url": f"{server.url}/v1"}}
        token = context.attach(baggage.set_baggage("tenant", "blue"))
        try:
            with ModelRegistry(config, observers=[build_observer()]) as hub:
                ask(way, hub.get_model("gpt"), "Hi", stream=True)
        finally:
            context.detach(token)
        of = traces.span("chat gpt-4o").get_span_context()
        sent = [request.headers for request in server.requests]
        assert len(sent) == 2
        for headers in sent:
            assert headers["traceparent"].startswith(f"00-{of.trace_id:032x}-{of.span_id:016x}-")
            assert headers["baggage"] == "tenant=blue"

    @pytest.mark.parametrize(
        ("config", "observers", "options", "sent"),
        [
            ({"propagate": False}, True, {}, None),
            ({}, False, {}, None),
            ({}, True, {"extra_headers": {"Traceparent": "mine"}}, "mine"),
            ({"headers": {"traceparent": "ours"}}, True, {}, "ours"),
        ],
        ids=["off", "no observer", "of the call", "of the config"],
    )
    def test_who_decides(self, config: Any, observers: bool, options: Any, sent: str | None) -> None:
        with ModelRegistry({**self.CONFIG, **config}, observers=[build_observer()] if observers else []) as hub:
            model = hub.get_model("gpt")
            model.drivers = drivers = Replay([HELLO])
            model("Hi", **options)
        (request,) = drivers.requests
        assert {name.lower(): value for name, value in request.headers.items()}.get("traceparent") == sent

    def test_kept_answers_are_found_all_the_same(self, traces: Traces) -> None:
        with replay([HELLO], {**self.CONFIG, "cache": {"store": "memory"}}) as hub:
            for _ in range(2):
                hub.get_model("gpt")("Hi", extra_headers={"X-Team": "a"})
        asked, kept = traces.spans()
        assert (happened(asked), happened(kept)) == (["attempt"], ["cache_hit"])
        assert told(kept)["modelhub.cached"] is True
        assert [point.count for point in traces.points()["gen_ai.client.token.usage"]] == [1, 1]

    def test_a_model_that_connects_by_itself_has_no_such_key(self) -> None:
        class Own(ModelWrapperBase):
            model_type = "own_connections"

            def __call__(self, messages: Any) -> str:
                return ""

        config = {"config_name": "m", "model_type": "own_connections", "propagate": True}
        with pytest.raises(ConfigError) as raised, ModelRegistry(config, wrappers=[Own]) as hub:
            hub.get_model("m")
        (problem,) = raised.value.problems
        assert (problem.code, "what instruments its library" in (problem.hint or "")) == ("MH103", True)


def test_without_a_provider_nothing_is_told_and_a_trace_goes_on() -> None:
    program = """
from opentelemetry import context, propagate
from modelhub import ModelRegistry, ModelWrapperBase
from modelhub.telemetry.otel import build_observer
from modelhub.testing import Replay

class Own(ModelWrapperBase):
    model_type = "own"
    def __call__(self, messages):
        return "hi"

chat = {"config_name": "gpt", "model_type": "openai_chat", "api_key": "k", "propagate": True}
came = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
with ModelRegistry([chat, {"config_name": "own", "model_type": "own"}], observers=[build_observer()]) as hub:
    model = hub.get_model("gpt")
    body = '{"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}'
    model.drivers = replay = Replay([{"status": 200, "body": body}] * 2)
    model("Hi")
    hub.get_model("own")("Hi")
    context.attach(propagate.extract({"traceparent": came}))
    model("Hi")
print([request.headers.get("traceparent") for request in replay.requests] == [None, came])
"""
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_it_takes_no_text() -> None:
    with pytest.raises(ValueError, match="takes no text"):
        build_observer("http://localhost:4318")
