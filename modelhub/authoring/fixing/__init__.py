"""Mends what is wrong with config files where it is certain what was meant; all else of a file keeps its bytes."""

from modelhub.authoring.fixing.fix import Fixed, fix

__all__ = ["Fixed", "fix"]
