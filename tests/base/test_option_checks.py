"""The checks of options say what jsonschema says of the same schema, for each option of each type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import modelhub.schemas
import pytest

from modelhub.base.checked_options import KnownOptions
from modelhub.errors import BadRequestError
from modelhub.plugins.option_schemas import Part, find_options
from modelhub.validation.full_check import judge
from modelhub.validation.schema.store import BASE

FOLDER = Path(next(iter(modelhub.schemas.__path__)))
TYPES = sorted(path.stem for path in FOLDER.glob("[a-z]*.json"))
VALUES: list[Any] = [True, 0, 1, -3, 0.5, 2.5, 1e9, "", "auto", "1024x1024", [], ["a"], [5], {}, {"a": 5}, {"a": "b"}]


@pytest.mark.parametrize("name", TYPES)
def test_checks_agree_with_jsonschema(name: str) -> None:
    schema = json.loads((FOLDER / f"{name}.json").read_text())
    known = KnownOptions(Part(schema, schema, "modelhub"), ())
    for option, part in find_options(Part(schema, schema, "modelhub")).items():
        file = part.root["$id"].removeprefix(BASE)
        told = {"$id": f"{BASE}x.json", "$ref": f"{file}#/properties/generate_args/properties/{option}"}
        for value in VALUES:
            try:
                known.check({option: value})
                fits = True
            except BadRequestError:
                fits = False
            assert fits is (next(iter(judge(told, value)), None) is None), (option, value)
