"""A loopback server that speaks the vendors' wire formats, for trying things out and for test suites."""

from modelhub.mock.app import build_app
from modelhub.mock.serving import serve
from modelhub.mock.settings import MockSettings

__all__ = ["MockSettings", "build_app", "serve"]
