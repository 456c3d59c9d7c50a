"""The fixtures that modelhub brings to pytest; they cost nothing where no test asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from modelhub.testing.mocking import Mock
    from modelhub.testing.replay import Replay


@pytest.fixture
def modelhub_mock() -> Iterator[Mock]:
    """A MockServer: after ``mock = modelhub_mock(hub_or_configs)`` all models of ``mock.hub`` ask it, until the end.

    ``modelhub_mock.registry("models.yaml")`` loads configs with their addresses pointed at it.
    """
    from modelhub.testing.mocking import Mock

    with Mock() as mock:
        yield mock


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
