"""What the tests share: a mock server, a clean environment, and one way to drive a model blocking or not."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import tempfile
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from modelhub import ModelRegistry
from modelhub.testing import MockServer
from modelhub.vendors import list_vendors

from .model_servers.chosen import Choice, parse_names
from .model_servers.ray_cluster import ray_cluster as ray_cluster
from .model_servers.running import build_model as build_model
from .model_servers.running import engines as engines

# Child processes must import the installed package, not the checkout they happen to be started in.
os.environ["PYTHONSAFEPATH"] = "1"

# No test may touch the data of whoever runs it; the folder is there as long as its object.
_DATA = tempfile.TemporaryDirectory(prefix="modelhub-data-")
os.environ["XDG_DATA_HOME"] = _DATA.name

# What the tests find depends on the code alone; HYPOTHESIS_PROFILE=default looks for more, =thorough for much more.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.register_profile("thorough", max_examples=10_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--servers", default="", metavar="NAMES", help="test against these, too: ollama,vllm,... or here")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Choice(parse_names(config.getoption("--servers"))), "choice-of-servers")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep the garbage collector from looking at the tests themselves, which are many and stay: it takes seconds."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


VARIABLES = (
    *(name for vendor in list_vendors() for name in (*vendor.key_variables, vendor.base_url_variable) if name),
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "ZAI_BASE_URL",
    "DASHSCOPE_WORKSPACE_ID",
    "ANTHROPIC_AUTH_TOKEN",
    "GOOGLE_GENAI_API_VERSION",
    "LITELLM_BASE_URL",
)
CLEARED = {
    *VARIABLES,
    "MODELHUB_CONFIG",
    "MODELHUB_OBSERVERS",
    "MODELHUB_PROFILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CLEARED.intersection(os.environ):
        monkeypatch.delenv(name)


@pytest.fixture(scope="module", autouse=True)
def looked_at_once() -> Iterator[None]:
    """What a module has left for good, such as libraries that it imported, is not looked at again, either."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def exact_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what a server asks for waited for exactly, not a little longer at random."""
    monkeypatch.setattr("modelhub.policies.retry.JITTER", 0.0)


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(retry_after="") as server:
        yield server


def build_configs(url: str) -> list[dict[str, Any]]:
    """One config of every model_type, all served by the mock at ``url``."""
    client_args = {"base_url": f"{url}/v1"}
    configs: list[dict[str, Any]] = [
        {"config_name": "openai", "model_type": "openai_chat", "api_key": "sk-1", "client_args": client_args},
        {"config_name": "embedding", "model_type": "openai_embedding", "api_key": "sk-1", "client_args": client_args},
        {"config_name": "ollama", "model_type": "ollama_chat", "model_name": "tiny", "host": url},
        {"config_name": "post", "model_type": "post_api", "api_url": f"{url}/llm/"},
        {
            "config_name": "post_chat",
            "model_type": "post_api_chat",
            "api_url": f"{url}/v1/chat/completions",
            "json_args": {"model": "m", "stream_options": {"include_usage": True}},
        },
    ]
    return [{**config, "retry": {"initial": 0.001}, "timeout": 20} for config in configs]


@pytest.fixture
def hub(server: MockServer) -> Iterator[ModelRegistry]:
    with ModelRegistry(build_configs(server.url)) as hub:
        yield hub


class Blocking:
    """Calls models from blocking code."""

    def call(self, model: Any, *args: Any, **options: Any) -> Any:
        return model(*args, **options)

    def deltas(self, model: Any, *args: Any, **options: Any) -> tuple[list[Any], Any]:
        """The deltas of a streamed call, and the response they came from."""
        response = model(*args, stream=True, **options)
        return list(response), response


class Awaiting:
    """Calls models from an event loop of its own."""

    def call(self, model: Any, *args: Any, **options: Any) -> Any:
        return asyncio.run(model.acall(*args, **options))

    def deltas(self, model: Any, *args: Any, **options: Any) -> tuple[list[Any], Any]:
        async def collect() -> tuple[list[Any], Any]:
            response = await model.acall(*args, stream=True, **options)
            return [delta async for delta in response], response

        return asyncio.run(collect())


@pytest.fixture(params=[Blocking, Awaiting], ids=["sync", "async"])
def caller(request: pytest.FixtureRequest) -> Blocking | Awaiting:
    return request.param()  # type: ignore[no-any-return]


@pytest.fixture
def unused_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
