"""Draws are as often as the weights say, repeatable, and the same in every process where a value decides."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from modelhub.routing.draws import Turns, draw, draw_for

NAMES = st.sampled_from("abcdef")
WEIGHTS = st.dictionaries(NAMES, st.integers(0, 9), min_size=1).filter(lambda weights: any(weights.values()))
VALUES = st.one_of(
    st.text(), st.integers(), st.booleans(), st.lists(st.text()), st.dictionaries(st.text(), st.integers())
)


def is_fair(count: Counter[str], weights: dict[str, int]) -> bool:
    """Whether each name came about as often as its weight says: within five deviations."""
    total, drawn = sum(weights.values()), sum(count.values())
    expected = {name: drawn * weight / total for name, weight in weights.items()}
    return all(
        abs(count[name] - wanted) <= 5 * (wanted * (1 - wanted / drawn)) ** 0.5 + 1e-9
        for name, wanted in expected.items()
    )


@given(WEIGHTS, st.integers())
def test_chance_obeys_the_weights(weights: dict[str, int], seed: int) -> None:
    chance = Random(seed)
    assert is_fair(Counter(draw(weights, chance) for _ in range(1000)), weights)
    assert [draw(weights, Random(seed)) for _ in range(3)] == [draw(weights, Random(seed))] * 3


class Edge(Random):
    """Chance that only knows its extremes."""

    def __init__(self, at: float) -> None:
        super().__init__()
        self.at = at

    def random(self) -> float:
        return self.at


@given(WEIGHTS, st.sampled_from([0.0, 1 - 2**-53]))
def test_a_weight_of_0_is_not_drawn_at_the_edges(weights: dict[str, int], at: float) -> None:
    assert weights[draw(weights, Edge(at))] > 0


@given(WEIGHTS, st.integers())
def test_values_are_spread_as_the_weights_say(weights: dict[str, int], seed: int) -> None:
    assert is_fair(Counter(draw_for(f"user-{n}", weights, seed) for n in range(1000)), weights)


@given(WEIGHTS, VALUES, st.one_of(st.none(), st.integers()), NAMES)
def test_a_value_keeps_its_name_when_another_goes(weights: dict[str, int], value: Any, seed: int, gone: str) -> None:
    chosen = draw_for(value, weights, seed)
    assert weights[chosen] > 0
    left = {name: weight for name, weight in weights.items() if name != gone}
    if gone != chosen:
        assert draw_for(value, left, seed) == chosen
    assert draw_for(value, dict(reversed(weights.items())), seed) == chosen


def test_strange_values_have_a_name_too() -> None:
    circle: list[Any] = []
    circle.append(circle)
    for value in (circle, {1: "a", "b": 2}, {"a", "b"} & {"a"}, b"x", 1.5, "\ud800", float("nan")):
        assert draw_for(value, {"a": 1, "b": 1}) in ("a", "b")
    assert {draw_for({"x": n, "y": 1}, {"a": 1, "b": 1}) for n in range(20)} == {"a", "b"}
    assert draw_for({"x": 1, "y": 2}, {"a": 1, "b": 1}) == draw_for({"y": 2, "x": 1}, {"a": 1, "b": 1})


PROGRAM = """
import json, sys
from modelhub.routing.draws import draw_for
weights, values = json.load(sys.stdin)
print(json.dumps([draw_for(value, weights, 7) for value in values]))
"""


def test_a_value_has_the_same_name_in_every_process() -> None:
    weights = {"gpt": 3, "qwen": 1, "lokal-größer": 2.5}
    values = [*range(50), *(f"user-{n}" for n in range(50)), None, True, {"b": [1, 2], "a": "ü"}]
    here = [draw_for(value, weights, 7) for value in values]
    for seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-P", "-c", PROGRAM],
            input=json.dumps([weights, values]),
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        )
        assert json.loads(done.stdout) == here


@given(WEIGHTS, st.integers(1, 4))
def test_turns_are_exactly_as_often_as_the_weights_say(weights: dict[str, int], rounds: int) -> None:
    turns = Turns()
    total = sum(weights.values())
    taken = [turns.take(weights) for _ in range(total * rounds)]
    assert Counter(taken) == Counter({name: weight * rounds for name, weight in weights.items() if weight})
    assert taken == taken[:total] * rounds


@given(st.lists(st.sets(st.sampled_from("abcd"), min_size=1), max_size=60))
def test_turns_go_on_whoever_is_there(groups: list[set[str]]) -> None:
    """Nobody is left out for long, although some are away now and then."""
    turns = Turns()
    missed = dict.fromkeys("abcd", 0)
    for group in groups:
        taken = turns.take(dict.fromkeys(sorted(group), 1.0))
        assert taken in group
        for name in group:
            missed[name] = 0 if name == taken else missed[name] + 1
    assert max(missed.values()) <= 12
