"""Reads YAML that has nothing unusual in it, as most configs are: the data alone, without the places of its values."""

from collections.abc import Iterator
from itertools import islice
from math import isfinite
from typing import Any

from modelhub.configs.readers.allowance import MAX_VALUES
from modelhub.configs.readers.json_types import MAX_BITS, MAX_DEPTH
from modelhub.configs.readers.yaml_scalars import BadScalar, Scalars

MOST_EVENTS = 3 * MAX_VALUES  # a value has an event or two, and its key another


class _Unusual(Exception):
    """Something has to be looked at more closely: a fault, an alias, a tag, or what YAML 1.2 reads otherwise."""


class _Texts:
    """The scalars of a text; those that stand there several times are one object."""

    def __init__(self) -> None:
        self._scalars = Scalars()
        self._plain: dict[str, Any] = {}
        self._keys: dict[str, str] = {}  # those that are not in quotes
        self._texts: dict[str, str] = {}

    def read_value(self, event: Any) -> Any:
        """The value of a scalar; raises _Unusual."""
        text = event.value
        if not event.implicit[0]:
            return self._texts.get(text) or self._keep(text)
        try:
            return self._plain[text]
        except KeyError:
            value = self._scalars.build_plain(text)
            if text in self._scalars.differing or not _is_plain(value):
                raise _Unusual from None
            if type(value) is str:
                value = self._keep(value)
            self._plain[text] = value
            return value

    def read_key(self, event: Any) -> str:
        """The text of a key; raises _Unusual."""
        text: str = event.value
        if not event.implicit[0]:
            return self._texts.get(text) or self._keep(text)
        known = self._keys.get(text)
        if known is None:
            self._scalars.build_plain(text)  # which may be a fault
            if text == "<<":
                raise _Unusual
            known = self._keys[text] = self._keep(text)
        return known

    def _keep(self, text: str) -> str:
        if not (text.isascii() or _is_whole(text)):
            raise _Unusual
        return self._texts.setdefault(text, text)


def read_plain(text: str) -> list[tuple[Any, int]] | None:
    """The data of each document and the number of values in it; None where something unusual is in one of them."""
    import yaml

    try:
        return _read(parse_events(text), yaml)
    except (_Unusual, BadScalar, yaml.YAMLError, RecursionError, MemoryError):
        return None


def parse_events(text: str) -> Iterator[Any]:
    """What PyYAML's parser says of a text."""
    import yaml

    return yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _read(events: Iterator[Any], yaml: Any) -> list[tuple[Any, int]]:
    """The data that the events of a parser say."""
    scalar, mapping, sequence = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent
    kinds: dict[Any, Any] = {mapping: dict, sequence: list}
    ends = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
    texts = _Texts()
    read_value, read_key = texts.read_value, texts.read_key
    found: list[tuple[Any, int]] = []
    stack: list[Any] = []  # what is open around ``inner``
    root: list[Any] = []
    inner: Any = root  # the innermost that is open
    key: str | None = None  # whose value comes next
    count = 0
    for event in islice(events, MOST_EVENTS):
        kind = type(event)
        if kind is scalar or kind is mapping or kind is sequence:
            if event.anchor or event.tag:
                raise _Unusual
            if type(inner) is dict and key is None:
                if kind is not scalar:
                    raise _Unusual
                key = read_key(event)
                if key in inner:
                    raise _Unusual
                continue
            value = read_value(event) if kind is scalar else kinds[kind]()
            count += 1
            if isinstance(inner, list):
                inner.append(value)
            else:
                inner[key] = value
                key = None
            if kind is not scalar:
                if len(stack) >= MAX_DEPTH:
                    raise _Unusual
                stack.append(inner)
                inner = value
        elif kind in ends:
            inner = stack.pop()
        elif kind is yaml.DocumentStartEvent:
            if event.version or event.tags:
                raise _Unusual
        elif kind is yaml.DocumentEndEvent:
            found.append((root.pop(), count - 1))
            count = 0
        elif kind is yaml.StreamEndEvent:
            return found
        elif kind is not yaml.StreamStartEvent:
            raise _Unusual
    raise _Unusual


def _is_plain(value: Any) -> bool:
    """Whether JSON has such a value."""
    if type(value) is float:
        return isfinite(value)
    return type(value) is not int or value.bit_length() <= MAX_BITS


def _is_whole(text: str) -> bool:
    """Whether the text has no half of a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
