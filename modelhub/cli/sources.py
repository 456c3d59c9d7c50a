"""Where the commands find configs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def config_option(command: F) -> F:
    """The ``-c/--config`` option of every command that takes a name."""
    return click.option(
        "-c",
        "--config",
        "path",
        metavar="PATH",
        help="File, folder or address of configs [$MODELHUB_CONFIG, ./model_configs]",
    )(command)


def profile_option(command: F) -> F:
    """The ``--profile`` option of every command that reads configs."""
    return click.option("--profile", metavar="NAME", help="Overlay to apply, such as prod [$MODELHUB_PROFILE]")(command)


def python_option(command: F) -> F:
    """The ``--allow-python`` option of every command that reads configs; modules in the current folder are found."""
    return click.option(
        "--allow-python",
        is_flag=True,
        callback=_look_here,
        help="Let configs run code: model_type: python:package.module:Class",
    )(command)


def _look_here(ctx: click.Context, parameter: click.Parameter, allowed: bool) -> bool:
    if allowed and (here := os.getcwd()) not in sys.path:  # noqa: PTH109
        sys.path.append(here)
    return allowed


def find_configs(path: str | None) -> str:
    """The path of the configs to read; a usage error if no path is given and the default does not exist."""
    if path:
        return path
    named = os.environ.get("MODELHUB_CONFIG", "").strip("\r\n")
    default = named or "model_configs"
    if not named and not Path(default).exists():
        raise click.UsageError(
            "which configs? Name them (-c PATH), or set $MODELHUB_CONFIG; ./model_configs is not here"
        )
    return default
