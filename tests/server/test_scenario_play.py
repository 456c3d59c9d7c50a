"""The state machines of a scenario, without a server and without a clock."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, count
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from modelhub.server.mock.faults import Fault
from modelhub.server.mock.scenario.distributions import Distribution
from modelhub.server.mock.scenario.play import Play
from modelhub.server.mock.scenario.quota import Quota
from modelhub.server.mock.scenario.reading import read_scenario
from modelhub.server.mock.scenario.shape import Behaviour, Capacity, Phase
from modelhub.server.mock.scenario.timeline import Timeline

# Eighths of a second, which are added without rounding.
SECONDS = st.integers(1, 80).map(lambda eighths: eighths / 8)
ENDING = st.one_of(
    SECONDS.map(lambda seconds: Phase(Behaviour(), seconds=seconds)),
    st.integers(1, 5).map(lambda requests: Phase(Behaviour(), requests=requests)),
)
LISTS = st.lists(ENDING, min_size=1, max_size=4)
PAUSES = st.lists(st.integers(0, 200).map(lambda eighths: eighths / 8), max_size=60)


def find_phases(phases: Sequence[Phase], rounds: int | None, times: Sequence[float]) -> list[int | None]:
    """In which phase each request falls: a phase after the other takes its share of the times."""
    found: list[int | None] = []
    left, begun = list(times), 0.0
    for _ in count() if rounds is None else range(rounds):
        for index, phase in enumerate(phases):
            if phase.seconds is not None:
                begun += phase.seconds
                taken = [time for time in left if time < begun]
            else:
                taken = left[: phase.requests]
                begun = taken[-1] if taken else begun
            found += [index] * len(taken)
            left = left[len(taken) :]
            if not left:
                return found
    return found + [None] * len(left)


@given(LISTS, st.one_of(st.none(), st.integers(1, 3)), PAUSES)
def test_each_request_falls_in_its_phase(phases: list[Phase], rounds: int | None, pauses: list[float]) -> None:
    times = list(accumulate(pauses))
    timeline = Timeline(phases, rounds, 0.0)
    # The same phase twice in the list is the same object for nobody.
    found = [timeline.take(time) for time in times]
    places = [next((n for n, phase in enumerate(phases) if phase is each), None) for each in found]
    assert places == find_phases(phases, rounds, times)


def test_a_last_phase_without_an_end_goes_on() -> None:
    last = Phase(Behaviour())
    timeline = Timeline([Phase(Behaviour(), requests=1), last], 1, 0.0)
    assert [timeline.take(time) is last for time in (0, 1, 10**9)] == [False, True, True]


def test_a_long_silence_costs_nothing() -> None:
    phases = [Phase(Behaviour(), seconds=0.001), Phase(Behaviour(), seconds=0.001)]
    timeline = Timeline(phases, None, 0.0)
    assert timeline.take(10.0**9) in phases  # 10**12 phases later


@given(
    st.integers(1, 600),
    st.one_of(st.none(), st.integers(1, 20)),
    st.integers(1, 5000),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 500)), max_size=80),
)
def test_a_minute_never_takes_more_than_it_may(
    rpm: int, burst: int | None, tpm: int, steps: list[tuple[int, int]]
) -> None:
    """In any stretch of time, at most a bucket and what comes in; a refusal says to the moment when there is room."""
    quota = Quota(Capacity(rpm=rpm, tpm=tpm, burst=burst))
    now = 0.0
    taken: list[tuple[float, int]] = []
    for pause, tokens in steps:
        now += pause / 4
        refusal = quota.admit(0, now)
        if refusal is None:
            refusal = quota.charge(tokens, now)
        if refusal is None:
            taken.append((now, tokens))
            continue
        assert refusal.wait is not None and refusal.wait > 0
        for moment, is_room in ((now + refusal.wait * 0.999, False), (now + refusal.wait + 1e-6, True)):
            again = quota.admit(0, moment) if refusal.limit == "rpm" else quota.charge(tokens, moment)
            assert (again is None) == is_room
        if refusal.limit == "tpm":
            quota.admit(0, now + refusal.wait + 1e-6)  # what the refused charge gave back
        now += refusal.wait + 1e-6
        taken.append((now, 0 if refusal.limit == "rpm" else tokens))
    for first, (start, _) in enumerate(taken):
        for last in range(first, len(taken)):
            stretch = taken[last][0] - start
            requests, tokens = last - first + 1, [each for _, each in taken[first : last + 1]]
            assert requests <= min(rpm, burst or rpm) + rpm / 60 * stretch + 1e-3
            # What is larger than the bucket is let in when it is full, and pays afterwards.
            assert sum(tokens[:-1]) <= tpm + tpm / 60 * stretch + max(0, max(tokens) - tpm) + 1e-3


def test_a_request_whose_tokens_are_too_many_does_not_count() -> None:
    quota = Quota(Capacity(rpm=2, tpm=10))
    assert quota.admit(0, 0.0) is None and quota.charge(10, 0.0) is None
    for _ in range(5):
        assert quota.admit(0, 0.0) is None
        refusal = quota.charge(10, 0.0)
        assert refusal is not None and (refusal.limit, refusal.wait) == ("tpm", 60)


def test_what_is_left_is_told() -> None:
    quota = Quota(Capacity(rpm=60, tpm=600))
    for _ in range(10):
        assert quota.admit(0, 0.0) is None
    assert quota.charge(300, 0.0) is None
    told = quota.tell_standing(0.0, 5.0)
    assert told.requests and told.tokens and told.at == 5.0
    assert (told.requests.limit, round(told.requests.left), told.requests.full_in) == (60, 50, 10)
    assert (told.tokens.limit, round(told.tokens.left), told.tokens.full_in) == (600, 300, 30)
    later = quota.tell_standing(5.0, 0.0)
    assert later.requests and round(later.requests.left) == 55
    nothing = Quota(Capacity(concurrency=1)).tell_standing(0.0, 0.0)
    assert (nothing.requests, nothing.tokens) == (None, None)


@given(st.integers(0, 5), st.lists(st.booleans(), max_size=50))
def test_concurrency_is_of_the_rule(most: int, comes: list[bool]) -> None:
    part = Play(read_scenario({"limits": {"concurrency": most}}), 0.0).find_part("m", "/")
    inside: list[Any] = []
    for comes_one in comes:
        if comes_one:
            assert part.is_full == (len(inside) >= most)
            turn = part.begin(0.0)
            with turn:
                refusal = turn.admit(0.0)
                assert (refusal is not None) == (len(inside) >= most)
            if refusal is None:
                inside.append(turn)
                turn.__enter__()
        elif inside:
            inside.pop().__exit__()
        assert part.in_flight == len(inside)


def draw(scenario: Any, number: int, model: str = "m", path: str = "/") -> list[tuple[str, float, float | None]]:
    part = Play(read_scenario(scenario), 0.0).find_part(model, path)
    turns = [part.begin(0.0) for _ in range(number)]
    return [(turn.fault.name, turn.latency, turn.chunk_delay) for turn in turns]


def test_shares_are_kept_and_repeated() -> None:
    scenario: dict[str, Any] = {
        "faults": [{"status": 429, "share": 0.05}, {"fault": "cut", "share": 0.02}, {"fault": "hang", "share": 0.01}],
        "latency": {"uniform": {"min": 1, "max": 2}},
        "chunk_delay": {"normal": {"mean": 0.1, "deviation": 0.1}},
    }
    drawn = draw(scenario, 10_000)
    assert drawn == draw(scenario, 10_000) == draw({**scenario, "seed": 0}, 10_000)
    assert drawn[:100] == draw(scenario, 100)  # each by its number alone
    assert drawn != draw({**scenario, "seed": 1}, 10_000)
    counted = Counter(name for name, _, _ in drawn)
    assert counted.keys() == {"ok", "429", "cut", "hang"}
    assert abs(counted["429"] - 500) < 100 and abs(counted["cut"] - 200) < 60 and abs(counted["hang"] - 100) < 40
    assert all(1 <= latency <= 2 for _, latency, _ in drawn) and all(delay >= 0 for _, _, delay in drawn if delay)


@given(st.lists(st.integers(1, 100), min_size=1, max_size=6), st.integers(0, 2**32))
def test_shares_that_are_one_together_leave_nothing(weights: list[int], seed: int) -> None:
    faults = [{"status": 400 + n, "share": weight / sum(weights)} for n, weight in enumerate(weights)]
    assume(all(0 < each["share"] <= 1 for each in faults))
    drawn = draw({"faults": faults, "seed": seed}, 20)
    assert all(name != "ok" for name, _, _ in drawn)


def test_rules_draw_for_themselves() -> None:
    faults = [{"status": 500, "share": 0.5}]
    play = Play(read_scenario({"rules": [{"model": "a", "faults": faults}], "faults": faults}), 0.0)
    a, b = play.find_part("a", "/"), play.find_part("b", "/")
    mixed = [[part.begin(0.0).fault.name for part in (a, b, b)] for _ in range(50)]
    assert [names[0] for names in mixed] == [
        each[0] for each in draw({"rules": [{"model": "a", "faults": faults}]}, 50, "a")
    ]
    assert [names[0] for names in mixed] != [names[1] for names in mixed]


@pytest.mark.parametrize(
    ("model", "path", "fault"),
    [
        ("gpt-4o", "/v1/chat/completions", "500"),
        ("gpt-4o", "/v1/embeddings", "500"),
        ("gpt-3.5", "/v1/embeddings", "503"),
        ("gpt-3.5", "/v1/chat/completions", "429"),
        ("GPT-4o", "/v1/chat/completions", "429"),
        ("", "/api/tags", "429"),
    ],
)
def test_the_first_rule_that_fits(model: str, path: str, fault: str) -> None:
    rules = [
        {"model": "gpt-4*", "faults": [{"status": 500}]},
        {"path": "*/embeddings", "faults": [{"status": 503}]},
    ]
    assert draw({"rules": rules, "faults": [{"status": 429}]}, 1, model, path)[0][0] == fault


@pytest.mark.parametrize(
    ("spread", "mean", "least"),
    [
        (Distribution("fixed", 0.5), 0.5, 0.5),
        (Distribution("uniform", 0.5, 1.5), 1.0, 0.5),
        (Distribution("normal", 1.0, 0.1), 1.0, 0.0),
        (Distribution("normal", 0.0, 1.0), 0.399, 0.0),  # half of it is cut off
        (Distribution("lognormal", 0.4, 0.5), 0.453, 0.0),  # median * exp(sigma ** 2 / 2)
        (Distribution("lognormal", 0.0, 0.5), 0.0, 0.0),
    ],
)
def test_distributions(spread: Distribution, mean: float, least: float) -> None:
    dice = random.Random(1)
    drawn = [spread.draw(dice) for _ in range(20_000)]
    assert sum(drawn) / len(drawn) == pytest.approx(mean, abs=0.02)
    assert min(drawn) >= least


def test_phases_change_what_they_say_and_nothing_else() -> None:
    play = Play(
        read_scenario(
            {
                "limits": {"concurrency": 2},
                "faults": [{"status": 503}],
                "timeline": [
                    {"requests": 1},
                    {"requests": 1, "faults": [], "latency": 3},
                    {"seconds": 5, "limits": {}},
                ],
            }
        ),
        0.0,
    )
    part = play.find_part("m", "/")
    seen = []
    with part.begin(0.0), part.begin(0.0):
        for now in (0.0, 1.0, 5.0):
            with part.begin(now) as turn:
                seen.append((turn.fault.name, turn.latency, turn.admit(now) is None))
    assert seen == [("503", 0.0, True), ("503", 0.0, True), ("503", 0.0, False)]
    fresh = Play(read_scenario({"timeline": [{"requests": 1, "faults": [{"status": 500}]}], "latency": 2}), 0.0)
    turns = [fresh.find_part("m", "/").begin(0.0) for _ in range(2)]
    assert [(turn.fault, turn.latency) for turn in turns] == [(Fault("500"), 2), (Fault(), 2)]
