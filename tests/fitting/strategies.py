"""A small strategy for JSON Schemas, right and wrong ones, and the values that fit them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "c", "$ref", "type"])
WORDS = st.sampled_from(["", "One.", "Two (2)."])


def scalars() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("string")},
            optional={
                "minLength": st.integers(0, 2),
                "maxLength": st.integers(3, 9),
                "pattern": st.sampled_from(["^a", "(?=a)", r"\bx"]),
                "format": st.sampled_from(["uuid", "uri", "email", "ferry"]),
                "description": WORDS,
                "default": st.just("x"),
            },
        ),
        st.fixed_dictionaries(
            {"type": st.sampled_from(["integer", "number"])},
            optional={
                "minimum": st.integers(-3, 0),
                "exclusiveMaximum": st.integers(5, 9),
                "multipleOf": st.just(1),
                "title": WORDS,
            },
        ),
        st.sampled_from(
            [
                {"type": "boolean"},
                {"type": "null"},
                {"type": ["string", "null"]},
                {"const": "a"},
                {"const": None},
                {"enum": ["a", 1, None]},
                {"type": "string", "enum": ["a", "b"]},
                {"description": "anything"},
                {},
            ]
        ),
    )


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(NAMES, inner, max_size=3).flatmap(
        lambda properties: st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.just(properties)},
            optional={
                "required": st.lists(st.sampled_from(sorted(properties)), unique=True) if properties else st.just([]),
                "additionalProperties": st.one_of(st.booleans(), inner),
                "minProperties": st.just(0),
                "description": WORDS,
                "patternProperties": st.just({"^x": {"type": "string"}}),
            },
        )
    )


def combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    lists = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        objects(inner),
        st.fixed_dictionaries(
            {"type": st.just("array")},
            optional={
                "items": inner,
                "minItems": st.integers(0, 3),
                "maxItems": st.integers(4, 5),
                "uniqueItems": st.booleans(),
            },
        ),
        st.fixed_dictionaries({"type": st.just("array"), "prefixItems": lists}),
        *(
            st.fixed_dictionaries({word: lists}, optional={"description": WORDS})
            for word in ("anyOf", "oneOf", "allOf")
        ),
        st.fixed_dictionaries({"$ref": st.sampled_from(["#/$defs/A", "#/$defs/B"])}, optional={"description": WORDS}),
    )


PARTS = st.recursive(scalars(), combined, max_leaves=8)
ROOTS = st.builds(
    lambda root, one, other: {**root, "$defs": {"A": one, "B": other}},
    objects(PARTS),
    PARTS,
    st.one_of(PARTS, scalars()),
)
ROOTS_OF_TOOLS = st.one_of(
    ROOTS,
    st.builds(
        lambda root, word, parts: {**root, word: parts},
        ROOTS,
        st.sampled_from(["anyOf", "oneOf", "allOf"]),
        st.lists(objects(scalars()), min_size=1, max_size=3),
    ),
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 9), st.floats(), st.text(max_size=3), st.binary(max_size=2)
)
RUBBISH = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(
                st.sampled_from(
                    ["type", "function", "name", "parameters", "schema", "json_schema", "properties", "items", "anyOf"]
                ),
                st.sampled_from(["$ref", "mode", "required", "enum", "input_schema", "functionDeclarations", "strict"]),
            ),
            st.one_of(inner, st.sampled_from(["function", "json_schema", "object", "string", "auto", "x"])),
            max_size=4,
        ),
        st.tuples(inner),
    ),
    max_leaves=10,
)
