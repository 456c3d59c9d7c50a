"""Classes as the form of an answer: the schema of a dataclass or a TypedDict, and the instance that an answer is."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from modelhub.typed.annotations import Reader
from modelhub.typed.annotations import is_typed as is_typed
from modelhub.typed.definitions import Definitions, Schema
from modelhub.typed.objects import Structure


@lru_cache(maxsize=128)
def _read(cls: type) -> Structure:
    return Reader().read_structure(cls)


def build_schema(cls: type) -> Schema:
    """The JSON Schema of a class; raises NoForm for a field that JSON cannot have."""
    definitions = Definitions()
    return definitions.close(_read(cls).build_schema(definitions))


def build_instance(cls: Any, value: Any) -> Any:
    """The instance of ``cls`` that ``value`` is, decoded JSON; raises ValueError that names what is wrong.

    A class that only tells its schema leaves the value as it is.
    """
    validate = getattr(cls, "model_validate", None)
    if validate is not None:
        return validate(value)
    return _read(cls).build(value, "") if is_typed(cls) else value
