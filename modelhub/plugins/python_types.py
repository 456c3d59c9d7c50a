"""A model_type that names a class of the program itself: ``python:package.module:Class``."""

from __future__ import annotations

from typing import Final

from modelhub.patterns import expression
from modelhub.plugins.declared import EntryPoint

PREFIX: Final = "python:"
GROUP: Final = "python"
_PLACE = expression(r"python:([^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*)")


def is_python_type(model_type: object) -> bool:
    """Whether a model_type means to name a class, rightly or not."""
    return isinstance(model_type, str) and model_type.startswith(PREFIX)


def read_python_type(model_type: object) -> EntryPoint | None:
    """The class that a model_type names; None if it names none."""
    match = _PLACE.fullmatch(model_type) if isinstance(model_type, str) else None
    return EntryPoint(match[0], match[1], GROUP) if match else None
