"""Finds the files that an ``include`` names."""

from __future__ import annotations

import os
from pathlib import Path

from modelhub.configs.layers.declarations import Include
from modelhub.configs.sources.files import Unreadable, find_files, find_format
from modelhub.configs.sources.folders import Files
from modelhub.configs.sources.source import Pattern, Place, Source
from modelhub.errors import Problem
from modelhub.secrets import find_path

_GLOB = frozenset("*?[")


def is_glob(value: str) -> bool:
    """Whether ``value`` stands for any number of files."""
    return not _GLOB.isdisjoint(value)


def find_included(value: str, folder: str) -> Files:
    """Find the files that ``value`` names: a file, the files in a folder, or the files that a glob matches, sorted.

    ``~`` and ``~user`` are home folders. Raises Unreadable.
    """
    if not is_glob(value):
        files = find_files(_place(value, folder))
        for file in files.names:
            find_format(file)
        return files
    names = Pattern(_expand(value), folder).match()
    if not names:
        raise Unreadable(f"no config file matches '{_expand(value)}'", f"its place is seen from {folder or os.curdir}")
    return Files(names, [])


def find_source(value: str, folder: str) -> Source:
    """What to watch for changes of what ``value`` names."""
    return Pattern(_expand(value), folder) if is_glob(value) else Place(_place(value, folder))


def build_cycle(include: Include, file: str, route: list[Include]) -> Problem:
    """The problem of an ``include`` of ``file``, from which ``route`` leads back to it."""
    steps = [each.document.name or "model_configs" for each in (*route, include)]
    names = " -> ".join([*steps, file])
    if not route:
        return include.problem("MH304", f"a file includes itself: {names}", "remove the include")
    places = ", ".join(each.problem("", "").place for each in (*route, include))
    return include.problem("MH304", f"the files include each other: {names}", f"remove one of the includes at {places}")


def _place(value: str, folder: str) -> str:
    return str(Path(folder, _expand(value)))


def _expand(value: str) -> str:
    return str(find_path(value)) if value.startswith("~") else value
