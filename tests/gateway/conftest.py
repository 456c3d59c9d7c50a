"""A gateway that the tests of this folder share, and the mock server behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from modelhub.testing import MockServer

from .running import SCENARIO, Running, build_models, running


@pytest.fixture(scope="session")
def upstream() -> Iterator[MockServer]:
    """The vendors' side."""
    with MockServer(scenario=SCENARIO) as server:
        yield server


@pytest.fixture(scope="session")
def gateway(upstream: MockServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway without keys."""
    with running(tmp_path_factory.mktemp("gateway"), build_models(upstream.url)) as gateway:
        yield gateway
