"""Finds files by patterns such as ``configs/**/*.yaml``, since some shells do not."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from modelhub.configs.sources.addresses import is_address
from modelhub.configs.sources.folders import SUFFIXES


def expand(paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """The paths to read, each file once, and the patterns that match no config file.

    A name that exists is a path, even if it looks like a pattern. A pattern finds config files, never folders. An
    address is left as it is.
    """
    found: dict[str, str] = {}
    idle = []
    for path in paths:
        if is_address(path):
            found.setdefault(path, path)
            continue
        if not glob.has_magic(path) or os.path.lexists(path):
            found.setdefault(os.path.realpath(path) if path != "-" else path, path)
            continue
        # pathlib's glob takes no absolute pattern.
        files = [name for name in sorted(glob.glob(path, recursive=True)) if _is_config(name)]  # noqa: PTH207
        if not files:
            idle.append(path)
        for name in files:
            found.setdefault(os.path.realpath(name), name)
    return list(found.values()), idle


def _is_config(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not Path(name).is_dir()
