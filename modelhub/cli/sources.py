"""Where the commands find configs: every command alike."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click

from modelhub.cli.patterns import expand
from modelhub.cli.streams import plugins_apart
from modelhub.plugins.surroundings import surround
from modelhub.printable import printable, shorten

F = TypeVar("F", bound=Callable[..., Any])
HERE = ("models.yaml", "models.yml", "models.json", "models.toml", "model_configs")
_WHERE = "$MODELHUB_CONFIG, pyproject.toml, ./models.yaml, ./model_configs"
_IMPORTED = "modelhub.imported"
_LONGEST = 300  # characters of what an error says


def config_option(command: F) -> F:
    """The ``-c/--config`` option of every command that reads configs; it may come several times."""
    return click.option(
        "-c",
        "--config",
        "paths",
        multiple=True,
        metavar="PATH",
        help=f"File, folder, pattern or address of configs; repeatable. [{_WHERE}]",
    )(command)


def profile_option(command: F) -> F:
    """The ``--profile`` option of every command that reads configs."""
    return click.option("--profile", metavar="NAME", help="Overlay to apply, such as prod [$MODELHUB_PROFILE]")(command)


def import_option(command: F) -> F:
    """The ``--import`` option of every command that deals with model_types."""
    return click.option(
        "--import",
        "modules",
        multiple=True,
        metavar="MODULE",
        expose_value=False,
        callback=_import_all,
        help="Import it first: the wrapper classes in it are known then.",
    )(command)


def python_option(command: F) -> F:
    """The options of every command that reads configs by which these may name classes of a program's own."""
    return click.option(
        "--allow-python",
        is_flag=True,
        callback=_allow,
        help="Let configs run code: model_type: python:package.module:Class",
    )(import_option(command))


def _allow(ctx: click.Context, parameter: click.Parameter, allowed: bool) -> bool:
    if allowed:
        _look_here()
    return allowed


def _import_all(ctx: click.Context, parameter: click.Parameter, modules: Sequence[str]) -> None:
    """Import the modules, those of the current folder, too; a usage error for one that cannot be imported."""
    ctx.meta[_IMPORTED] = tuple(modules)
    for module in modules if not ctx.resilient_parsing else ():
        _look_here()
        try:
            with plugins_apart(), surround():
                import_module(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit, too
            said = shorten(printable(f"{type(error).__name__}: {error}"), _LONGEST)
            raise click.BadParameter(f"{printable(module)} cannot be imported: {said}") from None


def list_imported() -> tuple[str, ...]:
    """The modules that ``--import`` names, for other processes to import, too."""
    ctx = click.get_current_context()
    imported: tuple[str, ...] = ctx.meta.get(_IMPORTED, ())
    return imported


def _look_here() -> None:
    """Let modules in the current folder be found."""
    if (here := os.getcwd()) not in sys.path:  # noqa: PTH109
        sys.path.append(here)


def find_configs(paths: Sequence[str]) -> list[str]:
    """What a command reads: ``paths``, else what the first place names that is there; patterns become files.

    A usage error if there is nothing, or for a pattern that matches no config file.
    """
    named, idle = expand(find_named(paths))
    if idle:
        raise click.UsageError(f"the pattern matches no config file: {printable(idle[0])}")
    return named


def find_named(paths: Sequence[str]) -> Sequence[str]:
    """The same, with patterns as they are."""
    if paths:
        return paths
    if named := os.environ.get("MODELHUB_CONFIG", "").strip("\r\n"):
        return [named]
    from modelhub.cli.project import find_listed  # it loads tomllib

    if listed := find_listed():
        return listed
    for name in HERE:
        if Path(name).exists():
            return [name]
    raise click.UsageError(
        "which configs? Name them (-c PATH), set $MODELHUB_CONFIG, or write [tool.modelhub] configs in pyproject.toml; "
        "neither ./models.yaml nor ./model_configs is here"
    )
