"""Which options of a call a model knows by its schema, or by its code where it has no schema."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

from modelhub.plugins.option_schemas import find_options, find_place, read_schema


def knows_option(cls: Any, name: str) -> bool:
    """Whether models of the class take the option ``name``: their schema has it among ``generate_args``.

    A class without a schema takes what its ``__call__`` or ``acall`` names.
    """
    return name in _list_options(cls)


@cache
def _list_options(cls: Any) -> frozenset[str]:
    place = find_place(cls)
    known = None if place is None else _read_options(*place)
    return _read_parameters(cls) if known is None else known


@cache
def _read_options(package: str, model_type: str) -> frozenset[str] | None:
    """The options that a schema knows; None if there is no schema."""
    schema = read_schema(package, model_type)
    return None if schema is None else frozenset(find_options(schema))


def _read_parameters(cls: Any) -> frozenset[str]:
    """The names that the calls of a class take."""
    own = [getattr(getattr(cls, name), "__wrapped__", None) for name in ("__call__", "acall")]
    return frozenset(name for call in own if call is not None for name in inspect.signature(call).parameters)
