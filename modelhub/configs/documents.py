"""A parsed source and the model configs in it, each knowing its place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelhub.configs.positions import Lines, Node, Path, Span, TextFault, find_offsets
from modelhub.diagnostics import Severity
from modelhub.errors import Problem

if TYPE_CHECKING:
    from modelhub.configs import origins


class Document:
    """One parsed source: its data, and where each value of it stands."""

    def __init__(
        self,
        data: Any,
        *,
        name: str | None = None,
        lines: Lines | None = None,
        find_nodes: Callable[[], Node] | None = None,
    ) -> None:
        self.data = data
        self.name = name
        self._lines = lines
        self._find_nodes = find_nodes
        self._root: Node | None = None

    def __repr__(self) -> str:
        return f"<Document {self.name or 'of Python objects'}>"

    def locate(self, path: Sequence[str | int], *, key: bool = False) -> Span | None:
        """Locate the value at ``path`` (with ``key``, the key that is its last step), or its nearest existing ancestor.

        None for Python objects.
        """
        if self._lines is None or self._find_nodes is None:
            return None
        if self._root is None:
            self._root = self._find_nodes()
        return self._lines.span(*find_offsets(self._root, path, key=key))

    def problem(
        self,
        code: str,
        message: str,
        path: Path = (),
        *,
        key: bool = False,
        hint: str | None = None,
        severity: Severity = "error",
        config_name: str | None = None,
    ) -> Problem:
        """Build the problem that stands at ``path``."""
        span = self.locate(path, key=key)
        place = span._asdict() if span else {}
        return Problem(code, message, hint, self.name, severity=severity, config_name=config_name, path=path, **place)


@dataclass(frozen=True, slots=True)
class Entry:
    """One model config inside a document, ``path`` being its place in the document's data.

    ``origins`` says where each value was written when the config was merged from several places.
    """

    config: dict[str, Any]
    document: Document
    path: Path
    origins: "origins.Node | None" = None

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
            key=key,
            hint=hint,
            severity=severity,
            config_name=name if isinstance(name, str) else None,
        )


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading found: the configs that could be read, every problem, and the files in the order of the sources."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def add(self, *found: Entry | Problem) -> None:
        """Append what was found."""
        for item in found:
            if isinstance(item, Entry):
                self.entries.append(item)
            else:
                self.problems.append(item)

    def extend(self, other: "Loaded") -> None:
        """Append everything another load found."""
        self.entries.extend(other.entries)
        self.problems.extend(other.problems)

    def arrange(self) -> None:
        """Put the problems in the order of the files and of the places in them; those of Python objects stay first."""
        order = {name: number for number, name in enumerate(self.files)}

        def rank(problem: Problem) -> tuple[int, int, int]:
            return order.get(problem.file or "", -1), problem.line or 0, problem.column or 0

        self.problems.sort(key=rank)


def build_problem(fault: TextFault, name: str, lines: Lines) -> Problem:
    """Build the problem for a fault of the text ``lines`` of the file ``name``."""
    span, hint = lines.span(fault.start, fault.end), fault.hint
    if fault.first is not None:
        hint = f"it is on line {lines.span(fault.first).line} already; remove one of the two"
    return Problem(fault.code, fault.message, hint, name, *span, path=fault.path)
