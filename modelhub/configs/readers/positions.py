"""Places in a text: character offsets for parsers, lines and columns for people."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from modelhub.diagnostics import Severity
from modelhub.patterns import expression

_LINE_END = expression(r"\r\n?|\n")
Path = tuple[str | int, ...]


class Span(NamedTuple):
    """A stretch of text: 1-based lines and columns in characters, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Node:
    """Where one value stands, as character offsets; ``keys`` says where a mapping's keys stand."""

    __slots__ = ("children", "end", "keys", "start")

    def __init__(
        self,
        start: int,
        end: int,
        children: "dict[str, Node] | list[Node] | None" = None,
        keys: dict[str, tuple[int, int]] | None = None,
    ) -> None:
        self.start = start
        self.end = end
        self.children = children
        self.keys = {} if keys is None else keys


class TextFault(Exception):
    """Something wrong at an offset of a text. It is raised if nothing after it can be read, else collected."""

    def __init__(
        self,
        code: str,
        message: str,
        start: int,
        end: int | None = None,
        *,
        hint: str | None = None,
        path: Path = (),
        first: int | None = None,
        severity: Severity = "error",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.start = start
        self.end = end
        self.hint = hint
        self.path = path
        self.first = first  # where the same stands already
        self.severity: Severity = severity


def build_twice_fault(key: str, first: int, start: int, end: int, path: Path) -> TextFault:
    """Build the fault of a key that its mapping already has at the offset ``first``."""
    return TextFault("MH105", f"the key '{key}' is given twice", start, end, path=path, first=first)


class Parsed(NamedTuple):
    """One parsed document: plain data, the faults that did not stop the parser, and a function that finds its nodes.

    ``root`` has its nodes where the parser has found them already. ``size`` is the number of values in the data where
    it is known that they are of JSON types.
    """

    data: Any
    find_nodes: Callable[[], Node]
    faults: Sequence[TextFault] = ()
    root: Node | None = None
    size: int | None = None


class Lines:
    """Turns offsets of a text into spans; LF, CRLF and CR end a line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: list[int] = []

    def span(self, start: int, end: int | None = None) -> Span:
        """Build the span of ``text[start:end]`` less trailing blanks, or of one character when ``end`` is None."""
        start = min(start, len(self.text))
        if end is None:
            end = start + 1 if self.text[start : start + 1].strip() else start
        while end > start and self.text[end - 1].isspace():
            end -= 1
        return Span(*self._place(start), *self._place(end))

    def text_of(self, line: int) -> str:
        """The text of a 1-based line, at most its first 1,000 characters."""
        start = self.offset(line, 1)
        return self.text[start : start + 1000].partition("\n")[0]

    def offset(self, line: int, column: int) -> int:
        """Turn a 1-based line and column back into an offset."""
        self._place(0)
        return min(self._starts[min(line, len(self._starts)) - 1] + column - 1, len(self.text))

    def _place(self, offset: int) -> tuple[int, int]:
        if not self._starts:
            self._starts = [0, *(match.end() for match in _LINE_END.finditer(self.text))]
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def find_offsets(node: Node, path: Sequence[str | int], *, key: bool = False) -> tuple[int, int]:
    """Find where the value (or the key) at ``path`` starts and ends, or its nearest existing ancestor."""
    for position, step in enumerate(path, start=1):
        children = node.children
        if isinstance(children, dict) and isinstance(step, str) and step in children:
            if key and position == len(path):
                return node.keys[step]
            node = children[step]
        elif isinstance(children, list) and isinstance(step, int) and 0 <= step < len(children):
            node = children[step]
        else:
            break
    return node.start, node.end


def find_node(node: Node, path: Sequence[str | int]) -> Node | None:
    """Find the node of the value at ``path``; None if there is none."""
    for step in path:
        children, found = node.children, None
        if isinstance(children, dict) and isinstance(step, str):
            found = children.get(step)
        elif isinstance(children, list) and isinstance(step, int):
            found = children[step] if 0 <= step < len(children) else None
        if found is None:
            return None
        node = found
    return node
