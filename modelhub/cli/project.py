"""What a project's pyproject.toml says about its configs."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import click

from modelhub.cli.streams import describe
from modelhub.configs.sources.addresses import is_address
from modelhub.printable import printable


def find_listed() -> list[str]:
    """The ``configs`` of ``[tool.modelhub]`` in the nearest pyproject.toml that has it, here or above; empty if none.

    Paths in it are seen from that file. A usage error for one that cannot be read, or that says something else.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        file = folder / "pyproject.toml"
        if file.is_file() and (listed := _read(file)) is not None:
            return [_place(path, folder) for path in listed]
    return []


def _read(file: Path) -> list[str] | None:
    """The paths that a pyproject.toml names; None if it says nothing about configs."""
    name = printable(os.path.relpath(file))
    try:
        data: Any = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise click.UsageError(f"{name} cannot be read: {describe(error)}") from None
    except ValueError as error:  # no UTF-8, or no TOML
        raise click.UsageError(f"{name} cannot be read: {printable(str(error))}") from None
    for key in ("tool", "modelhub", "configs"):
        data = data.get(key) if isinstance(data, dict) else None
    if data is None:
        return None
    listed = [data] if isinstance(data, str) else data
    if not isinstance(listed, list) or not listed or not all(isinstance(each, str) and each for each in listed):
        raise click.UsageError(f"{name}: [tool.modelhub] configs must be a path, or a list of paths")
    return listed


def _place(path: str, folder: Path) -> str:
    """A path that is seen from ``folder``, as it is from here."""
    if is_address(path) or path.startswith("~") or Path(path).is_absolute():
        return path
    return os.path.relpath(folder / path)
