"""The parts of expressions that go through lists: projections, filters, flattening, and functions by an expression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelhub.adapters.expressions.bounds import ITEMS, Budget, ExpressionFault, is_true
from modelhub.adapters.expressions.functions import check, check_order, find_kind
from modelhub.adapters.expressions.paths import Build, Code, Node, find_steps


def _build_each(node: Node, build: Build) -> Callable[[Any, Budget], list[Any]]:
    """What makes of a list, or of the values of an object, the values that ``node`` finds in each, if it finds any."""
    steps = find_steps(node)
    if steps == []:

        def keep(items: Any, budget: Budget) -> list[Any]:
            budget.take(1 + len(items) // ITEMS)
            return [item for item in items if item is not None]

        return keep
    code = build(node)
    run, each = code.run, code.steps + 1

    def find(items: Any, budget: Budget) -> list[Any]:
        budget.take(each * len(items))
        return [found for item in items if (found := run(item, budget)) is not None]

    if steps is None or len(steps) != 1 or not isinstance(steps[0], str):
        return find
    key = steps[0]

    def find_key(items: Any, budget: Budget) -> list[Any]:
        budget.take(len(items))
        return [found for item in items if isinstance(item, dict) and (found := item.get(key)) is not None]

    return find_key


def _build_projection(node: Node, build: Build) -> Code:
    base = build(node["children"][0])
    start, each = base.run, _build_each(node["children"][1], build)

    def project(value: Any, budget: Budget) -> list[Any] | None:
        items = start(value, budget)
        return each(items, budget) if isinstance(items, list) else None

    return Code(project, base.steps + 2)


def _build_value_projection(node: Node, build: Build) -> Code:
    base = build(node["children"][0])
    start, each = base.run, _build_each(node["children"][1], build)

    def project(value: Any, budget: Budget) -> list[Any] | None:
        found = start(value, budget)
        return each(found.values(), budget) if isinstance(found, dict) else None

    return Code(project, base.steps + 2)


def _build_filter(node: Node, build: Build) -> Code:
    base, condition = build(node["children"][0]), build(node["children"][2])
    start, holds, each = base.run, condition.run, _build_each(node["children"][1], build)
    steps = condition.steps + 1

    def choose(value: Any, budget: Budget) -> list[Any] | None:
        items = start(value, budget)
        if not isinstance(items, list):
            return None
        budget.take(steps * len(items))
        return each([item for item in items if is_true(holds(item, budget))], budget)

    return Code(choose, base.steps + 2)


def _build_flatten(node: Node, build: Build) -> Code:
    base = build(node["children"][0])
    start = base.run

    def flatten(value: Any, budget: Budget) -> list[Any] | None:
        items = start(value, budget)
        if not isinstance(items, list):
            return None
        budget.take(1 + len(items) // ITEMS)
        if list not in set(map(type, items)):
            return items.copy()
        budget.take(len(items))
        flat: list[Any] = []
        for item in items:
            if isinstance(item, list):
                budget.take(len(item) // ITEMS)
                flat += item
            else:
                flat.append(item)
        return flat

    return Code(flatten, base.steps + 2)


def _build_map(expression: Node, items: Node, build: Build) -> Code:
    code, base = build(expression), build(items)
    run, start, each = code.run, base.run, code.steps + 1

    def apply(value: Any, budget: Budget) -> list[Any]:
        found = start(value, budget)
        check("map", found, "array")
        budget.take(each * len(found))
        return [run(item, budget) for item in found]

    return Code(apply, base.steps + 2)


def _build_by(name: str, choose: Callable[[list[Any], list[Any], Budget], Any]) -> Callable[[Node, Node, Build], Code]:
    """A function that orders a list by what an expression finds in each item."""

    def build_order(items: Node, expression: Node, build: Build) -> Code:
        code, base = build(expression), build(items)
        run, start, each = code.run, base.run, code.steps + 2

        def order(value: Any, budget: Budget) -> Any:
            found = start(value, budget)
            check(name, found, "array")
            budget.take(each * len(found))
            keys = [run(item, budget) for item in found]
            _check_keys(name, keys)
            check_order(keys, budget)
            return choose(found, keys, budget)

        return Code(order, base.steps + 2)

    return build_order


def _check_keys(name: str, keys: list[Any]) -> None:
    kinds = dict.fromkeys(map(find_kind, keys))
    for kind in kinds:
        if kind not in ("number", "string"):
            raise ExpressionFault(f"{name}() orders by numbers or by strings, not by {kind}")
    if len(kinds) > 1:
        raise ExpressionFault(f"{name}() orders by numbers or by strings, not by both")


def _sort(items: list[Any], keys: list[Any], budget: Budget) -> list[Any]:
    return [items[place] for place in sorted(range(len(keys)), key=keys.__getitem__)]


def _min(items: list[Any], keys: list[Any], budget: Budget) -> Any:
    return items[min(range(len(keys)), key=keys.__getitem__)] if keys else None


def _max(items: list[Any], keys: list[Any], budget: Budget) -> Any:
    return items[max(range(len(keys)), key=keys.__getitem__)] if keys else None


LISTS: dict[str, Callable[[Node, Build], Code]] = {
    "projection": _build_projection,
    "value_projection": _build_value_projection,
    "filter_projection": _build_filter,
    "flatten": _build_flatten,
}
BY_FUNCTIONS: dict[str, Callable[[Node, Node, Build], Code]] = {
    "map": _build_map,
    "sort_by": _build_by("sort_by", _sort),
    "min_by": _build_by("min_by", _min),
    "max_by": _build_by("max_by", _max),
}
