"""What installed packages declare in a group of entry points, found without importing any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from modelhub.plugins.declared import EntryPoint, NotPlain, read_declared

if TYPE_CHECKING:
    from importlib.metadata import Distribution

HOOKS_GROUP = "modelhub"  # of the packages that have hooks


def find_entry_points(group: str) -> list[tuple[EntryPoint, tuple[str, str]]]:
    """Every entry point of a group, with the name and version of the distribution that declares it."""
    try:
        return read_declared(group)
    except NotPlain:
        return [*_ask_importlib(group)]


def _ask_importlib(group: str) -> Iterator[tuple[EntryPoint, tuple[str, str]]]:
    from importlib.metadata import entry_points

    try:
        points: list[tuple[Any, Any]] = [(each, each.dist) for each in entry_points(group=group)]
    except Exception:  # with importlib_metadata's own finder installed, one malformed value hides all the others
        points = [*_read_entry_points(group)]
    known: dict[int, tuple[str, str]] = {}  # reading the metadata is slow, and most distributions have several plugins
    for point, dist in points:
        if id(dist) not in known:
            known[id(dist)] = identify(dist)
        yield EntryPoint(point.name, point.value, group), known[id(dist)]


def _read_entry_points(group: str) -> Iterator[tuple[EntryPoint, Distribution]]:
    """The same, read from the file of each distribution, even if some of the values are wrong."""
    import configparser
    from importlib.metadata import distributions

    seen: set[str] = set()
    for dist in distributions():
        try:
            text = dist.read_text("entry_points.txt") or ""
        except (OSError, ValueError):  # not readable, or no text
            continue
        name, _ = identify(dist)
        if f"[{group}]" not in text or name in seen:
            continue
        seen.add(name)
        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        with suppress(configparser.Error):
            parser.read_string(text)
            yield from ((EntryPoint(key, value, group), dist) for key, value in parser.items(group))


def find_groups() -> dict[str, list[str]]:
    """The groups of all installed entry points whose names begin as ours do, with who declares something in each."""
    from importlib.metadata import distributions

    found: dict[str, list[str]] = {}
    for dist in distributions():
        with suppress(Exception):  # what is declared wrongly is in no group
            for group in {each.group for each in dist.entry_points}:
                if group.lower().startswith("modelhub"):
                    found.setdefault(group, []).append(" ".join(identify(dist)))
    return found


def identify(dist: Distribution | None) -> tuple[str, str]:
    """The name and version of a distribution; "unknown" and "?" if they cannot be read."""
    try:
        facts: Any = dist.metadata if dist is not None else {}
        return facts["Name"] or "unknown", facts["Version"] or "?"
    except Exception:  # an install or uninstall that was interrupted leaves a distribution without metadata
        return "unknown", "?"


def canonize(distribution: str) -> str:
    """The name of a distribution as indexes compare it: https://packaging.python.org/specifications/name-normalization."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def describe(error: BaseException) -> str:
    """An error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
