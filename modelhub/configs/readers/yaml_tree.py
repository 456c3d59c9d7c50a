"""One YAML document, built from parser events into plain data and the places of its values.

PyYAML's own composer does not keep the place of an alias, accepts a key that stands twice, and recurses. The events
say everything that is needed.
"""

from typing import Any

from modelhub.configs.readers.json_types import MAX_DEPTH
from modelhub.configs.readers.limits import build_depth_fault
from modelhub.configs.readers.positions import Node, Path, TextFault, build_twice_fault
from modelhub.configs.readers.yaml_scalars import CORE, BadScalar, Scalars, describe_tag
from modelhub.diagnostics.wording import is_secret
from modelhub.patterns import expression

MAX_ALIASED = 1_000_000
_NO_KEYS: dict[str, tuple[int, int]] = {}  # of all scalars
_PROPERTIES = expression(r"(?:[&!]\S*+(?:\s++(?:#.*\s*+)*+)?)*+")


class _Value:
    """A finished value: its data, its place, its number of values with all aliases written out, and a scalar's text."""

    __slots__ = ("data", "is_plain", "node", "size", "text")

    def __init__(self, data: Any, node: Node, size: int = 1, text: str | None = None, is_plain: bool = False) -> None:
        self.data = data
        self.node = node
        self.size = size
        self.text = text
        self.is_plain = is_plain


class _Open:
    """A collection that is not closed yet; ``key`` is the last key read, or None if its value must be ignored."""

    __slots__ = ("anchor", "has_key", "is_block", "is_empty", "is_merge", "key", "merged", "value")

    def __init__(self, value: _Value, anchor: str | None, is_block: bool) -> None:
        self.value = value
        self.anchor = anchor
        self.is_block = is_block
        self.is_empty = True
        self.has_key = False
        self.key: str | None = None
        self.is_merge = False
        self.merged: list[_Value] = []


