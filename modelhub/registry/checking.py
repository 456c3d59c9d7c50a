"""Reads configs and says what is wrong with them, without a registry and without building a model."""

from __future__ import annotations

from typing import Any

from modelhub import configs, validation
from modelhub.configs import Entry
from modelhub.errors import Problem
from modelhub.registry.types import KnownTypes
from modelhub.secrets import redact

INSTALLED = KnownTypes({})
_CERTAIN = ("MH302", "MH402")  # what is a warning until somebody asks for the values of this moment


def read(
    sources: configs.Sources, profile: str | None = None, types: KnownTypes = INSTALLED, *, environment: bool = False
) -> configs.Loaded:
    """The configs of ``sources`` as they are in effect under ``profile``, and everything that is wrong with them.

    ``types`` are the existing model_types. With ``environment``, the values of their references are checked, too.
    """
    loaded = sources.load(profile, validation.Spellings(types))
    loaded.add(*check(loaded.entries, types))
    if environment:
        found = validation.check_environment(loaded.entries, schema_of=types.find_schema, model_types=types)
        wrong = {_place(problem) for problem in found if problem.severity == "error"}
        loaded.problems[:] = [
            each for each in loaded.problems if each.code not in _CERTAIN or _place(each) not in wrong
        ]
        loaded.add(*found)
    loaded.arrange()
    return loaded


def check(entries: list[Entry], types: KnownTypes = INSTALLED) -> list[Problem]:
    """The problems that validation finds in ``entries``."""
    return validation.check(entries, schema_of=types.find_schema, model_types=types)


def mask(config: dict[str, Any], modern: dict[str, Any], types: KnownTypes = INSTALLED) -> dict[str, Any]:
    """Copy ``config`` with its secrets masked: by name, by form, and by the schema of its ``modern`` spelling."""
    model_type = modern.get("model_type")
    schema = types.find_schema(model_type) if isinstance(model_type, str) and model_type in types else None
    view = validation.View([(schema, schema)]) if schema else None
    return redact(config, secret_paths=validation.find_secret_places(view, config))


def _place(problem: Problem) -> tuple[str | None, str | None, tuple[str | int, ...]]:
    return problem.file, problem.config_name, problem.path
