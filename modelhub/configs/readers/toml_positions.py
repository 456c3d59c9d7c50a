"""Finds the places of keys and values in a TOML text. It checks little: the values themselves come from tomllib."""

import re

from modelhub.configs.readers.json_types import MAX_DEPTH
from modelhub.configs.readers.positions import Node, TextFault, build_twice_fault

_MAX_STEPS = MAX_DEPTH + 50  # deeper data is refused
_BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_SPACE = re.compile(r"[ \t]*+")
_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*+"|\'[^\'\n]*+\'|[^\s="\'.\[\]{}#,]++')
_VALUE = re.compile(
    r'"""(?:[^"\\]++|\\.|""?(?!"))*+"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\[^\n])*+"'
    r"|'[^'\n]*+'"
    r"|[^,\[\]{}#\r\n]++",
    re.DOTALL,
)


def find_nodes(text: str) -> tuple[Node, list[TextFault]]:
    """Find where every value of a TOML text stands, and the keys that stand twice."""
    scanner = _Scanner(text)
    scanner.scan()
    return scanner.root, scanner.faults


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.offset = 0
        self.root = Node(0, 0, {})
        self.table = [self.root]
        self.table_path: list[str | int] = []
        self.declared: set[int] = set()
        self.faults: list[TextFault] = []

    def scan(self) -> None:
        self._skip(_BLANK)
        self.root.start = self.offset
        while self.offset < len(self.text):
            if sign := self._take("[[", "["):
                self._read_header(in_array=sign == "[[")
            else:
                self._read_pair(self.table, self.table_path)
            self.offset = self.text.find("\n", self.offset)
            if self.offset < 0:
                break
            self._skip(_BLANK)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.offset)
        self.offset = match.end() if match else self.offset

    def _take(self, *signs: str) -> str:
        """Step over the first of ``signs`` that the text has here; return it, or an empty text."""
        for sign in signs:
            if self.text.startswith(sign, self.offset):
                self.offset += len(sign)
                return sign
        return ""

    def _read_key(self) -> list[tuple[str, int, int]]:
        """Read a dotted key as its parts and where they stand."""
        parts: list[tuple[str, int, int]] = []
        while True:
            self._skip(_SPACE)
            match = _KEY.match(self.text, self.offset)
            if match is None:
                return parts
            parts.append((_unquote(match[0]), *match.span()))
            self.offset = match.end()
            self._skip(_SPACE)
            if not self._take("."):
                return parts

    def _read_header(self, *, in_array: bool) -> None:
        start = self.offset - (2 if in_array else 1)
        self.table, self.table_path = [self.root], []
        parts = self._read_key()
        for name, *span in parts[:-1]:
            self._descend(name, (span[0], span[1]), start)
        if parts:
            name, first, last = parts[-1]
            if in_array:
                self._append(name, (first, last), start)
            else:
                self._declare(name, (first, last), start)
        self._take("]]", "]")
        self._extend(self.table)

    def _descend(self, name: str, span: tuple[int, int], start: int) -> None:
        """Step into the table ``name`` (of an array, the last table); make the table if it is new."""
        parent = self.table[-1]
        child = _add(parent, name, span, Node(start, span[1], {}))
        self.table.append(child)
        self.table_path.append(name)
        if isinstance(child.children, list) and child.children:
            self.table.append(child.children[-1])
            self.table_path.append(len(child.children) - 1)

    def _declare(self, name: str, span: tuple[int, int], start: int) -> None:
        first = self.table[-1].keys.get(name)
        known = _find_child(self.table[-1], name)
        self._descend(name, span, start)
        if known and (id(known) in self.declared or not isinstance(known.children, dict)):
            self._report(name, first, span, self.table_path)
        self.declared.add(id(self.table[-1]))

    def _append(self, name: str, span: tuple[int, int], start: int) -> None:
        first = self.table[-1].keys.get(name)
        array = _add(self.table[-1], name, span, Node(start, span[1], []))
        self.table.append(array)
        self.table_path.append(name)
        if not isinstance(array.children, list):
            self._report(name, first, span, self.table_path)
            return
        array.children.append(Node(start, span[1], {}))
        self.table.append(array.children[-1])
        self.table_path.append(len(array.children) - 1)

    def _read_pair(self, owners: list[Node], path: list[str | int]) -> None:
        """Read ``key = value`` into the last of ``owners``, and move the ends of all owners behind it."""
        parts = self._read_key()
        if not parts or not self._take("="):
            return
        chain, value_path = list(owners), list(path)
        for index, (name, first, last) in enumerate(parts):
            value_path.append(name)
            is_last = index == len(parts) - 1
            known = _find_child(chain[-1], name)
            if known and (is_last or not isinstance(known.children, dict)):
                self._report(name, chain[-1].keys[name], (first, last), value_path)
            if not is_last:
                chain.append(_add(chain[-1], name, (first, last), Node(first, last, {})))
                self.declared.add(id(chain[-1]))
        name, first, last = parts[-1]
        _add(chain[-1], name, (first, last), self._read_value(value_path))
        self._extend(chain)

    def _read_value(self, path: list[str | int]) -> Node:
        self._skip(_SPACE)
        node = Node(self.offset, self.offset)
        if len(path) > _MAX_STEPS:
            self.offset = len(self.text)
        elif self._take("["):
            node.children = []
        elif self._take("{"):
            node.children = {}
        else:
            self._skip(_VALUE)
        while node.children is not None:
            self._skip(_BLANK)
            if self._take("]", "}") or self.offset >= len(self.text):
                break
            before = self.offset
            if self._take(","):
                continue
            if isinstance(node.children, list):
                node.children.append(self._read_value([*path, len(node.children)]))
            else:
                self._read_pair([node], path)
            self.offset += self.offset == before
        node.end = self.offset
        return node

    def _extend(self, chain: list[Node]) -> None:
        for node in chain:
            node.end = max(node.end, self.offset)

    def _report(self, name: str, first: tuple[int, int] | None, span: tuple[int, int], path: list[str | int]) -> None:
        offset = first[0] if first else span[0]
        self.faults.append(build_twice_fault(name, offset, *span, tuple(path)))


def _find_child(parent: Node, name: str) -> Node | None:
    return parent.children.get(name) if isinstance(parent.children, dict) else None


def _add(parent: Node, name: str, span: tuple[int, int], child: Node) -> Node:
    """Put ``child`` under ``name`` unless there is a child already; return the child that is there now."""
    if not isinstance(parent.children, dict):
        return child
    parent.keys.setdefault(name, span)
    return parent.children.setdefault(name, child)


def _unquote(part: str) -> str:
    if part[0] not in "\"'":
        return part
    if "\\" not in part or part[0] == "'":
        return part[1:-1]
    import tomllib

    try:
        return str(tomllib.loads(f"key = {part}")["key"])
    except tomllib.TOMLDecodeError:
        return part[1:-1]
