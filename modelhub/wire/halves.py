"""Halves of characters in decoded JSON (lone surrogates): two that meet become one character, the others U+FFFD.

A server written in JavaScript may cut a text within a character that UTF-16 spells as a pair; ``json`` then decodes
each half by itself, and no text that holds one can be printed, stored or sent.
"""

from __future__ import annotations

from typing import Any

Path = tuple[Any, ...]
Place = tuple[Any, Any]  # a dict or list, and the key of a text in it

LOST = "\ufffd"
HELD = 16  # events that wait for the rest of a character, no more


def mend(value: Any) -> Any:
    """``value`` without halves, also in the texts of its lists and dicts; it is ``value`` itself if it has none."""
    if isinstance(value, str):
        return mend_text(value)
    if isinstance(value, dict):
        mended: Any = {mend(key): mend(item) for key, item in value.items()}
    elif isinstance(value, list):
        mended = [mend(item) for item in value]
    else:
        return value
    same = mended == value
    return value if same else mended


def mend_text(text: str) -> str:
    """``text`` without halves."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _utf16(text).decode("utf-16-le", "replace")
    return text


def mend_inside(value: Any) -> Any:
    """``value`` with halves only where the text before or after it may have the other: at the ends of its texts."""
    if isinstance(value, str):
        head = value[:1] if _is_low(value[:1]) else ""
        tail = value[-1:] if len(value) > len(head) and _is_high(value[-1:]) else ""
        return head + mend_text(value[len(head) : len(value) - len(tail)]) + tail
    if isinstance(value, dict):
        return {mend(key): mend_inside(item) for key, item in value.items()}
    return [mend_inside(item) for item in value] if isinstance(value, list) else value


def join(value: Any) -> Any:
    """``value`` from ``mend_inside`` without halves: those at the ends of texts that follow each other meet."""
    root = [value]
    ends: dict[Path, Place] = {}
    _join_texts(root, (), ends)
    _lose(ends)
    return root[0]


class Halves:
    """The events, objects with ``data``, that wait for the rest of a character, and all that came after them, in order.

    The rest is expected at the same place of a later event; where there is another text instead, or none within
    ``HELD`` events, the half is lost. Texts that each repeat what came before them are known by that.
    """

    def __init__(self) -> None:
        self._held: list[tuple[Any, list[Any]]] = []  # with their data, in a list so that it has a place
        self._ends: dict[Path, Place] = {}

    def add(self, event: Any) -> list[Any]:
        """Take in the next event, of data from ``mend_inside``; returns the events that need not wait any more."""
        root = [event.data]
        self._held.append((event, root))
        _join_texts(root, (), self._ends)
        return [] if self._ends and len(self._held) < HELD else self.release()

    def release(self) -> list[Any]:
        """All events that wait; what is still missing in them is lost."""
        _lose(self._ends)
        held, self._held, self._ends = self._held, [], {}
        for event, root in held:
            event.data = root[0]
        return [event for event, _ in held]

    def __bool__(self) -> bool:
        return bool(self._held)


def _join_texts(value: Any, path: Path, ends: dict[Path, Place]) -> None:
    """Join the texts in ``value`` with those of ``ends``, which wait for them; then the last ones wait there."""
    for step, key, item in _items(value):
        here = (*path, step)
        if isinstance(item, str) and item:
            left = ends.pop(here, None)
            if left is not None:
                _join(left, (value, key))
            elif _is_low(item[0]):
                value[key] = LOST + item[1:]
            if _is_high(value[key][-1:]):
                ends[here] = value, key
        else:
            _join_texts(item, here, ends)


def _join(left: Place, right: Place) -> None:
    """Make one character of the half at the end of one text and the half at the start of the next."""
    (container, key), (after, name) = left, right
    text, following = container[key], after[name]
    if _is_low(following[0]):
        after[name] = mend_text(text[-1] + following[0]) + following[1:]
        container[key] = text[:-1]
    elif _is_low(_rest(text, following)[:1]):  # it repeats what came before it
        container[key] = text[:-1]
    else:
        container[key] = text[:-1] + LOST


def _lose(ends: dict[Path, Place]) -> None:
    """Put the sign of a lost character where texts wait for a half that does not come."""
    for container, key in ends.values():
        container[key] = container[key][:-1] + LOST


def _items(value: Any) -> list[tuple[Any, Any, Any]]:
    """Each item with its step and its key.

    What goes on in the next event may have another position in its list there; vendors tell by ``index`` and
    ``thought`` what belongs together.
    """
    if isinstance(value, dict):
        marks = tuple(mark for name in ("index", "thought") if isinstance(mark := value.get(name), int))
        return [((key, *marks), key, item) for key, item in value.items()]
    return [(None, n, item) for n, item in enumerate(value)] if isinstance(value, list) else []


def _rest(text: str, following: str) -> str:
    """What ``following`` has after ``text``, if it begins with it."""
    before, after = _utf16(text), _utf16(following)
    return after[len(before) :].decode("utf-16-le", "surrogatepass") if after.startswith(before) else ""


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _is_high(char: str) -> bool:
    return "\ud800" <= char <= "\udbff"


def _is_low(char: str) -> bool:
    return "\udc00" <= char <= "\udfff"
