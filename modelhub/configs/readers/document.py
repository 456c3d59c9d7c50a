"""A parsed source that knows the place of each of its values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from modelhub.configs.readers.positions import Lines, Node, Path, Span, TextFault, find_node, find_offsets
from modelhub.diagnostics import Severity
from modelhub.diagnostics.lookalikes import describe_characters, find_typographic
from modelhub.diagnostics.spelling import Source
from modelhub.errors import Problem
from modelhub.overriding import override


class Document:
    """One parsed source: its data, and where each value of it stands."""

    def __init__(
        self,
        data: Any,
        *,
        name: str | None = None,
        format: str | None = None,
        lines: Lines | None = None,
        find_nodes: Callable[[], Node] | None = None,
        root: Node | None = None,
    ) -> None:
        self.data = data
        self.name = name
        self.format = format  # "yaml", "json", "jsonc" or "toml"; None for Python objects
        self._lines = lines
        self._find_nodes = find_nodes
        self._root = root

    @override
    def __repr__(self) -> str:
        return f"<Document {self.name or 'of Python objects'}>"

    def forget_places(self) -> None:
        """Let go of where the values stand: they take much memory, and are found again when somebody asks."""
        self._root = None

    def locate(self, path: Sequence[str | int], *, key: bool = False) -> Span | None:
        """Locate the value at ``path`` (with ``key``, the key that is its last step), or its nearest existing ancestor.

        The result is None for Python objects.
        """
        if self._lines is None or self._find_nodes is None:
            return None
        if self._root is None:
            self._root = self._find_nodes()
        return self._lines.span(*find_offsets(self._root, path, key=key))

    def list_places(self) -> Iterator[tuple[Path, bool, Span]]:
        """The path of each value, and of each key (with True), and where it stands; nothing for Python objects."""
        if self._lines is None or self._find_nodes is None:
            return
        waiting: list[tuple[Path, Node]] = [((), self._root or self._find_nodes())]
        while waiting:
            path, node = waiting.pop()
            yield path, False, self._lines.span(node.start, node.end)
            for key, offsets in node.keys.items():
                yield (*path, key), True, self._lines.span(*offsets)
            children = node.children
            steps = children.items() if isinstance(children, dict) else enumerate(children or ())
            waiting += [((*path, step), child) for step, child in steps]

    def read_source(self, path: Sequence[str | int]) -> Source | None:
        """The text that stands for the scalar at ``path``; None for Python objects, or if there is no scalar."""
        if self._lines is None or self._find_nodes is None or self.format is None:
            return None
        if self._root is None:
            self._root = self._find_nodes()
        node = find_node(self._root, path)
        if node is None or node.children is not None:
            return None
        return Source(self._lines.text[node.start : node.end].strip(), self.format)

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


def build_problem(fault: TextFault, name: str, lines: Lines) -> Problem:
    """Build the problem for a fault of the text ``lines`` of the file ``name``."""
    span, hint = lines.span(fault.start, fault.end), fault.hint
    if fault.first is not None:
        hint = f"it is on line {lines.span(fault.first).line} already; remove one of the two"
    elif fault.code == "MH101" and (odd := _find_odd(lines, span.line)):
        note = f"there is {describe_characters(odd)}"
        hint = hint if hint and "U+" in hint else f"{hint}; {note}" if hint else note
    return Problem(fault.code, fault.message, hint, name, *span, path=fault.path, severity=fault.severity)


def _find_odd(lines: Lines, number: int) -> list[str]:
    """Find the characters that may have confused a parser, on the line of a fault or on the one before."""
    return list(find_typographic(lines.text_of(number))) or list(find_typographic(lines.text_of(max(1, number - 1))))
