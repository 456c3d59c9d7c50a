"""What the rows of a job become: the input of a call, its options, and a key that equal requests have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple

from modelhub.bulk.rows.row import RowError
from modelhub.bulk.template import Template, read_text
from modelhub.errors import ModelHubError
from modelhub.fitting.formats import normalize_format
from modelhub.overriding import override
from modelhub.wire.exact import read_json, write_json

WAYS = ("field", "prompt", "messages_field")
"""The ways to say what is asked of each row, as Questions takes them."""
USUAL = {"messages": "messages_field", "prompt": "field", "text": "field", "input": "field"}
"""The columns that are asked where nothing is said, the first of them that there is, and what that means."""


class Question(NamedTuple):
    """What is asked of a row: ``input``, the first argument of the call, and ``options``, its keywords.

    Equal requests have the same ``key``, 32 hex digits, whatever else their rows hold.
    """

    input: Any
    options: dict[str, Any]
    key: str


class Questions:
    """Makes questions of rows: of the text in ``field``, of a ``prompt`` with columns in it, or of the messages in
    ``messages_field``.

    ``schema`` is what answers are to have: a JSON Schema, or all that ``response_format`` takes. With ``embed``, texts
    are for a model of embeddings. ``columns`` are those that a row must have. It can be pickled.
    """

    def __init__(
        self,
        *,
        field: str | None = None,
        prompt: str | None = None,
        messages_field: str | None = None,
        schema: Any = None,
        embed: bool = False,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Raises ModelHubError unless just one of the three is given, and for a prompt or a schema that is none."""
        ways = {"field": field, "prompt": prompt, "messages_field": messages_field}
        given = [(way, text) for way, text in ways.items() if text is not None]
        if len(given) != 1:
            raise ModelHubError("one of field, prompt and messages_field says what is asked of each row")
        if embed and messages_field is not None:
            raise ModelHubError("what is embedded is a text: name its column by field, or write a prompt")
        self.embed = embed
        self.options: dict[str, Any] = dict(options or {})
        if schema is not None:
            self.options["response_format"] = dict(normalize_format(schema))
        ((self._way, self._text),) = given
        self._prepare()

    def _prepare(self) -> None:
        self._read: Callable[[Mapping[str, Any]], Any]
        if self._way == "prompt":
            template = Template(self._text)
            self.columns, self._read = template.names, template.fill
        else:
            read = read_field if self._way == "field" else read_messages
            self.columns, self._read = (self._text,), partial(read, self._text)
        self._hash = blake2b(write_json(self.options, sort=True), digest_size=16)

    @override
    def __getstate__(self) -> tuple[Any, ...]:
        return self.embed, self.options, self._way, self._text  # a digest cannot be pickled

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.embed, self.options, self._way, self._text = state
        self._prepare()

    def describe(self) -> dict[str, Any]:
        """What is asked of each row, as data: equal for jobs that ask the same."""
        return {
            self._way: self._text,
            **({"embed": True} if self.embed else {}),
            **({"options": self.options} if self.options else {}),
        }

    def build(self, row: Mapping[str, Any]) -> Question:
        """The question for ``row``; raises RowError where there is none."""
        asked = self._read(row)
        digest = self._hash.copy()
        digest.update(write_json(asked, sort=True))
        return Question(asked, self.options, digest.hexdigest())


def read_field(name: str, row: Mapping[str, Any]) -> str:
    """The text in the column ``name``; raises RowError where there is none."""
    value = row.get(name)
    if isinstance(value, list | dict):
        raise RowError(f"column {name!r} holds a {type(value).__name__}, not a text: name messages as such")
    text = read_text(row, name)
    if not text:
        raise RowError(f"column {name!r} is empty")
    return text


def read_messages(name: str, row: Mapping[str, Any]) -> list[Any]:
    """The messages in the column ``name``, or in the JSON of them there; raises RowError where there are none."""
    value = row.get(name)
    if isinstance(value, str):  # as CSV has them
        try:
            value = read_json(value.encode(errors="replace"))
        except ValueError as error:
            raise RowError(f"column {name!r} holds no messages, nor JSON of them: {error}") from None
    if isinstance(value, dict):
        value = [value]
    if not (isinstance(value, list) and value and all(isinstance(each, dict) for each in value)):
        read_text(row, name)  # a column that is not there is told as such
        raise RowError(f"column {name!r} holds no list of messages, each with role and content")
    return value


def choose_usual(columns: Collection[str]) -> dict[str, str]:
    """What Questions is to be given where nothing says what is asked; raises ModelHubError if no column is usual."""
    for name, option in USUAL.items():
        if name in columns:
            return {option: name}
    raise ModelHubError(
        f"what is asked of each row? Of its columns ({', '.join(columns) or 'none'}), none is called messages, prompt,"
        " text or input: name one by field or messages_field, or write a prompt with columns in it"
    )
