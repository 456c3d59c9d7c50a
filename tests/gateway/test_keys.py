"""Callers with keys, through the official SDKs: who may ask what, and what they are told when they may not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from typing import Any

import pytest

from modelhub.testing import MockServer

from .running import Running, build_models, running

openai = pytest.importorskip("openai")
anthropic = pytest.importorskip("anthropic")

CALLERS: dict[str, dict[str, Any]] = {
    "some": {"models": ["openai", "cl*"]},
    "few": {"limits": {"rpm": 1}},
    "poor": {"budget": {"tokens": 5, "store": "memory"}},
    "poorer": {"budget": {"tokens": 5, "store": "memory"}},
}
HI: list[Any] = [{"role": "user", "content": "Hi"}]


@pytest.fixture(scope="module")
def gateway(upstream: MockServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    keys = [
        {"name": name, "hash": f"sha256:{sha256(f'key-of-{name}'.encode()).hexdigest()}", **more}
        for name, more in CALLERS.items()
    ]
    with running(tmp_path_factory.mktemp("keys"), build_models(upstream.url), keys=keys) as gateway:
        yield gateway


@pytest.fixture
def connect(gateway: Running) -> Iterator[Any]:
    with ExitStack() as stack:

        def open_client(key: str, sdk: Any = openai) -> Any:
            url = f"{gateway.url}/v1" if sdk is openai else gateway.url
            client = sdk.OpenAI if sdk is openai else sdk.Anthropic
            return stack.enter_context(client(base_url=url, api_key=key, max_retries=0))

        yield open_client


def ask(client: Any, model: str = "openai") -> Any:
    if isinstance(client, anthropic.Anthropic):
        return client.messages.create(model=model, max_tokens=9, messages=HI)
    return client.chat.completions.create(model=model, messages=HI)


@pytest.mark.parametrize("sdk", [openai, anthropic], ids=["openai", "anthropic"])
@pytest.mark.parametrize("key", ["key-of-nobody", "key-of-some2", "key-of-som", "KEY-OF-SOME"])
def test_a_wrong_key(connect: Any, sdk: Any, key: str, upstream: MockServer) -> None:
    before = len(upstream.requests)
    with pytest.raises(sdk.AuthenticationError) as told:
        ask(connect(key, sdk))
    assert key not in str(told.value) and len(upstream.requests) == before


@pytest.mark.parametrize("sdk", [openai, anthropic], ids=["openai", "anthropic"])
def test_the_models_of_a_caller(connect: Any, sdk: Any) -> None:
    client = connect("key-of-some", sdk)
    assert sorted(model.id for model in client.models.list()) == ["claude", "openai"]
    assert ask(client, "openai") and ask(client, "claude")
    for other in ("best", "nobody"):
        with pytest.raises(sdk.NotFoundError):
            ask(client, other)
        with pytest.raises(sdk.NotFoundError):
            client.models.retrieve(other)


def test_the_limits_of_a_caller(connect: Any) -> None:
    client = connect("key-of-few")
    ask(client)
    with pytest.raises(openai.RateLimitError) as told:
        ask(client, "claude")
    assert told.value.code == "rate_limit_exceeded"
    assert 0 < float(told.value.response.headers["Retry-After"]) <= 60


def test_the_budget_of_a_caller(connect: Any, upstream: MockServer) -> None:
    client = connect("key-of-poor")
    ask(client)
    before = len(upstream.requests)
    with pytest.raises(openai.RateLimitError) as told:
        ask(client, "claude")
    assert told.value.code == "budget_exceeded" and len(upstream.requests) == before


def test_a_stream_is_charged(connect: Any) -> None:
    client = connect("key-of-poorer", anthropic)
    with client.messages.stream(model="openai", max_tokens=99, messages=HI) as stream:
        stream.until_done()
    with pytest.raises(anthropic.RateLimitError, match="budget"):
        ask(client)
