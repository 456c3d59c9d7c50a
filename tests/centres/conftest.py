"""Centres of every kind, each empty; and a folder of copies for each test alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..model_servers.centre_servers import run_centre
from ..model_servers.chosen import needs
from ..network.authority import Authority
from .web_server import HttpServer, Nacos


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where copies are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "modelhub"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """News is looked at soon after it has come."""
    monkeypatch.setattr("modelhub.registry.watching.PAUSE", 0.1)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def web(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    """A web server with a certificate of a CA of its own, which is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    server = HttpServer(authority.issue("web").serve())
    server.start()
    yield server
    server.kill()


@pytest.fixture
def plain_web() -> Iterator[HttpServer]:
    """A web server without TLS."""
    server = HttpServer()
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=[1, 3])
def nacos(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nacos]:
    """A stand-in for Nacos, which wants a login."""
    monkeypatch.setenv("NACOS_LOGIN", "us:er")
    monkeypatch.setenv("NACOS_PASSWORD", "pass@word/?#")
    server = Nacos(request.param, ("us:er", "pass@word/?#"))
    server.start()
    yield server
    server.kill()


KINDS = ["web", "nacos 1", "nacos 3", *(pytest.param(name, marks=needs(name)) for name in ("redis", "etcd", "consul"))]


@pytest.fixture(params=KINDS)
def centre(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A centre of each kind that tests can have, which can be killed and started again."""
    if request.param == "web":
        yield request.getfixturevalue("web")
    elif request.param.startswith("nacos"):
        server = Nacos(int(request.param[-1]))
        server.start()
        yield server
        server.kill()
    else:
        with run_centre(request.param, tmp_path_factory.mktemp(request.param)) as real:
            yield real
