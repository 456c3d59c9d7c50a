"""Entry points as plain installs declare them, read from their files: importlib.metadata takes many times as long.

What is not plain, such as a package in a zip file or a distribution without metadata, is left to importlib.metadata.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from functools import reduce
from importlib import import_module
from importlib.machinery import PathFinder
from typing import Any, NamedTuple, cast

from modelhub.patterns import expression

# As importlib.metadata reads them: https://packaging.python.org/specifications/entry-points
_VALUE = expression(r"(?P<module>[\w.]+)\s*(:\s*(?P<attr>[\w.]+)\s*)?((?P<extras>\[.*\])\s*)?$")


class EntryPoint(NamedTuple):
    """What a distribution declares in a group: ``value`` is ``"module:attribute"``."""

    name: str
    value: str
    group: str

    @property
    def match(self) -> re.Match[str] | None:
        """The parts of the value; None if it has another form."""
        return _VALUE.match(self.value)

    @property
    def module(self) -> str:
        """The module that the value names."""
        return cast("str", self._part("module"))

    @property
    def attr(self) -> str:
        """What the value names in its module; None for the module itself."""
        return cast("str", self._part("attr"))

    def load(self) -> Any:
        """What the value names."""
        return reduce(getattr, filter(None, (self.attr or "").split(".")), import_module(self.module))

    def _part(self, name: str) -> str | None:
        match = self.match
        if match is None:
            raise ValueError(f"{self.value!r} is no 'module:name'")
        return match[name]


class NotPlain(Exception):
    """Something here is for importlib.metadata to read."""


def read_declared(group: str) -> list[tuple[EntryPoint, tuple[str, str]]]:
    """The entry points of ``group``, each with name and version of its distribution; raises NotPlain."""
    if any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path):
        raise NotPlain
    found: list[tuple[EntryPoint, tuple[str, str]]] = []
    section = f"[{group}]".encode()
    for folder in _list_distributions():
        try:
            with open(os.path.join(folder, "entry_points.txt"), "rb") as file:  # noqa: PTH118, PTH123  a third of the time
                text = file.read()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            raise NotPlain from None
        if section in text:
            points = list(_parse(text, group))
            facts = _read_facts(folder) if points else ("", "")
            found += [(point, facts) for point in points]
    return found


def _list_distributions() -> Iterator[str]:
    """The folders of metadata, of each distribution the first one on the path."""
    seen: set[str] = set()
    for root in sys.path:
        if not isinstance(root, str) or root.lower().endswith(".egg"):
            raise NotPlain
        try:
            children = os.listdir(root or ".")  # noqa: PTH208  a third of the time
        except FileNotFoundError:
            continue
        except OSError:  # a zip file
            raise NotPlain from None
        for child in children:
            stem, dot, kind = child.rpartition(".")
            if dot and kind.lower() in ("dist-info", "egg-info"):
                name = re.sub(r"[-_.]+", "-", stem.partition("-")[0]).lower()
                if not name or not kind.islower():
                    raise NotPlain
                if name not in seen:
                    seen.add(name)
                    yield os.path.join(root, child)  # noqa: PTH118


def _parse(text: bytes, group: str) -> Iterator[EntryPoint]:
    section = None
    try:
        lines = text.decode().splitlines()
    except UnicodeDecodeError:
        raise NotPlain from None
    for line in map(str.strip, lines):
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif section == group:
            name, equals, value = line.partition("=")
            if not equals:
                raise NotPlain
            yield EntryPoint(name.strip(), value.strip(), group)


def _read_facts(folder: str) -> tuple[str, str]:
    """The name and version in the metadata of a distribution."""
    facts: dict[str, str] = {}
    try:
        file = "METADATA" if folder.endswith(".dist-info") else "PKG-INFO"
        with open(os.path.join(folder, file), encoding="utf-8") as lines:  # noqa: PTH118, PTH123
            for line in lines:
                name, colon, value = line.partition(":")
                if not colon:
                    break
                facts.setdefault(name.lower(), value.strip())
    except (OSError, ValueError):
        raise NotPlain from None
    if not facts.get("name") or not facts.get("version"):
        raise NotPlain
    return facts["name"], facts["version"]
