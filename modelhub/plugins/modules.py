"""Modules that are looked at without an import: whether they exist, their source, and the files of their package."""

from __future__ import annotations

import ast
import os
import pkgutil
import sys
from collections.abc import Iterable
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


def find_module(name: str) -> ModuleSpec | None:
    """The spec of a module, None if there is no such module; neither it nor the packages around it are imported.

    A folder without code, which Python takes for a namespace package, has a spec without a loader.
    """
    spec: ModuleSpec | None = None
    steps = name.split(".")
    for number in range(1, len(steps) + 1):
        folders = None if spec is None else _list_folders(spec)
        if spec is not None and folders is None:
            return None  # a module has no modules below it
        spec = _find(".".join(steps[:number]), folders)
        if spec is None:
            return None
    return spec


def _list_folders(spec: ModuleSpec) -> Iterable[str] | None:
    """Where the modules of a package are; one that is loaded may have come to know more folders."""
    folders: Iterable[str] | None = getattr(sys.modules.get(spec.name), "__path__", spec.submodule_search_locations)
    return folders


def _find(name: str, folders: Iterable[str] | None) -> ModuleSpec | None:
    loaded = sys.modules.get(name)
    if loaded is not None and isinstance(spec := getattr(loaded, "__spec__", None), ModuleSpec):
        return spec
    for finder in sys.meta_path:
        try:
            if finder is PathFinder and folders is not None:
                found = _search(name, folders)
            else:
                found = finder.find_spec(name, None if folders is None else [*folders])
        except Exception:  # a finder of somebody else's
            found = None
        if found is not None:
            return found
    return None


def _search(name: str, folders: Iterable[str]) -> ModuleSpec | None:
    """What PathFinder does, except that it wants to see the package of a namespace package imported."""
    parts: list[str] = []
    for folder in folders:
        finder: Any = pkgutil.get_importer(folder)
        spec: ModuleSpec | None = finder.find_spec(name) if finder is not None else None
        if spec is not None and spec.loader is not None:
            return spec
        parts += (spec and spec.submodule_search_locations) or ()
    if not parts:
        return None
    namespace = ModuleSpec(name, None, is_package=True)
    namespace.submodule_search_locations = parts
    return namespace


def read_tree(name: str) -> ast.Module | None:
    """The parsed source of a module, None if there is none to read; raises SyntaxError if it is no Python."""
    spec = find_module(name)
    get_source = getattr(spec and spec.loader, "get_source", None)
    try:
        source = get_source(name) if get_source else None
    except Exception:  # compiled, in an encoding of its own, or gone meanwhile
        source = None
    if not isinstance(source, str):
        return None
    return _parse(source)


@lru_cache(maxsize=32)
def _parse(source: str) -> ast.Module:
    """The parsed source, which nobody changes; a package may have many plugins."""
    try:
        return ast.parse(source)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error)) from None


def read_file(package: str, *steps: str) -> tuple[str, bytes] | None:
    """A file of a top-level package, with its path; None if there is no such file. The package may be in a zip."""
    spec = find_module(package)
    if spec is None:
        return None
    for folder in spec.submodule_search_locations or ():
        for loader in (spec.loader, pkgutil.get_importer(folder)):
            get_data = getattr(loader, "get_data", None)
            data = _get(get_data or _read, os.path.join(folder, *steps))  # noqa: PTH118 - a zip is no pathlib path
            if data is not None:
                return os.path.join(folder, *steps), data  # noqa: PTH118
    return None


def _get(get_data: Any, path: str) -> bytes | None:
    try:
        data: bytes = get_data(path)
    except _ABSENT:
        return None
    except OSError as error:
        if error.errno:
            raise
        return None  # zipimport's way to say that the archive has no such file
    return data


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()
