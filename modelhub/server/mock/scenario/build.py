"""Makes a scenario of the data that a file holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.server.mock.faults import Fault
from modelhub.server.mock.scenario.distributions import Distribution, Kind
from modelhub.server.mock.scenario.shape import Batching, Behaviour, Capacity, Chance, Phase, Rule, Scenario

# The kinds of distributions, and the keys of their two numbers.
DISTRIBUTIONS: Mapping[Kind, tuple[str, str]] = {
    "uniform": ("min", "max"),
    "normal": ("mean", "deviation"),
    "lognormal": ("median", "sigma"),
}


def build_scenario(data: Mapping[str, Any]) -> Scenario:
    """The scenario of data in which nothing is wrong; the keys at its top are a last rule, which fits all requests."""
    rules = [_build_rule(rule) for rule in [*data.get("rules", ()), {**data, "model": "*", "path": "*"}]]
    return Scenario(tuple(rules), int(data.get("seed", 0)), Batching(**data.get("batches", {})))


def _build_rule(data: Mapping[str, Any]) -> Rule:
    base = _build_behaviour(data, Behaviour())
    phases = [
        Phase(_build_behaviour(phase, base), phase.get("seconds"), phase.get("requests"))
        for phase in data.get("timeline", ())
    ]
    loop = data.get("loop", False)
    rounds = (None if loop else 1) if isinstance(loop, bool) else loop
    return Rule(base, data.get("model", "*"), data.get("path", "*"), tuple(phases), rounds)


def _build_behaviour(data: Mapping[str, Any], base: Behaviour) -> Behaviour:
    """The behaviour that ``data`` says; what it does not say is as in ``base``."""
    return Behaviour(
        Capacity(**data["limits"]) if "limits" in data else base.capacity,
        tuple(map(_build_chance, data["faults"])) if "faults" in data else base.faults,
        _build_distribution(data["latency"]) if "latency" in data else base.latency,
        _build_distribution(data["chunk_delay"]) if "chunk_delay" in data else base.chunk_delay,
    )


def _build_chance(data: Mapping[str, Any]) -> Chance:
    headers = {name.lower(): value for name, value in data.get("headers", {}).items()}
    asked = data.get("retry_after", True)
    if asked is not True:
        headers["retry-after"] = "" if asked is False else f"{asked:g}"
    # To JSON Schema, 429.0 is an integer, too.
    name = str(int(data["status"])) if "status" in data else data["fault"]
    return Chance(Fault(name, headers, int(data.get("after", 2)), data.get("seconds")), data.get("share", 1.0))


def _build_distribution(data: float | Mapping[str, Any]) -> Distribution:
    if not isinstance(data, Mapping):
        return Distribution("fixed", data)
    ((name, numbers),) = data.items()
    for kind, (first, second) in DISTRIBUTIONS.items():
        if kind == name:
            return Distribution(kind, numbers[first], numbers[second])
    raise ValueError(f"there is no distribution {name!r}")
