"""How often and how long a call may be tried at most, if all that can fail does: what configs say, added up.

A call is bounded by ``timeout.total`` alone. Each of its other bounds is for one wait, and a server that sends a byte
now and then makes any number of waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, NamedTuple, TypeGuard

from modelhub.policies.retry import RetryPolicy
from modelhub.validation.graph import Graph, Node, is_never_asked

DEFAULT = RetryPolicy().max_attempts
_NEVER_SENT = "CircuitOpenError"


class Worst(NamedTuple):
    """The worst that a call may come to: how many ``attempts``, and how many ``seconds``, which may be infinite.

    Both are not for the same call: the most attempts are made where each fails at once and servers ask for the shortest
    pauses, so that they are all in time.
    """

    attempts: int
    seconds: float


def find_worst_cases(graph: Graph, start: int) -> dict[int, Worst | None]:
    """The worst case of a config, and of each that it leads to; None where it is not known how one asks the others.

    Circles count once.
    """
    found: dict[int, Worst | None] = {}
    for number in graph.list_bottom_up(start):
        found[number] = _find(graph, number, found)
    return found


def _find(graph: Graph, number: int, known: Mapping[int, Worst | None]) -> Worst | None:
    node = graph.nodes[number]
    if not node.edges:
        attempts = read_attempts(node)
        return None if attempts is None else within(Worst(attempts, inf), read_total(node))
    groups: dict[Any, list[Worst]] = {}
    for edge, target in graph.find_targets(number):
        if is_never_asked(node, edge):
            continue
        worst = known.get(target)
        if worst is None:
            return None
        groups.setdefault(edge.path[1] if node.way == "router" else None, []).append(worst)
    found = _combine(node, list(groups.values()))
    return None if found is None else within(found, read_total(node))


def _combine(node: Node, groups: Sequence[Sequence[Worst]]) -> Worst | None:
    """The worst of a composite; ``groups`` are the targets of each route of a router, or all of another one."""
    if not groups:
        return None
    match node.way:
        case "fallback":
            return in_turn(groups[0], node.config.get("on_error"))
        case "router":
            next_one = node.config.get("otherwise") == "next"
            on_error = node.config.get("on_error") if next_one else ()
            return one_of([in_turn(group, on_error) if next_one else one_of(group) for group in groups])
        case "cascade" | "chain":
            return one_after_the_other(groups[0])
    return None


def in_turn(parts: Sequence[Worst], on_error: Any) -> Worst:
    """The worst of models of which the next is asked after one of the errors ``on_error``; None is the usual ones."""
    if isinstance(on_error, list | tuple):
        if not on_error:
            return parts[0]
        if set(on_error) == {_NEVER_SENT}:
            return one_of(parts)
    return one_after_the_other(parts)


def one_after_the_other(parts: Sequence[Worst]) -> Worst:
    """The worst of models that may all be asked, each after the one before it."""
    return Worst(sum(part.attempts for part in parts), sum(part.seconds for part in parts))


def one_of(parts: Sequence[Worst]) -> Worst:
    """The worst of models of which one is asked."""
    return Worst(max(part.attempts for part in parts), max(part.seconds for part in parts))


def within(worst: Worst, total: float | None) -> Worst:
    """The worst of what is over after ``total`` seconds."""
    return worst if total is None else Worst(worst.attempts, min(worst.seconds, total))


def read_attempts(node: Node) -> int | None:
    """How often a model is tried at most, as its config says; None if that is a reference that has no value yet."""
    config, client_args = node.config, node.config.get("client_args")
    retry = config.get("retry") or {}
    again = client_args.get("max_retries") if isinstance(client_args, dict) and not _is_python(node) else None
    if node.view and "retry_interval" in node.view.properties and not retry and again is None:
        most = config.get("max_retries", DEFAULT)  # AgentScope's, of these types; it counts the first try, too
        return max(int(most), 1) if _is_number(most) else None
    most = retry.get("max_attempts", DEFAULT if again is None else again + 1 if _is_number(again) else again)
    return int(most) if _is_number(most) else None


def read_total(node: Node) -> float | None:
    """The seconds that a call of a config may take in all; of a composite, and of plain Python, a number says it."""
    timeout = node.config.get("timeout")
    if isinstance(timeout, Mapping):
        timeout = timeout.get("total")
    elif not node.edges and not _is_python(node):
        return None
    return float(timeout) if _is_number(timeout) else None


def _is_python(node: Node) -> bool:
    """Whether a model is plain Python."""
    return node.view is not None and node.view.first("x-connects") is False


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float)
