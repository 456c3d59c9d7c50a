"""Reads configs and says what is wrong with them, without a registry and without building a model."""

from __future__ import annotations

from modelhub import configs, validation
from modelhub.configs import Entry
from modelhub.errors import Problem
from modelhub.registry.types import KnownTypes

INSTALLED = KnownTypes({})


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
