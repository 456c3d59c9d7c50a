"""What rows become: the inputs of calls, and keys that equal requests have in common."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from modelhub.bulk.questions import Questions, choose_usual
from modelhub.bulk.rows.row import RowError
from modelhub.errors import ModelHubError

MESSAGES = [{"role": "user", "content": "Hi"}]
BUILT = [
    ({"field": "text"}, {"text": "a"}, "a"),
    ({"field": "n"}, {"n": 1.5}, "1.5"),
    ({"field": "is"}, {"is": True}, "true"),
    ({"prompt": "Say {a b} {{x}} {n}"}, {"a b": "hi", "n": [1, "é"]}, 'Say hi {x} [1,"é"]'),
    ({"prompt": "{text.upper} {0}"}, {"text.upper": "a", "0": "b"}, "a b"),
    ({"prompt": "{text}"}, {"text": ""}, ""),
    ({"messages_field": "m"}, {"m": MESSAGES}, MESSAGES),
    ({"messages_field": "m"}, {"m": '[{"role": "user", "content": "Hi"}]'}, MESSAGES),
    ({"messages_field": "m"}, {"m": MESSAGES[0]}, MESSAGES),
]
REFUSED = [
    ({"field": "text"}, {}, "there is no column 'text'"),
    ({"field": "text"}, {"text": None}, "column 'text' is null"),
    ({"field": "text"}, {"text": ""}, "column 'text' is empty"),
    ({"field": "text"}, {"text": MESSAGES}, "holds a list, not a text"),
    ({"prompt": "{a}{b}"}, {"a": "x", "b": None}, "column 'b' is null"),
    ({"messages_field": "m"}, {"m": []}, "holds no list of messages"),
    ({"messages_field": "m"}, {"m": ["Hi"]}, "holds no list of messages"),
    ({"messages_field": "m"}, {"m": "Hi"}, "holds no messages, nor JSON of them"),
    ({"messages_field": "m"}, {}, "there is no column 'm'"),
]
WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "one of field, prompt and messages_field"),
    ({"field": "a", "prompt": "b"}, "one of field, prompt and messages_field"),
    ({"prompt": "a } b"}, "has a } at character 3"),
    ({"prompt": "a {"}, "has a { at character 3"),
    ({"prompt": "a {}"}, "has a { at character 3"),
    ({"messages_field": "m", "embed": True}, "what is embedded is a text"),
    ({"field": "a", "schema": 7}, "response_format"),
]


@pytest.mark.parametrize(("said", "row", "asked"), BUILT)
def test_what_is_asked(said: dict[str, Any], row: dict[str, Any], asked: Any) -> None:
    questions = Questions(**said)
    question = questions.build(row)
    assert question.input == asked
    assert set(questions.columns) <= set(row)
    assert pickle.loads(pickle.dumps(questions)).build(row) == question
    assert questions.build({**row, "other": 1}).key == question.key


@pytest.mark.parametrize(("said", "row", "why"), REFUSED)
def test_rows_that_ask_nothing(said: dict[str, Any], row: dict[str, Any], why: str) -> None:
    with pytest.raises(RowError, match=why):
        Questions(**said).build(row)


@pytest.mark.parametrize(("said", "why"), WRONG)
def test_what_cannot_be_asked(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ModelHubError, match=why):
        Questions(**said)


def test_keys_tell_requests_apart() -> None:
    row = {"text": "a", "m": [{"role": "user", "content": "a"}]}
    schema = {"type": "object", "properties": {"x": {"type": "string"}}}
    said: list[dict[str, Any]] = [
        {"field": "text"},
        {"prompt": "{text}!"},
        {"messages_field": "m"},
        {"field": "text", "schema": schema},
        {"field": "text", "options": {"temperature": 1}},
    ]
    assert len({Questions(**each).build(row).key for each in said}) == len(said)
    assert Questions(field="text").build(row).key == Questions(prompt="{text}").build(row).key
    turned = {"m": [{"content": "a", "role": "user"}]}
    assert Questions(messages_field="m").build(turned).key == Questions(messages_field="m").build(row).key


def test_the_usual_columns() -> None:
    assert choose_usual(["id", "text", "messages"]) == {"messages_field": "messages"}
    assert choose_usual(["input", "prompt"]) == {"field": "prompt"}
    with pytest.raises(ModelHubError, match=r"Of its columns \(id\), none is called messages"):
        choose_usual(["id"])
