"""A type without a schema is checked against the parameters of its ``__init__``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from jsonschema import Draft202012Validator

from modelhub.configs.layers.entry import Entry
from modelhub.configs.readers.document import Document
from modelhub.errors import Problem
from modelhub.validation import check, derive_from_class, derive_from_source


def check_object(config: dict[str, Any], schema: dict[str, Any]) -> list[Problem]:
    entry = Entry(config, Document([config]), (0,))
    return check([entry], schema_of=lambda _: schema, model_types=["acme"])


class Base:
    """Stands for the wrapper base class."""

    def __init__(self, config_name: str, model_name: str | None = None, **kwargs: Any) -> None: ...


class Closed(Base):
    """A wrapper that names every key it takes."""

    kinds: ClassVar[list[str]] = []

    def __init__(  # type: ignore[no-untyped-def]
        self,
        config_name: str,
        region: str,
        size: int = 3,
        ratio: float = 0.5,
        flags: list[str] | None = None,
        extra: dict[str, Any] | str = "",
        anything: Any = None,
        secret_token: str = None,  # type: ignore[assignment]  # noqa: RUF013
        *,
        strict: bool = False,
        timeout=None,
    ) -> None: ...


class Open(Base):
    """A wrapper that takes any key."""

    def __init__(self, config_name, endpoint, **kwargs) -> None: ...  # type: ignore[no-untyped-def]


class Inherits(Closed):
    """A wrapper with its base's keys."""


@dataclass
class Case:
    config: dict[str, Any]
    code: str | None = None
    message: str = ""


DERIVED = [
    Case({"region": "eu"}),
    Case({"region": "eu", "size": 4, "ratio": 1, "flags": ["a"], "extra": {}, "anything": [1], "strict": True}),
    Case({"region": "eu", "flags": None, "extra": "x", "secret_token": None}),
    Case({"region": "eu", "tags": ["a"], "description": "d", "timeout": 3}),
    Case({"region": "eu", "headers": {}}, "MH103", "unknown key 'headers'"),
    Case({"region": "${REGION}", "size": "${SIZE}"}),
    Case({}, "MH102", "'region' is missing"),
    Case({"regoin": "eu"}, "MH103", "unknown key 'regoin'"),
    Case({"region": "eu", "colour": 1}, "MH103", "unknown key 'colour'"),
    Case({"region": "eu", "size": "4"}, "MH104", "size must be an integer, not a string ('4')"),
    Case({"region": "eu", "extra": 4}, "MH104", "extra must be a string or a mapping, not a number (4)"),
    Case({"region": "eu", "secret_token": 4}, "MH104", "secret_token must be a string, not a number"),
    Case({"region": "eu", "timeout": -1}, "MH201", "timeout must be greater than 0"),
]


@pytest.mark.parametrize("way", ["class", "source"])
@pytest.mark.parametrize("case", DERIVED, ids=lambda case: str(case.config))
def test_derived_schema(way: str, case: Case) -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    schema = derive_from_class(Closed) if way == "class" else derive_from_source(source, "Closed")
    assert schema is not None
    Draft202012Validator.check_schema(schema)
    config = {"config_name": "a", "model_type": "acme", **case.config}
    problems = check_object(config, schema)
    assert [problem.code for problem in problems] == ([case.code] if case.code else []), problems
    assert all(case.message in problem.message for problem in problems)


def test_both_ways_of_deriving_agree() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    for cls in (Base, Closed, Open):
        assert derive_from_source(source, cls.__name__) == derive_from_class(cls)
    assert derive_from_class(Inherits)["properties"] == derive_from_class(Closed)["properties"]


def test_keyword_arguments_allow_any_key() -> None:
    schema = derive_from_class(Open)
    config = {"config_name": "a", "model_type": "acme", "endpoint": 1, "whatever": 2}
    assert check_object(config, schema) == []
    del config["endpoint"]
    assert [problem.code for problem in check_object(config, schema)] == ["MH102"]


def test_source_without_the_init_derives_nothing() -> None:
    assert derive_from_source("class A(B):\n    pass", "A") is None
    assert derive_from_source("class A:\n    pass", "B") is None
    assert derive_from_source("class A(:", "A") is None
    nested = derive_from_source("class A:\n  class B:\n    def __init__(self, config_name, *, x): ...", "A.B")
    assert nested is not None
    assert "x" in nested["required"]
