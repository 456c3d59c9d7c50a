"""Expressions and documents by chance, for tests."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "c", '"a"', "d")
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, 1.0, 0.5, -2.5, 1e300]),
    st.sampled_from(["", "a", "b", "aa", "1", "1.5", "é", "x y"]),
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), inner, max_size=4),
        st.lists(st.integers(-3, 3), max_size=4),
        st.lists(st.sampled_from(["", "a", "b", "aa"]), max_size=4),
        st.lists(st.fixed_dictionaries({"a": st.integers(-3, 3), "b": st.sampled_from(["x", "y"])}), max_size=4),
    ),
    max_leaves=16,
)


def write_literal(value: Any) -> str:
    return "`" + json.dumps(value).replace("`", "\\`") + "`"


def write_slice(parts: list[int | None]) -> str:
    return "[" + ":".join("" if part is None else str(part) for part in parts) + "]"


leaves = st.one_of(
    st.sampled_from(NAMES),
    st.just("@"),
    st.just("*"),
    st.builds(write_literal, documents),
    st.sampled_from(["'a'", "''", "'x y'"]),
    st.builds(lambda place: f"[{place}]", st.integers(-4, 4)),
)
slices = st.builds(
    write_slice,
    st.tuples(
        st.none() | st.integers(-5, 5),
        st.none() | st.integers(-5, 5),
        st.sampled_from([None, 1, 2, -1, -2]),
    ).map(list),
)
suffixes = st.one_of(
    st.sampled_from([*(f".{name}" for name in NAMES), "[]", "[*]", ".*"]),
    st.builds(lambda place: f"[{place}]", st.integers(-4, 4)),
    slices,
)
ONE = [
    *("abs", "avg", "ceil", "floor", "keys", "length", "max", "min", "reverse", "sort", "sum", "to_array"),
    *("to_number", "to_string", "type", "values"),
]


def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(lambda left, right: left + right, inner, suffixes),
        st.builds(
            lambda left, how, right: f"{left}{how}{right}", inner, st.sampled_from([" | ", " || ", " && "]), inner
        ),
        st.builds(
            lambda left, how, right: f"{left} {how} {right}",
            *(inner, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), inner),
        ),
        st.builds(lambda left, condition, right: f"{left}[?{condition}]{right}", inner, inner, suffixes | st.just("")),
        st.builds(lambda each: f"!{each}", inner),
        st.builds(lambda each: f"({each})", inner),
        st.builds(lambda each: f"[{', '.join(each)}]", st.lists(inner, min_size=1, max_size=3)),
        st.builds(
            lambda each: "{" + ", ".join(f"{name}: {value}" for name, value in each) + "}",
            st.lists(st.tuples(st.sampled_from(NAMES), inner), min_size=1, max_size=3),
        ),
        st.builds(lambda left, right: f"{left}.[{right}]", inner, inner),
        st.builds(lambda left, right: f"{left}.{{a: {right}}}", inner, inner),
        st.builds(lambda name, each: f"{name}({each})", st.sampled_from(ONE), inner),
        st.builds(
            lambda name, one, other: f"{name}({one}, {other})",
            *(st.sampled_from(["contains", "ends_with", "join", "starts_with", "not_null", "merge"]), inner, inner),
        ),
        st.builds(lambda one, other: f"map(&{one}, {other})", inner, inner),
        st.builds(
            lambda name, one, other: f"{name}({one}, &{other})",
            *(st.sampled_from(["sort_by", "min_by", "max_by"]), inner, inner),
        ),
    )


expressions = st.recursive(leaves, extend, max_leaves=12)
