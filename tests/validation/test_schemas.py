"""The schemas are valid, complete and say what each key is for."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from modelhub.validation import load_bundle, load_schema
from modelhub.validation.fast_check import is_certainly_valid
from modelhub.validation.schema.store import load_file
from modelhub.validation.schema.view import View

from ..paths import ROOT

TYPES = sorted(path.stem for path in (ROOT / "schemas").glob("[a-z]*.json"))
FILES = ["_common", "_adapter", *TYPES]


def properties_of(node: Any, at: str = "") -> list[tuple[str, dict[str, Any]]]:
    if isinstance(node, list):
        return [found for index, item in enumerate(node) for found in properties_of(item, f"{at}[{index}]")]
    if not isinstance(node, dict):
        return []
    own = [(f"{at}.{key}", sub) for key, sub in node.get("properties", {}).items() if isinstance(sub, dict)]
    below = [found for key, sub in node.items() if key != "examples" for found in properties_of(sub, f"{at}.{key}")]
    return own + below


@pytest.mark.parametrize("name", FILES)
def test_schema_is_valid_and_describes_every_key(name: str) -> None:
    schema = load_file(f"{name}.json")
    assert schema is not None
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"https://modelhub.dev/schemas/{name}.json"
    for at, sub in properties_of(schema):
        description = View([(sub, schema)]).first("description")
        assert description, f"{name}{at} has no description"
        assert description.endswith("."), f"{name}{at}: {description}"


@pytest.mark.parametrize("name", FILES)
def test_examples_and_defaults_fit_their_own_schema(name: str) -> None:
    schema = load_file(f"{name}.json")
    assert schema is not None
    for at, sub in properties_of(schema):
        view = View([(sub, schema)])
        for value in [*(view.first("examples") or ()), *([sub["default"]] if "default" in sub else ())]:
            assert is_certainly_valid({**sub}, value, schema), f"{name}{at}: {value!r}"


@pytest.mark.parametrize("model_type", TYPES)
def test_schema_has_its_type_and_a_working_example(model_type: str) -> None:
    schema = load_schema(model_type)
    assert schema is not None
    assert schema["properties"]["model_type"]["const"] == model_type
    assert schema["unevaluatedProperties"] is False
    for example in schema["examples"]:
        assert is_certainly_valid(schema, example, schema)


@pytest.mark.parametrize("model_type", TYPES)
def test_bundle_stands_alone(model_type: str) -> None:
    schema = load_schema(model_type)
    assert schema is not None
    validator = Draft202012Validator(load_bundle(schema))
    good = {"config_name": "a", "api_url": "http://a", "model_name": "m", "model_type": model_type}
    if not model_type.startswith("post"):
        del good["api_url"]
    if schema["x-capabilities"]["auth"]["kind"] == "targets":  # which asks other models
        good = schema["examples"][0]
    assert validator.is_valid(good)
    assert not validator.is_valid({**good, "timeout": 0})


def test_only_built_in_schemas_are_loaded() -> None:
    for name in ("acme_chat", "_common", "../schemas/openai_chat", "", "/etc/passwd", "openai_chat.json"):
        assert load_schema(name) is None
    assert load_schema("openai_chat") is load_schema("openai_chat")
