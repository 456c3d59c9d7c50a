"""One loading of the sources of a registry."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from modelhub.configs import Entry
from modelhub.errors import Problem

if TYPE_CHECKING:
    from modelhub.registry.report import ReloadReport


class Generation:
    """One loaded set of configs and the models built from it.

    ``folder`` is where relative paths were seen from, ``exposed`` the secrets in plain text in configs that are Python
    objects, ``key`` the name of this loading in other processes, and ``number`` counts from 1.
    """

    def __init__(
        self, entries: Iterable[tuple[str, Entry]] = (), folder: str = "", problems: Iterable[Problem] = ()
    ) -> None:
        self.entries = dict(entries)
        for entry in self.entries.values():
            entry.document.forget_places()
        self.models: dict[str, Any] = {}
        self.folder = folder
        self.exposed = [problem for problem in problems if problem.code == "MH401" and problem.file is None]
        self.key = os.urandom(16).hex()
        self.number = 1
        self.reached: dict[str, dict[str, Any]] = {}  # the models that a call of a composite may ask
        self.reaches: dict[str, str] = {}  # digests of what the answers of a config depend on

    def files(self) -> set[str]:
        """The files that its configs stand in."""
        return {entry.document.name for entry in self.entries.values() if entry.document.name is not None}

    def compare(self, old: Generation, modernize: Callable[[Entry], dict[str, Any]]) -> ReloadReport:
        """What has changed since ``old``, by the modern spellings of the configs that are in effect."""
        from modelhub.registry.report import ReloadReport, is_same  # most programs load their configs once

        both = [name for name in self.entries if name in old.entries]
        kept = {
            name: is_same(self.entries[name].config, old.entries[name].config)
            or is_same(modernize(self.entries[name]), modernize(old.entries[name]))
            for name in both
        }
        added = tuple(name for name in self.entries if name not in kept)
        changed = tuple(name for name in both if not kept[name])
        removed = tuple(name for name in old.entries if name not in kept)
        number = old.number + bool(added or changed or removed)
        return ReloadReport(added, changed, removed, tuple(name for name in both if kept[name]), number)

    def follow(self, old: Generation, report: ReloadReport) -> None:
        """Take over from ``old`` what ``report`` calls unchanged: the models, and all names if nothing has changed."""
        self.number = report.generation
        if self.number == old.number:
            self.key = old.key
        for name in report.unchanged:
            if name in old.models:
                self.models[name] = old.models[name]