class Tree:
    """The data and the places that the events of one document have built so far."""

    def __init__(self, text: str, scalars: Scalars) -> None:
        self.data: Any = None
        self.node = Node(0, 0)
        self.faults: list[TextFault] = []
        self._text = text
        self._scalars = scalars
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Value | None] = {}
        self._aliased = 0

    def find_bracket(self) -> int | None:
        """Find the innermost bracket that is still open."""
        return next((frame.value.node.start for frame in reversed(self._stack) if not frame.is_block), None)

    def add_event(self, event: Any) -> None:
        """Take in one event of PyYAML; raises TextFault when the document must not be read further."""
        kind = type(event).__name__
        if kind == "ScalarEvent":
            self._add_scalar(event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._open(event, "map" if kind == "MappingStartEvent" else "seq")
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._close(event)
        else:
            self._add_alias(event)

    def _find_start(self, event: Any) -> int:
        """Find where the value itself starts; the event may start before it, at an anchor or a tag."""
        start: int = event.start_mark.index
        if event.anchor or event.tag:
            match = _PROPERTIES.match(self._text, start, event.end_mark.index)
            start = match.end() if match else start
        return start

    def _add_scalar(self, event: Any) -> None:
        node = Node(self._find_start(event), event.end_mark.index, None, _NO_KEYS)
        text, is_plain = event.value, event.implicit[0]
        data, is_strange = text, False
        try:
            if is_plain:
                data = self._scalars.build_plain(text)
                is_strange = text in self._scalars.differing
            elif event.tag not in (None, "!"):
                data = self._scalars.build_tagged(text, event.tag)
        except BadScalar as error:
            self._report(error.code, str(error), event.start_mark.index, node.end, error.hint)
        if is_strange and self._is_value():
            self._warn(text, node)
        value = _Value(data, node, 1, text, is_plain)
        if event.anchor:
            self._anchors[event.anchor] = value
        self._add(value)

    def _add_alias(self, event: Any) -> None:
        name, start, end = event.anchor, event.start_mark.index, event.end_mark.index
        anchored = self._anchors.get(name)
        if anchored is None:
            is_open = name in self._anchors
            message = "the alias is inside of its own anchor" if is_open else "no anchor of this name stands above"
            self._report(
                "MH101", message, start, end, None if is_open else "put the value in quotes if its '*' is text"
            )
            self._add(_Value(None, Node(start, end), text=f"*{name}"))
            return
        self._aliased += anchored.size
        if self._aliased > MAX_ALIASED:
            raise TextFault("MH101", f"the aliases stand for more than {MAX_ALIASED:,} values", start, end)
        node = Node(start, end, anchored.node.children, anchored.node.keys)
        self._add(_Value(anchored.data, node, anchored.size, anchored.text))

    def _open(self, event: Any, kind: str) -> None:
        start = self._find_start(event)
        if len(self._stack) >= MAX_DEPTH:
            raise build_depth_fault(start)
        if event.tag not in (None, "!", CORE + kind):
            message, hint = describe_tag(event.tag)
            self._report("MH101", message, event.start_mark.index, start, hint)
        if event.anchor:
            self._anchors[event.anchor] = None
        is_mapping = kind == "map"
        value = _Value({} if is_mapping else [], Node(start, start, {} if is_mapping else []))
        self._stack.append(_Open(value, event.anchor, not event.flow_style))

    def _close(self, event: Any) -> None:
        frame = self._stack.pop()
        if not frame.is_block:
            frame.value.node.end = event.end_mark.index
        for merged in frame.merged:
            _merge(frame.value, merged)
        if frame.anchor:
            self._anchors[frame.anchor] = frame.value
        self._add(frame.value)

    def _add(self, value: _Value) -> None:
        """Put a finished value into the open collection, as an item, a key or a key's value."""
        if not self._stack:
            self.data, self.node = value.data, value.node
            return
        frame = self._stack[-1]
        owner = frame.value
        children = owner.node.children
        if isinstance(children, list):
            owner.data.append(value.data)
            children.append(value.node)
        elif not frame.has_key:
            self._take_key(frame, value)
        elif frame.is_merge:
            self._take_merge(frame, value)
        elif children is not None and frame.key is not None:
            owner.data[frame.key] = value.data
            children[frame.key] = value.node
        frame.has_key = isinstance(children, dict) and not frame.has_key
        frame.is_empty = False
        if value.node.end > owner.node.end:
            owner.node.end = value.node.end
        owner.size += value.size

    def _take_key(self, frame: _Open, value: _Value) -> None:
        node, start, end = frame.value.node, value.node.start, value.node.end
        if frame.is_block and frame.is_empty:
            node.start = start
        frame.key = value.text
        frame.is_merge = value.is_plain and frame.key == "<<"
        if frame.key is None:
            self._report("MH106", "a key must be text, not a list or a mapping", start, end)
        elif frame.key in node.keys:
            first = node.keys[frame.key][0]
            self.faults.append(build_twice_fault(frame.key, first, start, end, self._path()))
            frame.key = None
        elif not frame.is_merge:
            node.keys[frame.key] = (start, end)

    def _take_merge(self, frame: _Open, value: _Value) -> None:
        data, children = value.data, value.node.children
        if isinstance(data, dict):
            frame.merged.append(value)
        elif isinstance(children, list) and all(isinstance(item, dict) for item in data):
            frame.merged += [_Value(*pair) for pair in zip(data, children, strict=True)]
        else:
            hint = "write '<<: *anchor'"
            self._report(
                "MH101", "<< must name a mapping or a list of mappings", value.node.start, value.node.end, hint
            )

    def _path(self) -> Path:
        steps: list[str | int] = []
        for frame in self._stack:
            children = frame.value.node.children
            steps.append(len(children) if isinstance(children, list) else frame.key or "")
        return tuple(steps)

    def _is_value(self) -> bool:
        """Whether what comes next is a value: keys are text, however they are written."""
        return not self._stack or isinstance(self._stack[-1].value.data, list) or self._stack[-1].has_key

    def _warn(self, text: str, node: Node) -> None:
        message, hint = self._scalars.differing[text]
        path = self._path()
        if is_secret(path):
            message, hint = "YAML 1.1, which is read here, and YAML 1.2 read this value differently", "put it in quotes"
        fault = TextFault("MH111", message, node.start, node.end, hint=hint, path=path, severity="warning")
        self.faults.append(fault)

    def _report(self, code: str, message: str, start: int, end: int, hint: str | None = None) -> None:
        self.faults.append(TextFault(code, message, start, end, hint=hint, path=self._path()))


def _merge(owner: _Value, merged: _Value) -> None:
    """Give ``owner`` the keys of ``merged`` that it lacks."""
    children, others = owner.node.children, merged.node.children
    if isinstance(children, dict) and isinstance(others, dict):
        for key in merged.data.keys() - owner.data.keys():
            owner.data[key] = merged.data[key]
            children[key] = others[key]
            owner.node.keys[key] = merged.node.keys[key]
