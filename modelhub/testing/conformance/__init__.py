"""What every wrapper has to hold to, as tests that the author of a wrapper inherits: see docs/testing.md."""

from __future__ import annotations

from modelhub.testing.conformance.answers import Answers
from modelhub.testing.conformance.applying import ABILITIES as ABILITIES
from modelhub.testing.conformance.configs import Configs
from modelhub.testing.conformance.contract import Contract
from modelhub.testing.conformance.failures import Failures
from modelhub.testing.conformance.resources import Resources
from modelhub.testing.conformance.secrecy import Secrecy
from modelhub.testing.conformance.streams import Streams
from modelhub.testing.conformance.tools import Tools

__all__ = ["ABILITIES", "WrapperConformance"]


class WrapperConformance(Answers, Streams, Failures, Secrecy, Resources, Tools, Configs, Contract):
    """The tests of a wrapper; a subclass in a test file, whose name begins with ``Test``, says which wrapper.

    ``config`` is a config of its model_type, ``recordings`` the folder of its recorded exchanges, and ``cannot`` names
    what its model cannot do: any of ``ABILITIES``.
    """
