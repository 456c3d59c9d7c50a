"""The model configs that were found; each config knows where its values were written."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from modelhub.configs.layers.origins import Node
from modelhub.configs.readers.document import Document
from modelhub.configs.readers.positions import Path
from modelhub.diagnostics import Severity
from modelhub.diagnostics.spelling import Source
from modelhub.errors import Problem
from modelhub.records import Record


class Entry(Record):
    """One model config inside a document, ``path`` being its place in the document's data.

    ``origins`` says where each value was written when they do not all stand below ``path``. If ``keyed`` is true, the
    config_name is the key that the config stands under.
    """

    config: dict[str, Any]
    document: Document
    path: Path
    origins: Node | None = None
    keyed: bool = False

    def problem(
        self,
        code: str,
        message: str,
        *path: str | int,
        key: bool = False,
        hint: str | None = None,
        severity: Severity = "error",
    ) -> Problem:
        """Build the problem that stands at ``path`` inside this config."""
        name = self.config.get("config_name")
        document, place = self.origins.locate(path) if self.origins else (self.document, self.path + path)
        return document.problem(
            code,
            message,
            place,
            key=key or (self.keyed and path == ("config_name",)),
            hint=hint,
            severity=severity,
            config_name=name if isinstance(name, str) else None,
        )

    def read_source(self, *path: str | int) -> Source | None:
        """The text of the file that stands for the scalar at ``path`` inside this config; None for Python objects."""
        document, place = self.origins.locate(path) if self.origins else (self.document, self.path + path)
        return document.read_source(place)


class Loaded:
    """The result of loading: the configs that could be read, every problem, and the files in order of the sources.

    ``seen`` has, for each source, what told the version that was read from others; ``prices`` those that are listed
    and that no config has.
    """

    __slots__ = ("entries", "files", "prices", "problems", "seen")

    def __init__(
        self,
        entries: list[Entry] | None = None,
        problems: list[Problem] | None = None,
        files: list[str] | None = None,
        seen: dict[Any, Hashable] | None = None,
        prices: list[Entry] | None = None,
    ) -> None:
        self.entries = [] if entries is None else entries
        self.problems = [] if problems is None else problems
        self.files = [] if files is None else files
        self.seen = {} if seen is None else seen
        self.prices = [] if prices is None else prices

    def add(self, *found: Entry | Problem) -> None:
        """Append what was found."""
        for item in found:
            if isinstance(item, Entry):
                self.entries.append(item)
            else:
                self.problems.append(item)

    def extend(self, other: Loaded) -> None:
        """Append everything another load found."""
        self.entries.extend(other.entries)
        self.problems.extend(other.problems)
        self.prices.extend(other.prices)

    def arrange(self) -> None:
        """Put the problems in the order of the files and of the places in them; those of Python objects stay first.

        What the versions of YAML make of a value is left out where something else is wrong with it.
        """
        told = {_place(problem) for problem in self.problems if problem.code != "MH111"}
        self.problems[:] = [each for each in self.problems if each.code != "MH111" or _place(each) not in told]
        order = {name: number for number, name in enumerate(self.files)}

        def rank(problem: Problem) -> tuple[int, int, int]:
            return order.get(problem.file or "", -1), problem.line or 0, problem.column or 0

        self.problems.sort(key=rank)


def _place(problem: Problem) -> tuple[str | None, int | None, int | None]:
    return problem.file, problem.line, problem.column
