"""Finds the config files in a folder and in the folders below it, and what is not read there."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from modelhub.errors import Problem
from modelhub.patterns import expression

FORMATS = {".json": "json", ".jsonc": "jsonc", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml"}
SUFFIXES = tuple(FORMATS)
FORMAT_HINT = f"the accepted ones are {', '.join(SUFFIXES)}"

# What a config may be called by an editor, or by Windows, which hides the last suffix.
_LOOKS_LIKE_CONFIG = expression(r".*\.(?:json5|hjson|jsonl|ndjson|(?:json|ya?ml|toml)\.txt)", re.IGNORECASE)
_INSTALLED = frozenset({"node_modules", "__pycache__"})

Identity = str | tuple[int, int]


class Files(NamedTuple):
    """The config files that a path means, and a warning for each thing beside them that cannot be read."""

    names: list[str]
    unread: list[Problem]


def identify(name: str) -> Identity:
    """Tell a file or a folder from all others, whatever the name that leads to it: a link, another link, ./name."""
    try:
        found = Path(name).stat()
    except (OSError, ValueError):
        return name if "\0" in name else os.path.realpath(name)
    return (found.st_dev, found.st_ino) if found.st_ino else os.path.realpath(name)


def walk_folder(name: str) -> Files:
    """Find the files in a folder, sorted, then those in each folder below it; hidden ones are left out.

    Raises OSError if the folder itself cannot be read.
    """
    found = Files([], [])
    waiting = [name]
    seen: set[Identity] = set()
    while waiting:
        folder = waiting.pop()
        here = identify(folder)
        if here in seen:  # a link to a folder above it, or to one that is read anyway
            continue
        seen.add(here)
        try:
            below = _read_folder(folder, found)
        except OSError as error:
            if folder == name:
                raise
            found.unread.append(_warn(f"the folder cannot be read: {(error.strerror or str(error)).lower()}", folder))
        else:
            waiting += reversed(below)
    return found


def _read_folder(folder: str, found: Files) -> list[str]:
    """Add what is in a folder to ``found``, and return the folders in it."""
    start = folder if folder.endswith(("/", os.sep)) else folder + os.sep
    below = []
    for name in sorted(os.listdir(folder)):  # noqa: PTH208 (Path's tidies the folder's name)
        path = Path(start + name)
        if name.startswith(".") or name in _INSTALLED:
            continue
        if path.is_dir():
            below.append(start + name)
        elif path.suffix.lower() in FORMATS:
            found.names.append(start + name)
        elif _LOOKS_LIKE_CONFIG.fullmatch(name):
            found.unread.append(_warn(f"the file is not read: the suffix '{path.suffix}' is not known", start + name))
        elif path.is_symlink() and not path.exists():
            found.unread.append(_warn("the link leads to nothing that exists", start + name))
    return below


def _warn(message: str, name: str) -> Problem:
    hint = FORMAT_HINT if "suffix" in message else None
    return Problem("MH101", message, hint, name, severity="warning")
