"""The quick checker never lets pass what jsonschema refuses, and does without it when nothing is wrong."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from modelhub.validation import CODES, load_schema
from modelhub.validation.explain_errors import explain
from modelhub.validation.fast_check import is_certainly_valid
from modelhub.validation.full_check import judge
from modelhub.validation.schema.view import View

TYPES = ["cascade", "ollama_chat", "openai_chat", "openai_embedding", "post_api", "post_api_chat", "router"]


SMALL = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 5), st.floats(-3, 3), st.sampled_from(["", "a", "low", "http://a", "5m"])
)
VALUES = st.recursive(
    SMALL, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
)


def configs_of(model_type: str) -> st.SearchStrategy[dict[str, Any]]:
    """Configs with the keys of a type, some with sensible values and some with any."""
    schema = load_schema(model_type)
    assert schema is not None
    view = View([(schema, schema)])

    def value_of(place: View | None, depth: int = 0) -> st.SearchStrategy[Any]:
        if place is None:
            return VALUES
        examples = place.first("examples") or ["a"]
        choices: list[st.SearchStrategy[Any]] = [st.sampled_from(examples), VALUES]
        if place.properties and depth < 2:
            keys = {key: value_of(place.child(key), depth + 1) for key in sorted(place.properties)}
            choices.append(st.fixed_dictionaries({}, optional={**keys, "zzz": VALUES}))
        return st.one_of(choices)

    needed = {"config_name": st.just("a"), "model_type": st.just(model_type)}
    for key in {"ollama_chat": ["model_name"], "post_api": ["api_url"], "post_api_chat": ["api_url"]}.get(
        model_type, []
    ):
        needed[key] = st.sampled_from(["http://a", ""])
    rest = {key: value_of(view.child(key)) for key in sorted(view.properties - set(needed))}
    return st.fixed_dictionaries(needed, optional={**rest, "zzz": VALUES})


@pytest.mark.parametrize("model_type", TYPES)
def test_quick_checker_never_passes_what_jsonschema_refuses(model_type: str) -> None:
    schema = load_schema(model_type)
    assert schema is not None

    @settings(max_examples=150, deadline=None)
    @given(configs_of(model_type))
    def run(config: dict[str, Any]) -> None:
        errors = list(judge(schema, config))
        if is_certainly_valid(schema, config, schema):
            assert not errors
        if errors:
            faults = explain(errors, View([(schema, schema)]))
            assert faults, [error.message for error in errors]
            assert all(fault.code in CODES for fault in faults)

    run()


SCHEMAS = st.recursive(
    st.one_of(
        st.booleans(),
        st.builds(
            lambda name: {"type": name}, st.sampled_from(["string", "integer", "number", "object", "array", "null"])
        ),
        st.builds(lambda low: {"minimum": low}, st.integers(-2, 2)),
        st.builds(lambda high: {"exclusiveMaximum": high}, st.integers(-2, 2)),
        st.builds(lambda size: {"minLength": size, "maxItems": size}, st.integers(0, 2)),
        st.builds(lambda values: {"enum": values}, st.lists(SMALL, min_size=1, max_size=3)),
        st.builds(lambda value: {"const": value}, SMALL),
        st.builds(lambda names: {"required": names}, st.lists(st.sampled_from("abc"), unique=True)),
        st.just({"pattern": "^a"}),
    ),
    lambda inner: st.one_of(
        st.builds(lambda subs: {"allOf": subs}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda subs: {"anyOf": subs}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda subs: {"oneOf": subs}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda sub: {"not": sub}, inner),
        st.builds(lambda sub: {"items": sub}, inner),
        st.builds(lambda one, two: {"if": one, "then": two}, inner, inner),
        st.builds(lambda a, b: {"properties": {"a": a}, "additionalProperties": b}, inner, inner),
        st.builds(lambda a, b: {"allOf": [{"properties": {"a": a}}], "unevaluatedProperties": b}, inner, inner),
        st.builds(lambda a, b: {"patternProperties": {"^a": a}, "additionalProperties": b}, inner, inner),
        st.just({"$ref": "#/$defs/x"}),
    ),
    max_leaves=6,
)


@settings(max_examples=500, deadline=None)
@given(SCHEMAS, VALUES)
def test_quick_checker_is_right_about_any_schema(schema: Any, value: Any) -> None:
    anything = ["object", "array", "string", "number", "boolean", "null"]
    root = {"type": anything, "allOf": [schema], "$defs": {"x": {"minimum": 2, "pattern": "^a"}}}
    if is_certainly_valid(root, value, root):
        assert Draft202012Validator(root).is_valid(value)


def test_five_hundred_configs_need_neither_jsonschema_nor_a_second() -> None:
    code = """
        import sys, time
        import modelhub.validation as validation
        assert not {"json", "inspect", "jsonschema", "pkgutil"} & (set(sys.modules) - before), "imported at import"
        from modelhub.configs.layers.entry import Entry
        from modelhub.configs.readers.document import Document
        types = ["openai_chat", "ollama_chat", "post_api_chat"]
        configs = [
            {
                "config_name": f"c{i}", "model_type": types[i % 3], "model_name": "m", "timeout": "${T:-3}",
                "retry": {"max_attempts": 3}, "client_args": {"base_url": "${URL}"},
                **({"api_url": "http://localhost/x"} if i % 3 == 2 else {"generate_args": {"seed": 1}}),
            }
            for i in range(500)
        ]
        document = Document(configs)
        entries = [Entry(config, document, (i,)) for i, config in enumerate(configs)]
        start = time.perf_counter()
        problems = validation.check(entries, schema_of=validation.load_schema, model_types=types)
        assert time.perf_counter() - start < 0.5
        assert not problems, problems[:3]
        assert "jsonschema" not in sys.modules
    """
    code = "import sys, modelhub.errors, modelhub.configs\nbefore = set(sys.modules)\n" + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
