"""Expressions as functions: each node of a tree becomes a closure over those of its children."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from modelhub.adapters.expressions.bounds import COMPARED, ITEMS, Budget, ExpressionFault, are_equal, is_true
from modelhub.adapters.expressions.functions import FUNCTIONS, Function, find_kind
from modelhub.adapters.expressions.lists import BY_FUNCTIONS, LISTS
from modelhub.adapters.expressions.paths import Code, Node, build_path, find_steps

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "gt": operator.gt,
    "lte": operator.le,
    "gte": operator.ge,
}
_BUILDERS = frozenset({"multi_select_list", "multi_select_dict", "function_expression"})


def is_plain_path(tree: Node) -> bool:
    """Whether an expression takes so few steps that nobody has to count them."""
    kind = tree["type"]
    if kind in ("subexpression", "index_expression", "pipe", "or_expression"):
        return all(map(is_plain_path, tree["children"]))
    return kind in ("field", "index", "current", "identity") or (kind == "literal" and not _is_container(tree["value"]))


def puts_together(tree: Node) -> bool:
    """Whether the value of an expression may be larger than what it is asked of."""
    if tree["type"] in _BUILDERS or (tree["type"] == "literal" and _is_container(tree["value"])):
        return True
    return any(puts_together(child) for child in tree["children"] if isinstance(child, dict))


def build_code(node: Node) -> Code:
    """The code of a node and all below it."""
    kind = node["type"]
    if kind == "function_expression" and node["value"] in BY_FUNCTIONS:
        first, second = (child["children"][0] if child["type"] == "expref" else child for child in node["children"])
        return BY_FUNCTIONS[node["value"]](first, second, build_code)
    return LISTS[kind](node, build_code) if kind in LISTS else _CODES[kind](node)


def _is_container(value: Any) -> bool:
    return isinstance(value, list | dict)


def _build_chain(node: Node) -> Code:
    steps = find_steps(node)
    if steps is not None:
        return build_path(steps)
    codes = [build_code(child) for child in node["children"]]
    runs = tuple(code.run for code in codes)

    def pass_on(value: Any, budget: Budget) -> Any:
        for run in runs:
            value = run(value, budget)
        return value

    return Code(pass_on, 1 + sum(code.steps for code in codes))


def _build_literal(node: Node) -> Code:
    constant = node["value"]
    if not _is_container(constant):
        return Code(lambda value, budget: constant, 1)
    # Nobody who changes what it is given may change the expression.
    return Code(lambda value, budget: _copy(constant), _count(constant))


def _copy(value: Any) -> Any:
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return {key: _copy(item) for key, item in value.items()} if isinstance(value, dict) else value


def _count(value: Any) -> int:
    if not _is_container(value):
        return 1
    return 4 + sum(map(_count, value.values() if isinstance(value, dict) else value))


def _build_comparator(node: Node) -> Code:
    left, right = (build_code(child) for child in node["children"])
    first, second, steps = left.run, right.run, left.steps + right.steps + 1
    if node["value"] in ("eq", "ne"):
        wanted = node["value"] == "eq"
        return Code(
            lambda value, budget: are_equal(first(value, budget), second(value, budget), budget) is wanted, steps + 1
        )
    order = _ORDERS[node["value"]]

    def compare(value: Any, budget: Budget) -> bool | None:
        one, other = first(value, budget), second(value, budget)
        kind, another = find_kind(one), find_kind(other)
        if kind not in ("number", "string") or another not in ("number", "string"):
            return None
        if kind != another:
            raise ExpressionFault(f"a {kind} and a {another} have no order")
        if kind == "string":
            budget.take(min(len(one), len(other)) // COMPARED)
        return order(one, other)

    return Code(compare, steps + 2)


def _build_or(node: Node) -> Code:
    left, right = (build_code(child) for child in node["children"])
    first, second = left.run, right.run

    def choose(value: Any, budget: Budget) -> Any:
        found = first(value, budget)
        return found if is_true(found) else second(value, budget)

    return Code(choose, left.steps + right.steps + 1)


def _build_and(node: Node) -> Code:
    left, right = (build_code(child) for child in node["children"])
    first, second = left.run, right.run

    def choose(value: Any, budget: Budget) -> Any:
        found = first(value, budget)
        return second(value, budget) if is_true(found) else found

    return Code(choose, left.steps + right.steps + 1)


def _build_not(node: Node) -> Code:
    code = build_code(node["children"][0])
    run = code.run
    return Code(lambda value, budget: not is_true(run(value, budget)), code.steps + 1)


def _build_slice(node: Node) -> Code:
    wanted = slice(*node["children"])

    def cut(value: Any, budget: Budget) -> Any:
        if not isinstance(value, list):
            return None
        budget.take(1 + len(range(*wanted.indices(len(value)))) // ITEMS)
        return value[wanted]

    return Code(cut, 1)


def _build_list(node: Node) -> Code:
    codes = [build_code(child) for child in node["children"]]
    runs = tuple(code.run for code in codes)
    return Code(
        lambda value, budget: None if value is None else [run(value, budget) for run in runs],
        2 + len(runs) + sum(code.steps for code in codes),
    )


def _build_object(node: Node) -> Code:
    codes = [(child["value"], build_code(child["children"][0])) for child in node["children"]]
    runs = tuple((name, code.run) for name, code in codes)
    return Code(
        lambda value, budget: None if value is None else {name: run(value, budget) for name, run in runs},
        4 + 2 * len(runs) + sum(code.steps for _, code in codes),
    )


def _build_call(node: Node) -> Code:
    function: Function = FUNCTIONS[node["value"]]
    codes = [build_code(child) for child in node["children"]]
    runs = tuple(code.run for code in codes)
    steps = 8 + sum(code.steps for code in codes)
    if len(runs) == 1:
        run = runs[0]
        return Code(lambda value, budget: function(budget, run(value, budget)), steps)
    return Code(lambda value, budget: function(budget, *[run(value, budget) for run in runs]), steps)


_CODES: dict[str, Callable[[Node], Code]] = {
    **dict.fromkeys(("field", "index", "current", "identity"), _build_chain),
    **dict.fromkeys(("subexpression", "index_expression", "pipe"), _build_chain),
    "literal": _build_literal,
    "comparator": _build_comparator,
    "or_expression": _build_or,
    "and_expression": _build_and,
    "not_expression": _build_not,
    "slice": _build_slice,
    "multi_select_list": _build_list,
    "multi_select_dict": _build_object,
    "function_expression": _build_call,
}
