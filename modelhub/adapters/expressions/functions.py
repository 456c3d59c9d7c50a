"""The standard functions of JMESPath, each counting its steps before it makes them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from modelhub.adapters.expressions.bounds import (
    CHARACTERS,
    COMPARED,
    ITEMS,
    Budget,
    ExpressionFault,
    are_equal,
    measure,
)

Function = Callable[..., Any]  # of a budget and the arguments

_KINDS: dict[type, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    type(None): "null",
}

_WRITER = json.JSONEncoder(separators=(",", ":"), default=str)


def find_kind(value: Any) -> str:
    """What JMESPath calls the type of ``value``."""
    kind = _KINDS.get(type(value))
    if kind is None:  # such as the members of an Enum that are texts
        kind = next((name for known, name in _KINDS.items() if isinstance(value, known)), type(value).__name__)
    return kind


def check(name: str, value: Any, *kinds: str) -> None:
    """Raise ExpressionFault when the argument of a function is of none of these types."""
    if find_kind(value) not in kinds:
        raise ExpressionFault(f"{name}() takes {_list(kinds)}, not {_list((find_kind(value),))}")


def check_items(name: str, value: Any, budget: Budget, *kinds: str) -> str:
    """The type of the items of a list; raises ExpressionFault when they have several, or one that is not of these."""
    check(name, value, "array")
    budget.take(20 + len(value) // ITEMS)
    found = {find_kind(value[[*map(type, value)].index(kind)]) for kind in set(map(type, value))}
    if len(found) > 1 or not found <= set(kinds):
        told = " and ".join(f"{kind}s" for kind in sorted(found))
        raise ExpressionFault(f"{name}() takes a list of {' or of '.join(f'{kind}s' for kind in kinds)}, not of {told}")
    kind = found.pop() if found else ""
    if kind == "string":
        budget.take(sum(map(len, value)) // CHARACTERS)
    return kind


def check_order(keys: list[Any], budget: Budget) -> None:
    """Count what sorting ``keys`` takes at most."""
    rounds = len(keys).bit_length()
    characters = sum(map(len, keys)) if keys and isinstance(keys[0], str) else 0
    budget.take(rounds * (len(keys) // 4 + characters // COMPARED))


def _list(kinds: tuple[str, ...]) -> str:
    return " or ".join("null" if kind == "null" else f"{'an' if kind[0] in 'ao' else 'a'} {kind}" for kind in kinds)


def _abs(budget: Budget, value: Any) -> Any:
    check("abs", value, "number")
    return abs(value)


def _avg(budget: Budget, values: Any) -> Any:
    check_items("avg", values, budget, "number")
    return sum(values) / len(values) if values else None


def _ceil(budget: Budget, value: Any) -> Any:
    check("ceil", value, "number")
    return math.ceil(value)


def _floor(budget: Budget, value: Any) -> Any:
    check("floor", value, "number")
    return math.floor(value)


def _contains(budget: Budget, subject: Any, search: Any) -> bool:
    check("contains", subject, "array", "string")
    if isinstance(subject, str):
        check("contains", search, "string")
        budget.take((len(subject) + len(search)) // CHARACTERS)
        return search in subject
    if not isinstance(search, list | dict | str):
        budget.take(len(subject) // ITEMS)
        return search in subject
    budget.take(len(subject))
    return any(item is search or (type(item) is type(search) and are_equal(search, item, budget)) for item in subject)


def _ends_with(budget: Budget, text: Any, end: Any) -> bool:
    check("ends_with", text, "string")
    check("ends_with", end, "string")
    budget.take(len(end) // COMPARED)
    return bool(text.endswith(end))


def _starts_with(budget: Budget, text: Any, start: Any) -> bool:
    check("starts_with", text, "string")
    check("starts_with", start, "string")
    budget.take(len(start) // COMPARED)
    return bool(text.startswith(start))


def _join(budget: Budget, between: Any, texts: Any) -> str:
    check("join", between, "string")
    check_items("join", texts, budget, "string")
    budget.take(len(between) * len(texts) // CHARACTERS)
    return str(between.join(texts))


def _keys(budget: Budget, value: Any) -> list[Any]:
    check("keys", value, "object")
    budget.take(len(value) // ITEMS)
    return list(value)


def _values(budget: Budget, value: Any) -> list[Any]:
    check("values", value, "object")
    budget.take(len(value) // ITEMS)
    return list(value.values())


def _length(budget: Budget, value: Any) -> int:
    check("length", value, "string", "array", "object")
    return len(value)


def _max(budget: Budget, values: Any) -> Any:
    check_items("max", values, budget, "number", "string")
    return max(values) if values else None


def _min(budget: Budget, values: Any) -> Any:
    check_items("min", values, budget, "number", "string")
    return min(values) if values else None


def _merge(budget: Budget, *objects: Any) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for each in objects:
        check("merge", each, "object")
        budget.take(len(each) // 2)
        merged.update(each)
    return merged


def _not_null(budget: Budget, *values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _reverse(budget: Budget, value: Any) -> Any:
    check("reverse", value, "array", "string")
    budget.take(len(value) // (CHARACTERS if isinstance(value, str) else ITEMS))
    return value[::-1]


def _sort(budget: Budget, values: Any) -> list[Any]:
    check_items("sort", values, budget, "string", "number")
    check_order(values, budget)
    return sorted(values)


def _sum(budget: Budget, values: Any) -> Any:
    check_items("sum", values, budget, "number")
    return sum(values)


def _to_array(budget: Budget, value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _to_number(budget: Budget, value: Any) -> Any:
    if isinstance(value, list | dict | bool) or value is None:
        return None
    if not isinstance(value, str):
        return value
    budget.take(20 + len(value) // CHARACTERS)
    for read in (int, float):
        try:
            return read(value)
        except ValueError:
            pass
    return None


def _to_string(budget: Budget, value: Any) -> str:
    if isinstance(value, str):
        return value
    budget.take(15 + measure(value, budget) // ITEMS)
    return _WRITER.encode(value)


def _type(budget: Budget, value: Any) -> str:
    return find_kind(value)


FUNCTIONS: dict[str, Function] = {
    "abs": _abs,
    "avg": _avg,
    "ceil": _ceil,
    "contains": _contains,
    "ends_with": _ends_with,
    "floor": _floor,
    "join": _join,
    "keys": _keys,
    "length": _length,
    "max": _max,
    "merge": _merge,
    "min": _min,
    "not_null": _not_null,
    "reverse": _reverse,
    "sort": _sort,
    "starts_with": _starts_with,
    "sum": _sum,
    "to_array": _to_array,
    "to_number": _to_number,
    "to_string": _to_string,
    "type": _type,
    "values": _values,
}
"""Those that take only values; the others are compiled with their expressions."""
