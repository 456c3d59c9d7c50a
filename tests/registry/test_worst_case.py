"""The worst case that is told of models is what the engine comes to when everything fails, and never more.

Trees of models are drawn at random. Their servers fail in each way that can make a call longer or more often tried.
"""

from __future__ import annotations

import asyncio
import random
from itertools import product
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub import ModelRegistry
from modelhub.aio import AioDriver
from modelhub.engine.connection_errors import out_of_time
from modelhub.errors import ModelCallError
from modelhub.overriding import override
from modelhub.sync import SyncDriver
from modelhub.testing import VirtualDrivers
from modelhub.wire import Reply, Request

Config = dict[str, Any]
BUSY = b'{"error": {"message": "busy"}}'
OUT_OF_CREDIT = b'{"error": {"message": "no credit", "code": "insufficient_quota"}}'


class Forever(BaseException):
    """A server answers with a byte now and then, and nothing ends it."""


class FailingServers(VirtualDrivers):
    """Servers that fail at once and want to be asked again soon; with ``slow``, they keep each call to its end."""

    def __init__(self, *, slow: bool = False) -> None:
        super().__init__()
        self.slow = slow
        self.asked: list[str] = []

    @override
    def build_sync(self) -> SyncDriver:
        return SyncDriver(self, self.virtual.sleep)

    @override
    def build_aio(self) -> AioDriver:
        return AioDriver(Session(self), self.virtual.asleep)

    def fetch(self, request: Request) -> Reply:
        self.asked.append(request.url)
        if not self.slow:
            return Reply(503, {"content-type": "application/json", "retry-after-ms": "0.001"}, BUSY)
        if request.deadline is None:
            raise Forever
        self.virtual.advance(max(request.deadline.at - self.clock(), 0.0))
        raise out_of_time()

    @override
    def close(self) -> None:
        """There is nothing to close."""


class Session:
    """The same servers for an event loop."""

    def __init__(self, servers: FailingServers) -> None:
        self.servers = servers

    async def fetch(self, request: Request) -> Reply:
        return self.servers.fetch(request)


class MoodyServers(FailingServers):
    """Servers that fail now in this way, now in that, and take their time; some answer."""

    def __init__(self, choose: random.Random) -> None:
        super().__init__()
        self.choose = choose

    @override
    def fetch(self, request: Request) -> Reply:
        self.asked.append(request.url)
        left = inf if request.deadline is None else max(request.deadline.at - self.clock(), 0.0)
        seconds = self.choose.choice([0.0, 0.0, 0.1, 1.0, 30.0])
        self.virtual.advance(min(seconds, left))
        if seconds >= left:
            raise out_of_time()
        status = self.choose.choice([429, 500, 503, 503, 400, 200])
        headers = {"content-type": "application/json"}
        if self.choose.random() < 0.5:
            headers["retry-after"] = self.choose.choice(["0", "0.001", "0.5", "1", "60", "1000"])
        reply = Reply(status, headers)
        reply.body = self.choose.choice([BUSY, OUT_OF_CREDIT, b"{", b'{"choices": [{"message": {"content": "hi"}}]}'])
        return reply


class Draw:
    """Draws a tree of models; in each router, a tag of the call says which route is taken."""

    def __init__(self, seed: int, depth: int) -> None:
        self.choose = random.Random(seed)
        self.configs: list[Config] = []
        self.routes: list[list[str]] = []
        self.root = self.composite(depth)

    def add(self, kind: str, **config: Any) -> str:
        name = f"{kind}{len(self.configs)}"
        self.configs.append({"config_name": name, **config})
        return name

    def seconds(self, *numbers: float) -> float:
        return self.choose.choice(numbers)

    def leaf(self) -> str:
        retry: Config = {"max_attempts": self.choose.randint(1, 4), "initial": self.seconds(0, 0.5, 2)}
        retry["max"] = self.seconds(0.5, 1, 60)
        name = self.add("leaf", model_type="openai_chat", api_key="k", retry=retry)
        self.configs[-1]["client_args"] = {"base_url": f"http://{name}/v1"}
        timeout = self.choose.choice(
            [None, 5, {"idle": 3}, *4 * [{"total": self.seconds(0.25, 0.375, 1, 1.125, 3, 20)}]]
        )
        if timeout is not None:
            self.configs[-1]["timeout"] = timeout
        return name

    def composite(self, depth: int) -> str:
        if self.choose.random() < 0.5:
            keys: Config = {"model_type": "fallback", "models": self.targets(depth)}
            if self.choose.random() < 0.2:
                keys["on_error"] = []
        else:
            keys = {"model_type": "router", "routes": [], "otherwise": self.choose.choice(["fail", "next"])}
            for _ in range(self.choose.randint(1, 2)):
                keys["routes"].append(self.route(depth, keys["otherwise"]))
        if self.choose.random() < 0.4:
            total = self.seconds(0.25, 0.375, 0.75, 1, 2.5, 6)
            keys["timeout"] = self.choose.choice([total, {"total": total, "connect": 1}])
        name = self.add("composite", **keys)
        if "routes" in keys:
            tags = [f"{name}-{n}" for n in range(len(keys["routes"]))]
            for tag, route in zip(tags, keys["routes"], strict=True):
                route["when"] = {"tags": [tag]}
            self.routes.append(tags)
        return name

    def targets(self, depth: int) -> list[str]:
        return [self.target(depth) for _ in range(self.choose.randint(1, 2))]

    def target(self, depth: int) -> str:
        return self.composite(depth - 1) if depth > 1 and self.choose.random() < 0.4 else self.leaf()

    def route(self, depth: int, otherwise: str) -> Config:
        targets = self.targets(depth)
        if otherwise == "next":
            return {"to": targets}
        return {"to": {target: int(target == targets[0]) for target in targets}}


