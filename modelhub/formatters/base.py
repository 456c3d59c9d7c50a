"""The base class of formatters: two layouts, the choice between them, and the models that they are for."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from modelhub.messages.msg import Msg

HISTORY = "## Conversation History"
EMPTY = "At least one message should be provided. An empty message list is not allowed."

Msgs = Msg | list[Msg] | None


class FormatterBase:
    """Turns Msg objects into the messages of one vendor; the class itself and its objects can do it.

    A subclass has ``format_chat``, for one user and one assistant, and ``format_multi_agent``, for any number of
    speakers. Both take Msg objects, lists of them, and None, which is ignored.
    """

    supported_model_regexes: ClassVar[Sequence[str]] = ()  # matched at the beginning of a model's name

    @classmethod
    def format_chat(cls, *msgs: Msgs) -> list[dict[str, Any]]:
        """One message of the vendor for each Msg. Raises TypeError for an argument that is not a Msg."""
        raise NotImplementedError(f"The method `format_chat` is not implemented in {cls.__name__}.")

    @classmethod
    def format_multi_agent(cls, *msgs: Msgs) -> list[dict[str, Any]]:
        """The whole conversation, with the names of the speakers. Raises TypeError as ``format_chat`` does."""
        raise NotImplementedError(f"The method `format_multi_agent` is not implemented in {cls.__name__}.")

    @classmethod
    def format_auto(cls, msgs: Msgs) -> list[dict[str, Any]]:
        """Choose the layout: the chat layout for at most two messages besides system messages, else the other one."""
        flat = cls.check_and_flat_messages(msgs)
        turns = sum(1 for msg in flat if msg.role != "system")
        return cls.format_chat(flat) if turns <= 2 else cls.format_multi_agent(flat)

    @classmethod
    def is_supported_model(cls, model_name: str) -> bool:
        """Whether the layout was made for this model."""
        return any(re.match(regex, model_name) for regex in cls.supported_model_regexes)

    @classmethod
    def format_tools_json_schemas(cls, schemas: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """The ``tools`` of a call, from AgentScope's ``{name: schema}``.

        Raises AssertionError for a wrong schema, as AgentScope does."""
        if not isinstance(schemas, dict):
            raise AssertionError(f"Expect dict of schemas, got {type(schemas)}.")
        for schema in schemas.values():
            if not isinstance(schema, dict):
                raise AssertionError(f"Expect dict schema, got {type(schema)}.")
            if "type" not in schema or "function" not in schema:
                raise AssertionError(f"Invalid schema: {schema}, expect keys 'type' and 'function'.")
            if schema["type"] != "function":
                raise AssertionError(f"Invalid schema type: {schema['type']}, expect 'function'.")
            if "name" not in schema["function"]:
                raise AssertionError(f"Invalid schema: {schema}, expect key 'name' in 'function' field.")
        return list(schemas.values())

    @staticmethod
    def check_and_flat_messages(*msgs: Any) -> list[Msg]:
        """The Msg objects in ``msgs`` and in the lists there, without None; raises TypeError for any other object."""
        flat: list[Msg] = []
        for given in msgs:
            items = given if isinstance(given, list) else [] if given is None else [given]
            if not all(isinstance(item, Msg) for item in items):
                raise TypeError(f"The input should be a Msg object or a list of Msg objects, got {type(given)}.")
            flat += items
        return flat

    @classmethod
    def leave_out(cls, msg: Msg, kept: Collection[str]) -> None:
        """Log a warning for each block of ``msg`` whose type is not in ``kept``: the layout has no place for it."""
        for block in msg.get_content_blocks():
            if block["type"] not in kept:
                cls.warn(msg, f"has no place for a {block['type']} block")

    @classmethod
    def warn(cls, msg: Msg, what: str) -> None:
        """Log a warning that a block of ``msg`` is left out; ``what`` says why."""
        import logging

        left_out = "%s %s: it is left out of the message from %r"
        logging.getLogger("modelhub").warning(left_out, cls.__name__, what, msg.name)


def read_dialogue(formatter: type[FormatterBase], msgs: list[Msg]) -> tuple[str | None, list[str]]:
    """The text of the system message if the first one is, and one line for each other message with text."""
    system: str | None = None
    lines = []
    for index, msg in enumerate(msgs):
        formatter.leave_out(msg, ("text",))
        text = msg.get_text_content()
        if index == 0 and msg.role == "system":
            system = text
        elif text is not None:
            lines.append(f"{msg.name}: {text}")
    return system, lines
