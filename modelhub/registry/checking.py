"""Reads configs and says what is wrong with them, without a registry and without building a model."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable

from modelhub import configs, validation
from modelhub.configs import Entry
from modelhub.errors import ConfigWarning, Problem
from modelhub.registry.types import KnownTypes

INSTALLED = KnownTypes({})
# What `modelhub validate` says and a running program need not hear again.
ADVICE = frozenset({"MH305", "MH401", "MH503"})


def read(
    sources: configs.Sources, profile: str | None = None, types: KnownTypes = INSTALLED, *, environment: bool = False
) -> configs.Loaded:
    """The configs of ``sources`` as they are in effect under ``profile``, and everything that is wrong with them.

    ``types`` are the existing model_types. With ``environment``, the values of their references are checked, too.
    """
    loaded = sources.load(profile, validation.Spellings(types))
    loaded.add(*check(loaded.entries, types))
    if environment:
        loaded.add(*validation.check_environment(loaded.entries, schema_of=types.find_schema, model_types=types))
    loaded.arrange()
    return loaded


def check(entries: list[Entry], types: KnownTypes = INSTALLED) -> list[Problem]:
    """The problems that validation finds in ``entries``."""
    return validation.check(entries, schema_of=types.find_schema, model_types=types, rivals_of=types.find_rivals)


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
