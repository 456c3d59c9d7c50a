"""The tool calls that expressions find in replies and in the events of streams."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modelhub.adapters.calls import Told, build_calls
from modelhub.adapters.documents import describe_keys
from modelhub.adapters.in_text import Marks, compile_marks
from modelhub.adapters.values import Field, compile_field, read_word
from modelhub.errors import ConfigError, ResponseParsingError
from modelhub.response import ToolCall, ToolCallDelta


class CallReader:
    """Finds the tool calls of a document: ``each`` finds the list of them, the other expressions are asked of each."""

    __slots__ = ("arguments", "each", "id", "index", "name", "partial")

    def __init__(
        self,
        each: Field,
        id: Field | None,
        name: Field | None,
        arguments: Field | None,
        index: Field | None,
        partial: bool,
    ) -> None:
        self.each = each
        self.id = id
        self.name = name
        self.arguments = arguments
        self.index = index
        self.partial = partial

    def find(self, document: Any) -> list[Any]:
        """What stands for the calls; raises ResponseParsingError where that is no list and no object."""
        found = self.each(document)
        if not found and (found is None or found is False or isinstance(found, str | list | dict)):
            return []
        if isinstance(found, dict):
            return [found]
        if isinstance(found, list):
            return found
        raise ResponseParsingError(
            f"{self.each.name} finds no list of tool calls: what it finds {describe_keys(found)}"
        )

    def read(self, document: Any) -> list[ToolCall]:
        """The calls of a whole answer, or those that are whole in an event."""
        return build_calls(self._tell(item) for item in self.find(document))

    def _tell(self, item: Any) -> Told:
        return (
            read_word(self.id(item)) if self.id is not None else None,
            read_word(self.name(item)) if self.name is not None else None,
            self.arguments(item) if self.arguments is not None else None,
        )

    def read_pieces(self, document: Any) -> list[ToolCallDelta]:
        """The pieces of calls in an event."""
        pieces = []
        for item in self.find(document):
            id, name, arguments = self._tell(item)
            text = arguments if isinstance(arguments, str) else "" if arguments in (None, []) else _write(arguments)
            index = self.index(item) if self.index is not None else None
            if id or name or text:
                pieces.append(ToolCallDelta(_read_index(index), id, name, text))
        return pieces


def compile_calls(config: Any, where: str) -> CallReader | Marks | None:
    """The reader of ``tool_calls``: by expressions, or between marks in the text; None where there is none."""
    if not config:
        return None
    if not isinstance(config, Mapping):
        raise ConfigError(f"{where} is not an object")
    if config.get("in_text") is not None:
        return compile_marks(config["in_text"], f"{where}.in_text")
    each = compile_field(config.get("each"), f"{where}.each")
    if each is None:
        raise ConfigError(f"{where} needs `each`, the expression that finds the list of calls, or `in_text`")
    id, name, arguments, index = (
        compile_field(config.get(key), f"{where}.{key}") for key in ("id", "name", "arguments", "index")
    )
    partial = config.get("partial")
    return CallReader(each, id, name, arguments, index, index is not None if partial is None else bool(partial))


def _read_index(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) <= 9:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _write(arguments: Any) -> str:
    return json.dumps(arguments, ensure_ascii=False)
