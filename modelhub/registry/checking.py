"""Reads configs and says what is wrong with them, without a registry and without building a model."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from typing import Any

from modelhub import configs, validation
from modelhub.configs import Entry
from modelhub.errors import ConfigWarning, Problem
from modelhub.registry.types import KnownTypes
from modelhub.secrets import redact

INSTALLED = KnownTypes({})
# What `modelhub validate` says and a running program need not hear again.
ADVICE = frozenset({"MH305", "MH312", "MH401", "MH503"})
_CERTAIN = ("MH302", "MH402")  # what is a warning until somebody asks for the values of this moment


def read(
    sources: configs.Sources, profile: str | None = None, types: KnownTypes = INSTALLED, *, environment: bool = False
) -> configs.Loaded:
    """The configs of ``sources`` as they are in effect under ``profile``, and everything that is wrong with them.

    ``types`` are the existing model_types. With ``environment``, the values of their references are checked, too.
    """
    loaded = sources.load(profile, validation.Spellings(types, types.find_schema))
    loaded.add(*check(loaded.entries, types), *validation.check_prices(loaded.prices))
    if environment:
        found = validation.check_environment(
            loaded.entries, schema_of=types.find_schema, model_types=types, complete=types.complete
        )
        wrong = {_place(problem) for problem in found if problem.severity == "error"}
        loaded.problems[:] = [
            each for each in loaded.problems if each.code not in _CERTAIN or _place(each) not in wrong
        ]
        loaded.add(*found)
    loaded.arrange()
    return loaded


def check(entries: list[Entry], types: KnownTypes = INSTALLED) -> list[Problem]:
    """The problems that validation finds in ``entries``."""
    return validation.check(
        entries,
        schema_of=types.find_schema,
        model_types=types,
        rivals_of=types.find_rivals,
        complete=types.complete,
    )


def warn(problems: Iterable[Problem]) -> None:
    """Warn of each problem but for advice, in the name of the code that called modelhub."""
    for problem in problems:
        if problem.code not in ADVICE:
            warnings.warn(str(problem), ConfigWarning, stacklevel=_find_caller())


def _find_caller() -> int:
    """How many frames ``warn`` is below the nearest one that is not modelhub's own."""
    level = 1
    frame = sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__")).partition(".")[0] == "modelhub":
        level, frame = level + 1, frame.f_back
    return level


def mask(config: dict[str, Any], modern: dict[str, Any], types: KnownTypes = INSTALLED) -> dict[str, Any]:
    """Copy ``config`` with its secrets masked: by name, by form, and by the schema of its ``modern`` spelling."""
    model_type = modern.get("model_type")
    schema = types.find_schema(model_type) if isinstance(model_type, str) and model_type in types else None
    view = validation.View([(schema, schema)]) if schema else None
    return redact(config, secret_paths=validation.find_secret_places(view, config))


def _place(problem: Problem) -> tuple[str | None, str | None, tuple[str | int, ...]]:
    return problem.file, problem.config_name, problem.path
