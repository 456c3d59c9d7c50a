"""The bounds of expressions: how long, how deep, how many steps, how large a result."""

from __future__ import annotations

from typing import Any

LENGTH = 4096  # characters of an expression
DEPTH = 100  # levels of an expression, and of what it builds
STEPS = 200_000  # of one evaluation; a step takes some 0.1 us, or makes some 16 characters
SIZE = 16 << 20  # characters of a result that an expression has put together
CHARACTERS = 16  # that are made, or read one by one, in a step
ITEMS = 8  # that are copied in a step
COMPARED = 256  # characters that are compared in a step

_PLAIN = frozenset({float, bool, type(None)})


class ExpressionFault(ValueError):
    """An expression that fails on a document, or needs more than an expression may."""


class Budget:
    """What one evaluation has left of its steps."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = STEPS

    def take(self, steps: int) -> None:
        """Count steps before they are made; raises ExpressionFault when they are too many."""
        self.left -= steps
        if self.left < 0:
            raise ExpressionFault(f"it needs more than {STEPS:,} steps")


def measure(value: Any, budget: Budget) -> int:
    """The size of ``value`` written out, in characters or so; what is in it twice counts twice.

    Raises ExpressionFault when that is more than a result may have, or has too many levels.
    """
    return _measure(value, budget, {}, 2 * DEPTH)


def _measure(value: Any, budget: Budget, known: dict[int, int], levels: int) -> int:
    if isinstance(value, str):
        return len(value) + 4
    if not isinstance(value, list | dict):
        return 16 + (value.bit_length() // 3 if isinstance(value, int) else 0)
    size = known.get(id(value))
    if size is not None:
        return size
    if not levels:
        raise ExpressionFault(f"what it makes has more than {2 * DEPTH} levels")
    budget.take(5 + len(value) // ITEMS)
    size = 4 * len(value) + 4
    if isinstance(value, dict):
        size += sum(map(len, value))
    if len(value) > 16 and isinstance(value, list) and set(map(type, value)) <= _PLAIN:  # such as a vector
        size += 12 * len(value)
    else:
        budget.take(2 * len(value))
        for item in value.values() if isinstance(value, dict) else value:
            kind = type(item)
            if kind is str:
                size += len(item)
            elif kind in _PLAIN:
                size += 12
            else:
                size += _measure(item, budget, known, levels - 1)
    if size > SIZE:
        raise ExpressionFault(f"what it makes is larger than {SIZE:,} characters")
    known[id(value)] = size
    return size


def are_equal(left: Any, right: Any, budget: Budget) -> bool:
    """Whether two values are the same to JMESPath, for which true is not 1."""
    if isinstance(left, str):
        if isinstance(right, str) and len(left) == len(right):
            budget.take(len(left) // COMPARED)
    elif isinstance(left, list | dict):
        if left is right:
            return True
        if not isinstance(right, type(left)) or len(left) != len(right):
            return False
        budget.take(measure(left, budget) // ITEMS)
    elif isinstance(left, bool) != isinstance(right, bool) and (left in (0, 1) or right in (0, 1)):
        return False
    return bool(left == right)


def is_true(value: Any) -> bool:
    """What JMESPath takes for true: all but null, false, and an empty text, list or object."""
    return not (value is None or value is False or (isinstance(value, str | list | dict) and not value))