def ask(hub: ModelRegistry, name: str, servers: FailingServers, tags: tuple[str, ...], *, wait: bool = False) -> Any:
    """The error of a call that fails, of one that succeeds None."""
    for each in hub.names():
        hub.get_model(each).drivers = servers
    model = hub.get_model(name)
    try:
        if wait:
            asyncio.run(model.acall("hello", tags=tags))
        else:
            model("hello", tags=tags)
    except ModelCallError as error:
        return error
    return None


@settings(deadline=None)
@given(st.integers(0, 10**12), st.integers(1, 4))
def test_the_engine_comes_to_exactly_the_worst_case(seed: int, depth: int) -> None:
    draw = Draw(seed, depth)
    with ModelRegistry(draw.configs) as hub:
        tree = hub.tree(draw.root)
        assert tree is not None
        most, longest = 0, 0.0
        for n, tags in enumerate(product(*draw.routes)):
            servers = FailingServers()
            error = ask(hub, draw.root, servers, tags, wait=n == 0)
            assert len(error.trail) == len(servers.asked)
            most = max(most, len(servers.asked))
            servers = FailingServers(slow=True)
            try:
                ask(hub, draw.root, servers, tags)
                longest = max(longest, servers.clock())
            except Forever:
                longest = inf
        assert tree.attempts == most
        assert (inf if tree.seconds is None else tree.seconds) == pytest.approx(longest)


@settings(deadline=None)
@given(st.integers(0, 10**12), st.integers(1, 3))
def test_nothing_that_servers_do_is_worse(seed: int, depth: int) -> None:
    draw = Draw(seed, depth)
    with ModelRegistry(draw.configs) as hub:
        tree = hub.tree(draw.root)
        assert tree is not None and tree.attempts is not None
        for tags in product(*draw.routes):
            servers = MoodyServers(draw.choose)
            ask(hub, draw.root, servers, tags)
            assert len(servers.asked) <= tree.attempts
            assert servers.clock() <= (inf if tree.seconds is None else tree.seconds)


BIG: Config = {"model_type": "openai_chat", "api_key": "k"}
TABLE: list[tuple[Config, int | None, float | None]] = [
    ({"timeout": 5}, 3, None),
    ({"timeout": {"connect": 1, "first_token": 2, "idle": 3}}, 3, None),
    ({"timeout": {"total": 60}}, 3, 60),
    ({"timeout": {"total": 60}, "client_args": {"max_retries": 0}}, 1, 60),
    ({"retry": {"max_attempts": 10**9}, "timeout": {"total": 1e9}}, 10**9, 1e9),
    ({"retry": {"max_attempts": 10**9}, "timeout": {"total": 1}}, 10**9, 1),
    ({"retry": {"max_attempts": "${TRIES}"}, "timeout": {"total": "${TOTAL:-7.5}"}}, 4, 7.5),
    ({"retry": {"max_attempts": "${NEVER_SET}"}, "timeout": {"total": 5}}, None, None),
    ({"model_type": "post_api_chat", "api_url": "http://x/y", "max_retries": 5}, 5, None),
    ({"model_type": "post_api_chat", "api_url": "http://x/y", "max_retries": 0}, 1, None),
    ({"model_type": "post_api_chat", "api_url": "http://x/y", "retry": {"max_attempts": 2}}, 2, None),
]


@pytest.mark.parametrize(("config", "attempts", "seconds"), TABLE)
def test_what_the_keys_of_a_model_say(
    config: Config, attempts: int | None, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIES", "4")
    configs = [{**BIG, **config, "config_name": "a"}, {"config_name": "f", "model_type": "fallback", "models": ["a"]}]
    tree = ModelRegistry(configs).tree("f")
    assert tree is not None
    assert (tree.attempts, tree.seconds) == (attempts, seconds)


ON_ERROR: list[tuple[Config, int, float | None]] = [
    ({}, 6, 12),
    ({"timeout": 10}, 6, 10),
    ({"timeout": {"idle": 1}}, 6, 12),
    ({"on_error": ["TimeoutError"]}, 6, 12),
    ({"on_error": []}, 3, 5),
    ({"on_error": ["CircuitOpenError"]}, 3, 7),  # those before have sent nothing
]


@pytest.mark.parametrize(("keys", "attempts", "seconds"), ON_ERROR)
def test_what_the_keys_of_a_fallback_say(keys: Config, attempts: int, seconds: float | None) -> None:
    leaves = [{**BIG, "config_name": name, "timeout": {"total": total}} for name, total in (("a", 5), ("b", 7))]
    tree = ModelRegistry([*leaves, {"config_name": "f", "model_type": "fallback", "models": ["a", "b"], **keys}])
    found = tree.tree("f")
    assert found is not None
    assert (found.attempts, found.seconds) == (attempts, seconds)


def test_a_model_that_asks_no_other_has_no_tree() -> None:
    assert ModelRegistry([{**BIG, "config_name": "a"}]).tree("a") is None


def test_models_that_are_asked_on_many_ways_are_drawn_once() -> None:
    layers = [
        {"config_name": f"c{n}", "model_type": "chain", "steps": [{"model": f"c{n + 1}"}, {"model": f"c{n + 1}"}]}
        for n in range(40)
    ]
    tree = ModelRegistry([*layers, {**BIG, "config_name": "c40", "timeout": {"total": 1}}]).tree("c0")
    assert tree is not None
    assert (tree.attempts, tree.seconds) == (3 * 2**40, 2.0**40)
    first, second = tree.targets
    assert (len(first.targets), first.repeated, second.targets, second.repeated) == (2, False, [], True)
