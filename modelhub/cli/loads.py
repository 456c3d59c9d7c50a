"""Reads the options that say how much load there is: lists of numbers, times, and objectives."""

from __future__ import annotations

import math
import os
from pathlib import Path

import click

from modelhub.cli.streams import UnwrittenError
from modelhub.diagnostics.wording import suggest_name
from modelhub.load.objectives import MEASURES

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_MOST_AT_ONCE = 1000  # connections that a registry keeps


def read_callers(ctx: click.Context, parameter: click.Parameter, text: str | None) -> list[int]:
    """Numbers of callers, ``1,5,10``."""
    numbers = _read_numbers(text)
    if any(not number.is_integer() or number > _MOST_AT_ONCE for number in numbers):
        raise click.BadParameter(f"{text!r} is not a list of whole numbers from 1 to {_MOST_AT_ONCE}, such as 1,5,10")
    return [int(number) for number in numbers]


def read_rates(ctx: click.Context, parameter: click.Parameter, text: str | None) -> list[float]:
    """Calls a second, ``0.5,10``."""
    return _read_numbers(text)


def _read_numbers(text: str | None) -> list[float]:
    if text is None:
        return []
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or not all(0 < number < math.inf for number in numbers):
        raise click.BadParameter(f"{text!r} is not a list of numbers above 0, such as 1,5,10")
    return list(dict.fromkeys(numbers))


def read_time(ctx: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    """Seconds: ``30``, ``30s``, ``500ms``, ``2m``."""
    return None if text is None else _read_seconds(text)


def _read_seconds(text: str) -> float:
    number = text.strip().rstrip("mshMSH")
    unit = text.strip()[len(number) :].lower() or "s"
    try:
        seconds = float(number) * _UNITS[unit]
    except (ValueError, KeyError):
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise click.BadParameter(f"{text!r} is no time above 0, such as 30s, 500ms or 2m")
    return seconds


def read_objectives(ctx: click.Context, parameter: click.Parameter, text: str | None) -> dict[str, float]:
    """``ttft=0.5,tpot=50ms``."""
    objectives = {}
    for part in text.split(",") if text is not None else ():
        name, equals, bound = part.partition("=")
        name = name.strip()
        if name not in MEASURES:
            hint = suggest_name(name, MEASURES, "measures")
            raise click.BadParameter(f"there is no measure {name!r}; {hint}")
        if not equals:
            raise click.BadParameter(f"{part!r} has no time; write {name}=0.5, in seconds")
        objectives[name] = _read_seconds(bound)
    return objectives


def expect_folder(ctx: click.Context, parameter: click.Parameter, name: str | None) -> str | None:
    """The name of a file to write after the test; it is refused before, where its folder is not there."""
    if name is not None and name != "-":
        folder = Path(name).absolute().parent
        if not folder.is_dir():
            raise UnwrittenError(f"{name} cannot be written: there is no folder {folder}")
        if not os.access(folder, os.W_OK):
            raise UnwrittenError(f"{name} cannot be written: permission denied")
    return name
