"""The old name of what gathers a stream; its home is modelhub.base."""

from modelhub.response.accumulator import Accumulator as Partial

__all__ = ["Partial"]
