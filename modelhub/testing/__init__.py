"""What users' test suites import."""

from modelhub.testing.replay import Replay
from modelhub.testing.server import MockServer, RecordedRequest

__all__ = ["MockServer", "RecordedRequest", "Replay"]
