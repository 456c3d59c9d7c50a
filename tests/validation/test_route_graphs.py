"""What is proved of models that ask each other, against a reference that tries everything, for graphs drawn at random.

With HYPOTHESIS_PROFILE=thorough these are 10,000.
"""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub.configs import load
from modelhub.errors import Problem
from modelhub.validation import check, load_schema

Config = dict[str, Any]
KINDS = ("image", "audio", "video", "file")
TYPES = ("openai_chat", "ollama_chat", "openai_embedding", "fallback", "router", "cascade", "chain")
NO, UNKNOWN, YES = 0, 1, 2

LEAVES: list[tuple[Config, dict[str, int]]] = [  # with what they are known to do
    ({"model_type": "openai_chat", "model_name": "mine"}, {"tools": UNKNOWN, "image": UNKNOWN, "audio": UNKNOWN}),
    ({"model_type": "openai_chat", "model_name": "gpt-4o"}, {"tools": YES, "image": YES, "audio": NO}),
    ({"model_type": "ollama_chat", "model_name": "llava"}, {"tools": NO, "image": YES, "audio": NO}),
    (
        {"model_type": "openai_chat", "model_name": "gpt-4o", "client_args": {"base_url": "http://gateway/v1"}},
        {"tools": UNKNOWN, "image": UNKNOWN, "audio": UNKNOWN},
    ),
    (
        {"model_type": "openai_chat", "capabilities": {"tools": True, "input": ["image", "audio"]}},
        {"tools": YES, "image": YES, "audio": YES},
    ),
    ({"model_type": "openai_chat", "capabilities": {"tools": False}}, {"tools": NO, "image": UNKNOWN}),
    ({"model_type": "openai_chat", "capabilities": {"input": ["text"]}}, {"tools": UNKNOWN, "image": NO, "audio": NO}),
]


class Draw:
    """Draws a set of configs, the models first."""

    def __init__(self, seed: int, size: int) -> None:
        self.choose = random.Random(seed)
        leaves = [f"m{n}" for n in range(self.choose.randint(1, 4))]
        composites = [f"c{n}" for n in range(size)]
        self.names = [*leaves, *composites]
        self.abilities: dict[str, dict[str, int]] = {}
        self.configs = [self.leaf(name) for name in leaves] + [self.composite(name) for name in composites]
        self.choose.shuffle(self.configs)
        self.by_name = {config["config_name"]: config for config in self.configs}

    def leaf(self, name: str) -> Config:
        config, self.abilities[name] = self.choose.choice(LEAVES)
        return {"config_name": name, **config}

    def target(self) -> str:
        return "nowhere" if self.choose.random() < 0.05 else self.choose.choice(self.names)

    def targets(self) -> list[str]:
        return list(dict.fromkeys(self.target() for _ in range(self.choose.randint(1, 3))))

    def composite(self, name: str) -> Config:
        kind = self.choose.choice(["fallback", "router", "router", "cascade", "chain"])
        config: Config = {"config_name": name, "model_type": kind}
        if self.choose.random() < 0.15:
            config["capabilities"] = {"tools": self.choose.random() < 0.5}
        if kind == "fallback":
            return {**config, "models": self.targets()}
        if kind == "router":
            return {**config, "routes": [self.route() for _ in range(self.choose.randint(1, 3))]}
        steps: list[Config] = [{"model": target} for target in self.targets()]
        if kind == "chain" and self.choose.random() < 0.3:
            steps[0]["prompt"] = "{input}"
        return {**config, "steps": steps}

    def route(self) -> Config:
        targets = self.targets()
        to = self.choose.choice([targets[0], targets, {target: self.choose.choice([0, 1, 2]) for target in targets}])
        when: Config = {}
        if self.choose.random() < 0.4:
            when["tools"] = self.choose.random() < 0.8
        if self.choose.random() < 0.4:
            when["input"] = self.choose.choice([["image"], ["audio"], ["image", "audio"]])
        if self.choose.random() < 0.2:
            when |= self.choose.choice([{"tags": ["a"]}, {"min_tokens": 5}, {"matches": "x"}])
        return {"to": to, **({"when": when} if when else {})}


