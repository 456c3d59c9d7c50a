"""Guesses the config of a private protocol from a recorded reply, stream and request."""

from modelhub.authoring.adapter.infer import Inferred, NothingToRead, infer
from modelhub.authoring.adapter.recorded import read_recorded

__all__ = ["Inferred", "NothingToRead", "infer", "read_recorded"]
