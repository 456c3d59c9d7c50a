"""The fields of a request, read by their types: what has another one is a Failure that names its place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from modelhub.printable import printable, shorten
from modelhub.server.formats.replies import Failure


def refuse(message: str) -> Failure:
    """The failure for a request that says what it may not say."""
    return Failure(400, "bad_request", message)


class Fields:
    """One object of a request; ``place`` is where it stands, empty for the body. A field that is null is not there."""

    __slots__ = ("given", "place")

    def __init__(self, given: Any, place: str = "") -> None:
        if not isinstance(given, dict):
            raise refuse(f"{place or 'the body'} must be an object, not {name_type(given)}")
        self.given: dict[str, Any] = given
        self.place = place

    def find_place(self, name: str) -> str:
        """Where the field ``name`` stands."""
        return f"{self.place}.{name}" if self.place else name

    def read(self, name: str, kinds: type | tuple[type, ...], what: str) -> Any:
        """The value of a field that must be of ``kinds``, which ``what`` says in words."""
        value = self.given.get(name)
        bools = kinds is bool or (isinstance(kinds, tuple) and bool in kinds)
        if value is None or (isinstance(value, kinds) and (bools or not isinstance(value, bool))):
            return value
        raise refuse(f"{self.find_place(name)} must be {what}, not {name_type(value)}")

    def read_text(self, name: str) -> str | None:
        """A text."""
        text: str | None = self.read(name, str, "a string")
        return text

    def need_text(self, name: str) -> str:
        """A text that must be there and has a character."""
        text = self.read_text(name)
        if not text:
            raise refuse(f"{self.find_place(name)} is missing: it must be a string that is not empty")
        return text

    def read_number(self, name: str) -> float | None:
        """A number."""
        number: float | None = self.read(name, (int, float), "a number")
        return number

    def read_integer(self, name: str, least: int | None = None) -> int | None:
        """A whole number, not less than ``least``."""
        number: int | None = self.read(name, int, "an integer")
        if number is not None and least is not None and number < least:
            raise refuse(f"{self.find_place(name)} must be {least} or more")
        return number

    def read_flag(self, name: str) -> bool | None:
        """A bool."""
        flag: bool | None = self.read(name, bool, "true or false")
        return flag

    def read_list(self, name: str) -> list[Any] | None:
        """A list of anything."""
        items: list[Any] | None = self.read(name, list, "a list")
        return items

    def need_list(self, name: str) -> list[Any]:
        """A list that must be there and has an item."""
        items = self.read_list(name)
        if not items:
            raise refuse(f"{self.find_place(name)} is missing: it must be a list that is not empty")
        return items

    def read_texts(self, name: str) -> list[str] | None:
        """A list of texts."""
        items = self.read_list(name)
        for n, item in enumerate(items or ()):
            if not isinstance(item, str):
                raise refuse(f"{self.find_place(name)}[{n}] must be a string, not {name_type(item)}")
        return items

    def read_stop(self, name: str) -> str | list[str] | None:
        """A text or a list of texts."""
        if isinstance(self.given.get(name), str):
            return self.read_text(name)
        self.read(name, (str, list), "a string or a list of strings")
        return self.read_texts(name)

    def read_object(self, name: str) -> dict[str, Any] | None:
        """An object of anything."""
        found: dict[str, Any] | None = self.read(name, dict, "an object")
        return found

    def read_fields(self, name: str) -> Fields | None:
        """The fields of an object."""
        found = self.read_object(name)
        return None if found is None else Fields(found, self.find_place(name))

    def read_objects(self, name: str) -> list[dict[str, Any]] | None:
        """A list of objects."""
        items = self.read_list(name)
        for n, item in enumerate(items or ()):
            Fields(item, f"{self.find_place(name)}[{n}]")
        return items

    def read_word_or_object(self, name: str) -> Any:
        """A text or an object."""
        return self.read(name, (str, dict), "a string or an object")

    def need_word(self, name: str, words: Collection[str]) -> str:
        """One of ``words``."""
        text = self.read_text(name)
        if text is None or text not in words:
            said = "it is missing" if text is None else f"not {show(text)}"
            raise refuse(f"{self.find_place(name)} must be one of {', '.join(sorted(words))}; {said}")
        return text

    def list_items(self, name: str) -> Iterator[Fields]:
        """The fields of each object in a list."""
        for n, item in enumerate(self.read_list(name) or ()):
            yield Fields(item, f"{self.find_place(name)}[{n}]")


Read = Callable[[Fields, str], Any]


def read_all(fields: Fields, table: Mapping[str, Read]) -> dict[str, Any]:
    """The fields of ``table`` that are there, each read as the table says."""
    found = {name: read(fields, name) for name, read in table.items() if fields.given.get(name) is not None}
    return {name: value for name, value in found.items() if value is not None}


def name_type(value: Any) -> str:
    """What JSON calls the type of a value."""
    if value is None:
        return "null"
    for kind, name in ((bool, "a bool"), (str, "a string"), (int | float, "a number"), (list, "a list")):
        if isinstance(value, kind):
            return name
    return "an object" if isinstance(value, dict) else f"a {type(value).__name__}"


def show(text: str) -> str:
    """What a caller has written, short and in one line."""
    return repr(shorten(printable(text), 60))
