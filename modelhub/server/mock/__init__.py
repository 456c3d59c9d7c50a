"""A loopback server that speaks the vendors' wire formats, for trying things out and for test suites."""

from modelhub.server.mock.app import build_app
from modelhub.server.mock.serve import serve
from modelhub.server.mock.settings import MockSettings

__all__ = ["MockSettings", "build_app", "serve"]
