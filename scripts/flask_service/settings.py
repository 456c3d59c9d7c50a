"""What a service is told when it starts, by the command line or the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PREFIX = "MODELHUB_SERVICE_"  # MODELHUB_SERVICE_MODEL, MODELHUB_SERVICE_API_KEY, ...
_MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class Settings:
    """``model`` is a folder or an id that its hub knows; ``name`` is what requests call it."""

    model: str
    name: str
    device: str = "auto"
    concurrency: int = 1
    queue: int = 64
    max_tokens: int | None = None
    max_body: int = 8 * _MEGABYTE
    api_key: str | None = field(default=None, repr=False)


NUMBERS = {"concurrency": 1, "queue": 0, "max_tokens": 1, "max_body": 1}  # and the least each may be


def read_settings(given: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of what is ``given``, and for the rest of the environment; raises ValueError with what is wrong."""
    values: dict[str, Any] = {}
    for name in Settings.__slots__:
        value = given.get(name)
        if value is None:
            value = environ.get(PREFIX + name.upper()) or None
        if value is not None:
            values[name] = read_number(name, value) if name in NUMBERS else str(value)
    unknown = given.keys() - set(Settings.__slots__)
    if unknown:
        raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
    if not values.get("model"):
        raise ValueError(f"which model? give --model, or ${PREFIX}MODEL: a folder, or an id that its hub knows")
    values.setdefault("name", find_name(values["model"]))
    return Settings(**values)


def read_number(name: str, value: Any) -> int:
    """A whole number that is large enough; raises ValueError."""
    try:
        number = int(value)
    except ValueError:
        number = -1
    if number < NUMBERS[name]:
        raise ValueError(f"{name.replace('_', '-')} must be a whole number of at least {NUMBERS[name]}, not {value!r}")
    return number


def find_name(model: str) -> str:
    """The name of a model that was given none: that of its folder, or the id."""
    return Path(model).expanduser().resolve().name if is_folder(model) else model


def is_folder(model: str) -> bool:
    """Whether this names a folder here, there or not, rather than a model of a hub."""
    return model.startswith((".", "/", "~")) or "\\" in model or Path(model).expanduser().exists()
