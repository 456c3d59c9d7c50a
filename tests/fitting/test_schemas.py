"""Schemas as vendors take them: examples of what is mended or refused, and properties that hold for all."""

from __future__ import annotations

import copy
import json
import math
from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from modelhub import ModelHubError
from modelhub.errors import BadRequestError
from modelhub.fitting import ANTHROPIC, GEMINI, OLLAMA, OPENAI
from modelhub.fitting.nulls import drop_nulls
from modelhub.fitting.pointers import find_circle, find_target
from modelhub.fitting.rules import SchemaRules
from modelhub.fitting.schemas import fit_schema

from .strategies import ROOTS, ROOTS_OF_TOOLS, RUBBISH
from .vendors import VENDORS, Vendor

S = {"type": "string"}
OPENAI_STRICT = OPENAI.strict_tool
assert OPENAI_STRICT is not None
NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}, "required": ["next"]}
TREE = {**NODE, "$defs": {"Node": NODE}}


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def opened(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


EXAMPLES: list[tuple[str, SchemaRules, Any, Any]] = [
    ("a root without a type", ANTHROPIC.tool, {"properties": {"a": S}}, opened(a=S)),
    ("a root that may be null", ANTHROPIC.tool, {**opened(a=S), "type": ["object", "null"]}, opened(a=S)),
    ("allOf", ANTHROPIC.tool, {"allOf": [opened(a=S), {**opened(b=S), "required": ["b"]}]},
     {**opened(a=S, b=S), "required": ["b"]}),
    ("anyOf that requires", ANTHROPIC.tool, {**opened(a=S, b=S), "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
     opened(a=S, b=S)),
    ("oneOf of objects", ANTHROPIC.tool,
     {"oneOf": [{**opened(k={"const": 1}), "required": ["k"]},
                {**opened(k={"const": 2}, x=S), "required": ["k", "x"]}]},
     {**opened(k={"anyOf": [{"const": 1}, {"const": 2}]}, x=S), "required": ["k"]}),
    ("a reference at the root", ANTHROPIC.tool, {"$ref": "#/$defs/A", "$defs": {"A": opened(a=S)}},
     {"$defs": {"A": opened(a=S)}, **opened(a=S)}),
    ("anyOf within", ANTHROPIC.tool, opened(a={"anyOf": [S, {"type": "null"}]}),
     opened(a={"anyOf": [S, {"type": "null"}]})),
    ("Claude's limits", ANTHROPIC.answer, opened(n={"type": "integer", "minimum": 1, "description": "How many."}),
     closed(n={"type": "integer", "description": "How many. (minimum: 1)"})),
    ("Claude's lists", ANTHROPIC.answer, opened(n={"type": "array", "items": S, "minItems": 1, "maxItems": 2}),
     closed(n={"type": "array", "items": S, "minItems": 1, "description": "(maxItems: 2)"})),
    ("Claude's patterns", ANTHROPIC.answer, opened(n={**S, "pattern": "^a(?:b)+$"}, m={**S, "pattern": "(?!a)"}),
     closed(n={**S, "pattern": "^a(?:b)+$"}, m={**S, "description": '(pattern: "(?!a)")'})),
    ("Claude's formats", ANTHROPIC.answer, opened(n={**S, "format": "uuid"}, m={**S, "format": "iri"}),
     closed(n={**S, "format": "uuid"}, m={**S, "description": '(format: "iri")'})),
    ("more properties", ANTHROPIC.answer, {**opened(a=S), "additionalProperties": True}, closed(a=S)),
    ("no type", ANTHROPIC.answer, opened(a={"enum": ["x", None]}, b={"const": 1}, c={"minLength": 1}),
     closed(a={"type": ["string", "null"], "enum": ["x", None]}, b={"type": "integer", "const": 1},
            c={**S, "description": "(minLength: 1)"})),
    ("oneOf for Claude", ANTHROPIC.answer, opened(a={"oneOf": [S, {"type": "null"}]}),
     closed(a={"anyOf": [S, {"type": "null"}]})),
    ("a description beside a reference", ANTHROPIC.answer,
     {**opened(a={"$ref": "#/$defs/A", "description": "x"}), "$defs": {"A": opened(b=S)}},
     closed(a={"description": "x", **closed(b=S)})),
    ("definitions of drafts before", ANTHROPIC.answer,
     {**opened(a={"$ref": "#/definitions/A"}), "definitions": {"A": opened(b=S), "Unused": opened(m={})}},
     {**closed(a={"$ref": "#/definitions/A"}), "definitions": {"A": closed(b=S)}}),
    ("places", ANTHROPIC.answer, opened(a={"type": "array", "prefixItems": [S, {"type": "null"}]}),
     closed(a={"type": "array", "items": {"anyOf": [S, {"type": "null"}]},
               "description": '(prefixItems: [{"type": "string"}, {"type": "null"}])'})),
    ("optional ones in strict mode", OPENAI_STRICT, {**opened(a=S, b=S), "required": ["a"]},
     {**closed(a=S, b={"type": ["string", "null"]}), "required": ["a", "b"]}),
    ("optional ones of each kind", OPENAI_STRICT,
     opened(a={**S, "enum": ["x"]}, b=opened(), c={"anyOf": [S, {"type": "null"}]}, d={"type": ["string", "null"]}),
     {**closed(a={"type": ["string", "null"], "enum": ["x", None]},
               b={"anyOf": [{**closed(), "required": []}, {"type": "null"}]},
               c={"anyOf": [S, {"type": "null"}]}, d={"type": ["string", "null"]}),
      "required": ["a", "b", "c", "d"]}),
    ("defaults in strict mode", OPENAI_STRICT, {**opened(a={**S, "default": "x", "title": "A"}), "required": ["a"]},
     {**closed(a={**S, "title": "A", "description": '(default: "x")'}), "required": ["a"]}),
    ("a default that is null", OPENAI_STRICT, {**opened(a={**S, "default": None}), "required": ["a"]},
     {**closed(a=S), "required": ["a"]}),
    ("what holds itself in strict mode", OPENAI_STRICT, TREE,
     {**closed(next={"$ref": "#/$defs/Node"}), "required": ["next"],
      "$defs": {"Node": {**closed(next={"$ref": "#/$defs/Node"}), "required": ["next"]}}}),
    ("lists without items", OPENAI.tool, opened(a={"type": "array"}), opened(a={"type": "array", "items": {}})),
    ("no strict mode", OPENAI.tool, {**opened(a={**S, "minLength": 1}), "anyOf": [{"required": ["a"]}]},
     {**opened(a={**S, "minLength": 1}), "anyOf": [{"required": ["a"]}]}),
    ("beside a reference for Gemini", GEMINI.tool,
     {**opened(a={"$ref": "#/$defs/A", "description": "x"}), "$defs": {"A": opened(b={"const": 1})}},
     {**opened(a={"description": "x", **opened(b={"enum": [1]})}), "$defs": {"A": opened(b={"enum": [1]})}}),
    ("what holds itself for Gemini", GEMINI.tool, TREE, TREE),
    ("references for Ollama", OLLAMA.tool, {**opened(a={"$ref": "#/$defs/A"}, b=True), "$defs": {"A": S}},
     {**opened(a=S, b={}), "$defs": {"A": S}}),
    ("OpenAPI's words", OPENAI.tool,
     {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": True, "minLength": "2"}}},
     opened(a={"type": ["string", "null"], "minLength": 2})),
    ("texts that are null", OPENAI.tool, opened(a={**S, "description": None, "default": None}),
     opened(a={**S, "default": None})),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "given", "wanted"), [one[1:] for one in EXAMPLES], ids=[one[0] for one in EXAMPLES])
def test_examples(rules: SchemaRules, given: Any, wanted: Any) -> None:
    before = copy.deepcopy(given)
    for _ in range(2):  # the second comes from what is remembered
        fitted = fit_schema(given, rules, "here")
        assert fitted == wanted
        assert given == before
        fitted["properties"]["changed"] = S  # whoever has it may do so
    assert fit_schema(OrderedDict(given), rules, "here") == wanted


UNFIT: list[tuple[SchemaRules, Any, str]] = [
    (ANTHROPIC.tool, {"anyOf": [S, opened(a=S)]}, r"here\.anyOf: it cannot be taken apart"),
    (ANTHROPIC.tool, {"oneOf": [S, {"type": "array"}]}, r"here\.oneOf"),
    (ANTHROPIC.tool, {"type": "string"}, r"here\.type: it must be object"),
    (ANTHROPIC.tool, {"allOf": [opened(a=S), opened(a={"type": "null"})]}, r"here\.allOf: its types"),
    (ANTHROPIC.tool, {"$ref": "#/$defs/None"}, r"here\.\$ref: there is no schema at '#/\$defs/None'"),
    (ANTHROPIC.tool, {"$ref": "#"}, r"here\.\$ref: there is no schema at '#'"),
    (ANTHROPIC.tool, opened(**{"$filter": S}), r"here\.properties: Anthropic takes names .* not '\$filter'"),
    (ANTHROPIC.answer, TREE, r"here\.properties\.next\.properties\.next: it holds itself, and Anthropic"),
    (ANTHROPIC.answer, opened(a={"$ref": "#"}), r"here\.properties\.a: it holds itself"),
    (ANTHROPIC.answer, opened(a={"type": "object", "additionalProperties": S}), r"here\.properties\.a: .*any names"),
    (
        ANTHROPIC.answer,
        opened(a={"type": "object", "additionalProperties": True}),
        r"here\.properties\.a: .*additionalP",
    ),
    (ANTHROPIC.answer, opened(a={"type": "object"}), r"here\.properties\.a: it does not say its properties"),
    (ANTHROPIC.answer, opened(a={}), r"here\.properties\.a: it does not say its type"),
    (ANTHROPIC.answer, opened(a=True), r"here\.properties\.a: it says nothing"),
    (
        ANTHROPIC.answer,
        opened(a={"$ref": "https://x/y"}),
        r"here\.properties\.a\.\$ref: there is no schema at 'https://x/y'",
    ),
    (ANTHROPIC.answer, {**opened(a=S), "required": ["b"]}, r"here\.required: the properties do not have 'b'"),
    (OPENAI_STRICT, opened(a={"type": "object", "additionalProperties": S}), r"here\.properties\.a: strict mode"),
    (OPENAI_STRICT, {"type": "array", "items": S}, r"here\.type: it must be object"),
    (OPENAI_STRICT, opened(a={"type": "array"}), r"here\.properties\.a: it does not say its items"),
    (OPENAI.tool, opened(a={"b": b"x"}), "here cannot be written as JSON"),
    (OPENAI.tool, opened(a={"b": {1, 2}}), "here cannot be written as JSON"),
]


@pytest.mark.parametrize(("rules", "given", "words"), UNFIT, ids=[words for _, _, words in UNFIT])
def test_what_cannot_be_fitted_is_refused_by_its_path(rules: SchemaRules, given: Any, words: str) -> None:
    with pytest.raises(BadRequestError, match=words):
        fit_schema(given, rules, "here")


def test_a_schema_that_never_ends() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(3000):
        deep = {"type": "array", "items": deep}
    circular: dict[str, Any] = opened()
    circular["properties"]["a"] = circular
    for schema in (deep, circular):
        for rules in (OPENAI.tool, ANTHROPIC.answer):
            with pytest.raises(BadRequestError, match="here"):
                fit_schema(opened(a=schema), rules, "here")
    wide = {"$defs": {f"D{n}": opened(a={"$ref": f"#/$defs/D{n + 1}", "title": "x"}, b={"$ref": f"#/$defs/D{n + 1}"})
                      for n in range(18)} | {"D18": S}}  # fmt: skip
    with pytest.raises(BadRequestError, match="here"):
        fit_schema({**opened(a={"$ref": "#/$defs/D0"}), **wide}, OLLAMA.tool, "here")


def parts_of(schema: Any) -> list[dict[str, Any]]:
    """Every schema within a fitted one."""
    if not isinstance(schema, dict):
        return []
    named = [part for word in ("properties", "$defs") for part in schema.get(word, {}).values()]
    listed = [part for word in ("anyOf", "oneOf", "allOf") for part in schema.get(word, ())]
    inner = [schema["items"]] if isinstance(schema.get("items"), dict) else []
    return [schema, *(deeper for part in (*named, *listed, *inner) for deeper in parts_of(part))]


def fit_or_skip(schema: Any, rules: SchemaRules) -> Any:
    before = copy.deepcopy(schema)
    try:
        return fit_schema(schema, rules, "here")
    except BadRequestError as error:
        assert str(error).startswith("here") and ": " in str(error)
        assume(False)
    finally:
        assert schema == before


MANY = settings(
    max_examples=60, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow], deadline=None
)


@MANY
@given(ROOTS)
def test_a_schema_for_claude_obeys_its_rules(schema: Any) -> None:
    fitted = fit_or_skip(schema, ANTHROPIC.answer)
    Draft202012Validator.check_schema(fitted)
    assert find_circle(fitted) is None
    for part in parts_of(fitted):
        kinds = part.get("type")
        if "$ref" in part:
            assert part.keys() == {"$ref"} and find_target(fitted, part["$ref"]) is not None
            continue
        assert kinds is not None or "anyOf" in part
        assert part.keys() <= (ANTHROPIC.answer.kept or frozenset())
        assert part.get("minItems", 0) <= 1
        if kinds == "object" or (isinstance(kinds, list) and "object" in kinds):
            assert part["additionalProperties"] is False


@MANY
@given(ROOTS)
def test_a_strict_schema_obeys_the_rules(schema: Any) -> None:
    assert OPENAI_STRICT is not None
    fitted = fit_or_skip(schema, OPENAI_STRICT)
    Draft202012Validator.check_schema(fitted)
    assert fitted["type"] == "object" and "anyOf" not in fitted
    for part in parts_of(fitted):
        if "$ref" in part:
            assert part.keys() == {"$ref"} and find_target(fitted, part["$ref"]) is not None
            continue
        assert "type" in part or "anyOf" in part
        assert part.keys() <= (OPENAI_STRICT.kept or frozenset())
        if "properties" in part:
            assert part["additionalProperties"] is False and part["required"] == list(part["properties"])


@MANY
@given(ROOTS_OF_TOOLS)
def test_the_root_of_a_tool_for_claude(schema: Any) -> None:
    fitted = fit_or_skip(schema, ANTHROPIC.tool)
    assert fitted["type"] == "object" and isinstance(fitted["properties"], dict)
    assert not fitted.keys() & {"anyOf", "oneOf", "allOf", "$ref"}


@MANY
@given(ROOTS)
def test_right_schemas_stay_as_they_are(schema: Any) -> None:
    for rules in (SchemaRules(), SchemaRules(object_root=True)):
        assert json.dumps(fit_or_skip(schema, rules)) == json.dumps(schema)


VALUES = st.recursive(
    st.one_of(st.none(), st.sampled_from(["a", "b", "abc"]), st.integers(0, 3), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@MANY
@given(ROOTS, VALUES)
def test_nulls_that_are_dropped_change_nothing_that_fits(schema: Any, value: Any) -> None:
    assert find_circle(schema) is not None or Draft202012Validator.check_schema(schema) is None
    assume(find_circle(schema) is None)
    fits = Draft202012Validator(schema).is_valid(value)
    dropped = drop_nulls(value, schema)
    if fits:
        assert Draft202012Validator(schema).is_valid(dropped)


@MANY
@given(ROOTS, VALUES)
def test_what_the_strict_schema_lets_be_null_is_accepted(schema: Any, value: Any) -> None:
    """An answer for the fitted schema that says null where nothing is said fits the caller's schema without it."""
    assert OPENAI_STRICT is not None
    fitted = fit_or_skip(schema, OPENAI_STRICT)
    assume(isinstance(value, dict))
    told = dict.fromkeys(schema["properties"]) | value
    assume(Draft202012Validator(fitted).is_valid(told))
    bare = {n: v for n, v in told.items() if v is not None}
    if Draft202012Validator(schema).is_valid(bare):
        assert Draft202012Validator(schema).is_valid(drop_nulls(told, schema))


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(RUBBISH, RUBBISH, RUBBISH)
def test_whatever_is_passed_is_sent_or_refused_with_its_place(
    vendor: Vendor, tools: Any, choice: Any, form: Any
) -> None:
    right = {"type": "function", "function": {"name": "f"}}
    for options in ({"tools": tools}, {"tools": [right], "tool_choice": choice}, {"response_format": form}):
        if "tools" in options and options["tools"] == tools and isinstance(tools, float) and math.isnan(tools):
            continue
        model, connections = vendor.build()
        try:
            model("Hi", **options)
        except BadRequestError as error:
            assert any(word in str(error) for word in ("tools", "tool_choice", "response_format", "tool")), error
            assert connections.requests == []
        except ModelHubError:
            assert len(connections.requests) == 1  # the answer is no JSON of that schema
        else:
            assert len(connections.requests) == 1
