"""What users' test suites import; each name is loaded when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelhub.testing.clock import VirtualClock as VirtualClock
    from modelhub.testing.clock import VirtualDrivers as VirtualDrivers
    from modelhub.testing.leading import LeadingDrivers as LeadingDrivers
    from modelhub.testing.mocking import Mock as Mock
    from modelhub.testing.mocking import mocked as mocked
    from modelhub.testing.network_guard import NetworkRefused as NetworkRefused
    from modelhub.testing.network_guard import no_network as no_network
    from modelhub.testing.player import Player as Player
    from modelhub.testing.playing import Played as Played
    from modelhub.testing.playing import play_fixtures as play_fixtures
    from modelhub.testing.recordings import Recording as Recording
    from modelhub.testing.recordings import read_recordings as read_recordings
    from modelhub.testing.replay import Replay as Replay
    from modelhub.testing.replay import replay as replay
    from modelhub.testing.server import Counts as Counts
    from modelhub.testing.server import MockServer as MockServer
    from modelhub.testing.server import RecordedRequest as RecordedRequest

_HOMES = {
    "Counts": "modelhub.testing.server",
    "LeadingDrivers": "modelhub.testing.leading",
    "Mock": "modelhub.testing.mocking",
    "MockServer": "modelhub.testing.server",
    "NetworkRefused": "modelhub.testing.network_guard",
    "Played": "modelhub.testing.playing",
    "Player": "modelhub.testing.player",
    "RecordedRequest": "modelhub.testing.server",
    "Recording": "modelhub.testing.recordings",
    "Replay": "modelhub.testing.replay",
    "VirtualClock": "modelhub.testing.clock",
    "VirtualDrivers": "modelhub.testing.clock",
    "mocked": "modelhub.testing.mocking",
    "no_network": "modelhub.testing.network_guard",
    "play_fixtures": "modelhub.testing.playing",
    "read_recordings": "modelhub.testing.recordings",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
