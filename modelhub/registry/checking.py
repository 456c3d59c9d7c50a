"""Read configs and say what is wrong with them; no model is built, and no registry needed."""

from __future__ import annotations

from modelhub import configs, validation
from modelhub.configs import Entry
from modelhub.errors import Problem
from modelhub.registry.types import KnownTypes

INSTALLED = KnownTypes({})


def read(
    sources: configs.Sources, profile: str | None = None, types: KnownTypes = INSTALLED, *, environment: bool = False
) -> configs.Loaded:
    """The configs that ``sources`` hold, in effect under ``profile``, and everything that is wrong with them.

    ``types`` are the model_types there are. With ``environment``, also what is wrong with what they refer to.
    """
    loaded = sources.load(profile, validation.Spellings(types))
    loaded.add(*check(loaded.entries, types))
    if environment:
        loaded.add(*validation.check_environment(loaded.entries, schema_of=types.find_schema, model_types=types))
    loaded.arrange()
    return loaded


def check(entries: list[Entry], types: KnownTypes = INSTALLED) -> list[Problem]:
    """What validation says of ``entries``."""
    return validation.check(entries, schema_of=types.find_schema, model_types=types)
