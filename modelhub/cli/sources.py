"""Where the commands find configs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from modelhub.configs.readers.jsonc_reader import blank_out
from modelhub.configs.readers.positions import TextFault

F = TypeVar("F", bound=Callable[..., Any])
# How a text in TOML begins: after comments, with a table or a key.
_TOML = re.compile(rb"(\xef\xbb\xbf)?(\s|#[^\r\n]*)*+(\[\[?[\w.\"' -]+\]\]?\s*(#[^\r\n]*)?[\r\n]|[\w.\"'-]+\s*=)")


def config_option(command: F) -> F:
    """The ``-c/--config`` option of every command that takes a name."""
    return click.option(
        "-c", "--config", "path", metavar="PATH", help="File or folder of configs [$MODELHUB_CONFIG, ./model_configs]"
    )(command)


def profile_option(command: F) -> F:
    """The ``--profile`` option of every command that reads configs."""
    return click.option("--profile", metavar="NAME", help="Overlay to apply, such as prod [$MODELHUB_PROFILE]")(command)


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


def guess_format(text: bytes) -> str:
    """The format of a text without a file name: JSON if it is that, TOML if it starts like TOML, else YAML."""
    if _TOML.match(text):
        return "toml"
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return "jsonc" if text.lstrip()[:2] in (b"//", b"/*") or _is_jsonc(text) else "yaml"
    return "json"


def _is_jsonc(text: bytes) -> bool:
    try:
        json.loads(blank_out(text.decode("utf-8-sig")))
    except (ValueError, RecursionError, TextFault):
        return False
    return True
