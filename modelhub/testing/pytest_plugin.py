"""The fixtures that modelhub brings to pytest; they cost nothing where no test asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from modelhub.testing.replay import Replay
    from modelhub.testing.server import MockServer


@pytest.fixture
def modelhub_mock() -> Iterator[MockServer]:
    """A MockServer: ``modelhub_mock.registry("models.yaml")`` loads any configs with their addresses pointed at it."""
    from modelhub.testing.server import MockServer

    with MockServer() as server:
        yield server


@pytest.fixture
def modelhub_replay() -> Callable[..., Replay]:
    """Recorded replies in place of connections: ``modelhub_replay("recordings/chat.json", model)``."""
    from modelhub.testing.replay import replay

    return replay


@pytest.fixture
def modelhub_no_network() -> Iterator[None]:
    """Whatever goes for another machine fails at once, with the address it meant; loopback and Unix sockets work."""
    from modelhub.testing.network_guard import no_network

    with no_network():
        yield
