"""What installed packages declare in a group of entry points, found without importing any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points
from typing import Any


def find_entry_points(group: str) -> list[tuple[EntryPoint, Distribution | None]]:
    """Every entry point of a group, with the distribution that declares it."""
    try:
        return [(entry_point, entry_point.dist) for entry_point in entry_points(group=group)]
    except Exception:  # with importlib_metadata's own finder installed, one malformed value hides all the others
        return [*_read_entry_points(group)]


def _read_entry_points(group: str) -> Iterator[tuple[EntryPoint, Distribution]]:
    """The same, read from the file of each distribution, even if some of the values are wrong."""
    import configparser

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