Edge = tuple[str, tuple[Any, ...], str, bool]  # who names, where, whom, and whether it may ever be asked


def list_edges(config: Config) -> list[Edge]:
    name = config["config_name"]
    edges: list[Edge] = [(name, ("models", n), target, True) for n, target in enumerate(config.get("models", ()))]
    edges += [(name, ("steps", n, "model"), step["model"], True) for n, step in enumerate(config.get("steps", ()))]
    for n, route in enumerate(config.get("routes", ())):
        to = route["to"]
        if isinstance(to, str):
            edges.append((name, ("routes", n, "to"), to, True))
        elif isinstance(to, list):
            edges += [(name, ("routes", n, "to", m), target, True) for m, target in enumerate(to)]
        else:
            edges += [(name, ("routes", n, "to", target), target, weight > 0) for target, weight in to.items()]
    return edges


def is_taken(route: Config, need: str) -> bool:
    """Whether a call takes the route that has nothing but the need."""
    when = dict(route.get("when", {}))
    if when.pop("tools", need == "tools") is not (need == "tools"):
        return False
    kinds = when.pop("input", None)
    return not when and (kinds is None or need in kinds)


def list_asked(config: Config, need: str) -> list[str]:
    edges = list_edges(config)
    if config["model_type"] == "router":
        taken = [n for n, route in enumerate(config["routes"]) if is_taken(route, need)][:1]
        return [target for _, path, target, may_be in edges if path[1] in taken and may_be]
    if config["model_type"] == "chain":
        first, last = config["steps"][0], config["steps"][-1]
        if need == "tools":
            return [last["model"]]
        return [] if "prompt" in first else [first["model"]]
    return [target for _, _, target, _ in edges]


def judge(draw: Draw, start: str, need: str) -> int:
    """The worst that is known of any model that a call with the need may come to, walking every way there is."""
    worst, seen, todo = YES, set(), [start]
    while todo:
        name = todo.pop()
        if name in seen or name not in draw.by_name:
            continue
        seen.add(name)
        config = draw.by_name[name]
        if name in draw.abilities:
            worst = min(worst, draw.abilities[name].get(need, UNKNOWN))
        elif need == "tools" and "capabilities" in config:
            worst = min(worst, YES if config["capabilities"]["tools"] else NO)
        else:
            todo += list_asked(config, need)
    return worst


def expect(draw: Draw) -> dict[str, Any]:
    edges = [edge for config in draw.configs for edge in list_edges(config)]
    reach = {name: {target for who, _, target, _ in edges if who == name} for name in draw.names}
    for middle in draw.names:
        for name in draw.names:
            if middle in reach[name]:
                reach[name] |= reach[middle]
    verdicts: dict[Any, str] = {}
    behind = set()
    for config in draw.configs:
        routes = config.get("routes", ())
        for n in range(len(routes)):
            if any("when" not in before for before in routes[:n]):
                behind.add((config["config_name"], ("routes", n)))
        for who, path, target, may_be in list_edges(config):
            when = routes[path[1]].get("when", {}) if routes else {}
            needs = [*(["tools"] if when.get("tools") else []), *when.get("input", ())]
            worst = min([judge(draw, target, need) for need in needs if may_be], default=YES)
            if worst != YES and target in draw.by_name:
                verdicts[who, path] = "error" if worst == NO else "warning"
    return {
        "MH303": {(who, path) for who, path, target, _ in edges if target not in draw.by_name},
        "circles": {frozenset(m for m in reach[name] if name in reach.get(m, ())) for name in draw.names}
        - {frozenset()},
        "MH312": verdicts,
        "MH313": behind,
    }


