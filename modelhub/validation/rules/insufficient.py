"""Check that the models which a route leads to can do what the route is for: tools, or images and other input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from modelhub.diagnostics import Finding
from modelhub.validation.graph import Graph, Node, is_never_asked
from modelhub.validation.rules.abilities import TOOLS, knows_ability, read_said
from modelhub.validation.rules.model_references import Edge

KINDS = ("image", "audio", "video", "file")
_NO, _UNKNOWN, _YES = 0, 1, 2


class Verdict(NamedTuple):
    """Whether a config can do something, and the model that decides it: the worst of those that may be asked."""

    rank: int
    model: str | None = None


def find_insufficient(graph: Graph) -> Iterator[tuple[int, Finding]]:
    """Yield a finding, with the number of its config, for each target of a route that cannot do what the route is for.

    It is a warning where that is not known.
    """
    verdicts: dict[str, list[Verdict]] = {}
    for number, node in enumerate(graph.nodes):
        if node.way != "router":
            continue
        for edge, target in graph.find_targets(number):
            wanted = [] if is_never_asked(node, edge) else list_wanted(find_route(node, edge))
            for ability in wanted:
                if ability not in verdicts:
                    verdicts[ability] = judge(graph, ability)
            found = [(verdicts[ability][target], ability) for ability in wanted]
            if lacks := [each for each in found if each[0].rank == _NO]:
                yield number, _explain(edge, lacks, "error")
            elif doubts := [each for each in found if each[0].rank == _UNKNOWN]:
                yield number, _explain(edge, doubts, "warning")


def judge(graph: Graph, ability: str) -> list[Verdict]:
    """Whether each config has ``ability``: a composite has it if all that it may ask for it have it."""
    order = graph.list_bottom_up()
    verdicts = [Verdict(_YES)] * len(graph.nodes)
    changed = True
    while changed:  # once, and once more for each turn of a circle
        changed = False
        for number in order:
            verdict = _judge(graph, number, ability, verdicts)
            changed = changed or verdict.rank != verdicts[number].rank
            verdicts[number] = verdict
    return verdicts


def _judge(graph: Graph, number: int, ability: str, verdicts: list[Verdict]) -> Verdict:
    node = graph.nodes[number]
    if node.way is None:
        known = knows_ability(node, ability)
        return Verdict(_UNKNOWN if known is None else _YES if known else _NO, node.name)
    said = read_said(node.config, ability)
    if said is not None:
        return Verdict(_YES if said else _NO, node.name)
    asked = (verdicts[target] for edge, target in graph.find_targets(number) if _is_asked(node, edge, ability))
    return min(asked, key=lambda verdict: verdict.rank, default=Verdict(_YES))


def _is_asked(node: Node, edge: Edge, ability: str) -> bool:
    """Whether a target is asked when a call that needs ``ability``, and is like any other otherwise, comes to a config.

    Tools go to the last step of a chain, the caller's messages to its first one, if that has no prompt of its own.
    """
    if node.way == "router":
        routes = node.config.get("routes")
        fitting = (n for n, route in enumerate(routes) if _fits(route, ability)) if isinstance(routes, list) else ()
        return edge.path[1:2] == (next(iter(fitting), None),) and not is_never_asked(node, edge)
    if node.way == "chain" and edge.path[0] == "steps":
        steps = node.config["steps"]
        if ability == TOOLS:
            return edge.path[1] == len(steps) - 1
        return edge.path[1] == 0 and not (isinstance(steps[0], dict) and "prompt" in steps[0])
    return True


def _fits(route: Any, ability: str) -> bool:
    """Whether all conditions of a route follow from that a call needs ``ability``."""
    when = route.get("when") if isinstance(route, dict) else None
    if not isinstance(when, dict):
        return True
    for key, value in when.items():
        if key == TOOLS:
            if value is not (ability == TOOLS):
                return False
        elif key != "input" or not isinstance(value, list) or ability not in value:
            return False
    return True


def find_route(node: Node, edge: Edge) -> Any:
    """The route of a router that names a target."""
    routes = node.config.get("routes")
    n = edge.path[1] if len(edge.path) > 1 else None
    return routes[n] if isinstance(routes, list) and isinstance(n, int) else None


def list_wanted(route: Any) -> list[str]:
    """What the calls that a route is for need."""
    when = route.get("when") if isinstance(route, dict) else None
    if not isinstance(when, dict):
        return []
    kinds = when.get("input")
    wanted = [TOOLS] if when.get(TOOLS) is True else []
    return wanted + [kind for kind in KINDS if isinstance(kinds, list) and kind in kinds]


def _explain(edge: Edge, found: list[tuple[Verdict, str]], severity: Any) -> Finding:
    model = found[0][0].model
    abilities = [ability for verdict, ability in found if verdict.model == model]
    what = " and ".join(ability if ability == TOOLS else f"{ability} input" for ability in abilities)
    who = repr(edge.target) if model == edge.target else f"{edge.target!r}, which may ask {model!r},"
    kinds = ", ".join(["text", *(ability for ability in abilities if ability != TOOLS)])
    says = [f"{TOOLS}: true"] if TOOLS in abilities else []
    says += [f"input: [{kinds}]"] if kinds != "text" else []
    say = f"capabilities: {{{', '.join(says)}}}"
    if severity == "error":
        message = f"the route is for {what}, but {who} takes none"
        hint = f"name a model that takes them; if {model!r} does, write {say} there"
    else:
        message = f"the route is for {what}, and whether {who} takes them is not known"
        hint = f"if it does, write {say} in the config of {model!r}"
    return Finding("MH312", message, edge.path, edge.key, hint, severity)
