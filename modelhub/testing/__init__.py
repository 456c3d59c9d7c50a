"""What users' test suites import."""

from modelhub.testing.clock import VirtualClock, VirtualDrivers
from modelhub.testing.replay import Replay
from modelhub.testing.server import MockServer, RecordedRequest

__all__ = ["MockServer", "RecordedRequest", "Replay", "VirtualClock", "VirtualDrivers"]