def find(draw: Draw) -> dict[str, Any]:
    loaded = load(draw.configs)
    assert not loaded.problems
    problems = check(loaded.entries, schema_of=load_schema, model_types=TYPES)
    assert {problem.code for problem in problems} <= {"MH303", "MH304", "MH312", "MH313"}

    def places(code: str) -> dict[Any, Problem]:
        return {(problem.config_name, problem.path[1:]): problem for problem in problems if problem.code == code}

    circles = [problem.message.partition(": ")[2].split(" -> ") for problem in places("MH304").values()]
    for circle in circles:
        assert circle[0] == circle[-1]
        for name, following in pairwise(circle):
            assert following in {target for _, _, target, _ in list_edges(draw.by_name[name])}
    return {
        "MH303": set(places("MH303")),
        "on circles": [set(circle) for circle in circles],
        "MH312": {place: problem.severity for place, problem in places("MH312").items()},
        "MH313": set(places("MH313")),
    }


@settings(deadline=None)
@given(st.integers(0, 10**12), st.integers(1, 9))
def test_graphs_are_judged_as_the_reference_judges_them(seed: int, size: int) -> None:
    draw = Draw(seed, size)
    wanted, found = expect(draw), find(draw)
    for code in ("MH303", "MH312", "MH313"):
        assert found[code] == wanted[code]
    # A circle is told within each knot of configs that lead to each other, and nowhere else.
    told = [{knot for knot in wanted["circles"] if circle <= knot} for circle in found["on circles"]]
    assert all(len(knots) == 1 for knots in told)
    assert {knot for knots in told for knot in knots} == wanted["circles"]


def test_a_long_line_of_models_is_judged_too() -> None:
    line = [{"config_name": f"c{n}", "model_type": "fallback", "models": [f"c{n + 1}"]} for n in range(3000)]
    end = {"config_name": "c3000", "model_type": "ollama_chat", "model_name": "llava"}
    route = {"to": "c0", "when": {"tools": True}}
    loaded = load([{"config_name": "front", "model_type": "router", "routes": [route]}, *line, end])
    (problem,) = check(loaded.entries, schema_of=load_schema, model_types=TYPES)
    assert problem.code == "MH312"
    assert "'c0', which may ask 'c3000', takes none" in problem.message


TASKS = [
    (["gpt", "emb"], [1]),
    (["emb", "gpt", "emb"], [1]),
    (["unknown", "emb", "unknown"], []),
    (["unknown", "emb", "pair", "gpt"], [2]),
    (["pair", "gpt"], []),
    (["pair", "img"], [1]),
    (["mixed", "gpt"], []),
    (["c", "gpt", "emb"], [2]),
]


@pytest.mark.parametrize(("models", "differ"), TASKS)
def test_the_first_model_of_another_task_is_told(models: list[str], differ: list[int]) -> None:
    configs: list[Config] = [
        {"config_name": "gpt", "model_type": "openai_chat"},
        {"config_name": "emb", "model_type": "openai_embedding"},
        {"config_name": "img", "model_type": "openai_dall_e"},
        {"config_name": "unknown", "model_type": "acme"},
        {"config_name": "pair", "model_type": "fallback", "models": ["unknown", "gpt"]},
        {"config_name": "mixed", "model_type": "fallback", "models": ["gpt", "emb"]},
        {"config_name": "c", "model_type": "chain", "steps": [{"model": model} for model in models]},
    ]
    loaded = load([*configs[:-1], configs[-1]])
    types = {name: load_schema(name) or {"type": "object"} for name in (*TYPES, "openai_dall_e", "acme")}
    problems = check(loaded.entries, schema_of=types.get, model_types=types)
    told = [problem for problem in problems if problem.code == "MH311" and problem.config_name == "c"]
    assert [problem.path[1:] for problem in told] == [("steps", n, "model") for n in differ]
