"""Finds the files that an ``include`` names."""

from __future__ import annotations

import os
from pathlib import Path

from modelhub.configs.sources.files import Unreadable, find_files, find_format
from modelhub.configs.sources.folders import SUFFIXES, Files
from modelhub.secrets import find_path

_GLOB = frozenset("*?[")


def is_glob(value: str) -> bool:
    """Whether ``value`` stands for any number of files."""
    return not _GLOB.isdisjoint(value)


def find_included(value: str, folder: str) -> Files:
    """Find the files that ``value`` names: a file, the files in a folder, or the files that a glob matches, sorted.

    ``~`` and ``~user`` are home folders. Raises Unreadable.
    """
    if value.startswith("~"):
        value = str(find_path(value))
    if not is_glob(value):
        files = find_files(str(Path(folder, value)))
        for file in files.names:
            find_format(file)
        return files
    from glob import glob

    names = sorted(glob(value, root_dir=folder or os.curdir, recursive=True))  # noqa: PTH207 (Path's has no root)
    paths = [Path(folder, name) for name in names if Path(name).suffix.lower() in SUFFIXES]
    names = [str(path) for path in paths if path.is_file()]
    if not names:
        raise Unreadable(f"no config file matches '{value}'", f"its place is seen from {folder or os.curdir}")
    return Files(names, [])
