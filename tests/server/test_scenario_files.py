"""Files with scenarios: what they mean, and what is said of those that are wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from modelhub.errors import ConfigError
from modelhub.server.mock.faults import NAMES, Fault
from modelhub.server.mock.scenario.build import DISTRIBUTIONS
from modelhub.server.mock.scenario.distributions import Distribution
from modelhub.server.mock.scenario.play import Play
from modelhub.server.mock.scenario.reading import read_scenario
from modelhub.server.mock.scenario.shape import Behaviour, Capacity, Chance, Phase, Rule
from modelhub.testing import MockServer
from modelhub.validation.schema.store import load_file

from ..keys import find_keys

WHOLE = """\
seed: 7
description: what all other models do
latency: {lognormal: {median: 0.4, sigma: 0.5}}
faults:
  - {status: 429, share: 0.25, retry_after: 0.2}
  - {status: 503, share: 0.25, retry_after: false, headers: {X-Should-Retry: "false"}}
  - {fault: cut, after: 0, share: 0.5}
rules:
  - model: gpt-4*
    limits: {concurrency: 8, rpm: 60, tpm: 90000, burst: 3, retry_after: false}
    chunk_delay: 0.5
    timeline:
      - {requests: 10}
      - {seconds: 30, faults: [{fault: stall, seconds: 2}], limits: {rpm: 1}}
    loop: 3
  - {path: "*/embeddings", timeline: [{latency: 1}], description: slow}
"""


def test_what_a_file_says(tmp_path: Path) -> None:
    path = tmp_path / "outage.yaml"
    path.write_text(WHOLE)
    scenario = read_scenario(path)
    assert scenario.seed == 7
    gpt, vectors, rest = scenario.rules
    assert (gpt.model, gpt.path, gpt.rounds) == ("gpt-4*", "*", 3)
    base = Behaviour(Capacity(8, 60, 90000, 3, False), (), Distribution(), Distribution("fixed", 0.5))
    assert gpt.behaviour == base
    fine, slow = gpt.phases
    assert fine == Phase(base, requests=10)
    assert fine.behaviour.capacity is gpt.behaviour.capacity  # of which there is one
    stall = (Chance(Fault("stall", seconds=2)),)
    assert slow == Phase(Behaviour(Capacity(rpm=1), stall, Distribution(), base.chunk_delay), seconds=30)
    assert vectors == Rule(path="*/embeddings", phases=(Phase(Behaviour(latency=Distribution("fixed", 1))),))
    assert (rest.model, rest.path, rest.phases) == ("*", "*", ())
    assert rest.behaviour.latency == Distribution("lognormal", 0.4, 0.5)
    assert [(each.share, each.fault) for each in rest.behaviour.faults] == [
        (0.25, Fault("429", {"retry-after": "0.2"})),
        (0.25, Fault("503", {"x-should-retry": "false", "retry-after": ""})),
        (0.5, Fault("cut", after=0)),
    ]


@pytest.mark.parametrize("suffix", ["json", "jsonc", "toml"])
def test_other_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"outage.{suffix}"
    path.write_text("seed = 7\n[limits]\nrpm = 60\n" if suffix == "toml" else '{"seed": 7, "limits": {"rpm": 60}}')
    assert read_scenario(path) == read_scenario({"seed": 7, "limits": {"rpm": 60}})


def test_loops() -> None:
    phases = [{"requests": 1}]
    rounds = [read_scenario({"timeline": phases, "loop": loop}).rules[0].rounds for loop in (False, True, 1, 4)]
    assert rounds == [1, None, 1, 4]
    assert read_scenario({"timeline": phases}).rules[0].rounds == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "seed: 7\nlimits: {concurency: 8}",
            ["2:10 MH103 unknown key 'concurency' in limits; did you mean 'concurrency'"],
        ),
        ("fautls: []", ["1:1 MH103 unknown key 'fautls' in a scenario; did you mean 'faults'"]),
        ("rules:\n- modle: x", ["2:3 MH103 unknown key 'modle' in rules[0]; did you mean 'model'"]),
        ("faults: [{fault: cutt}]", ["1:18 MH202 faults[0].fault must be one of ", "; did you mean 'cut'"]),
        ('faults: [{status: "429"}]', ["1:19 MH104 faults[0].status must be an integer", "without quotes"]),
        ("faults: [{status: 200}]", ["1:19 MH201 faults[0].status must be between 400 and 599"]),
        ("faults:\n- {share: 0.1}", ["2:3 MH102 faults[0] says no fault; give it 'status'"]),
        ("faults:\n- {status: 500, fault: cut}", ["2:3 MH102 faults[0] has both a status and a fault"]),
        ("faults: [{status: 500}, {status: 503, share: .5}]", ["1:9 MH201 the shares of faults are 1.5 together"]),
        ("faults: [{status: 500, share: 0}]", ["MH201 faults[0].share must be greater than 0"]),
        (
            "faults: [{fault: hang, seconds: 2}]",
            ["1:24 MH103 'seconds' means nothing in faults[0]", "slow-start or stall"],
        ),
        ("faults: [{fault: reset, after: 2}]", ["1:25 MH103 'after' means nothing in faults[0]"]),
        ("latency: fast", ["1:10 MH104 latency must be a number or a mapping, not a string ('fast')"]),
        ("latency: -1", ["1:10 MH201 latency must be at least 0, not -1"]),
        (
            "latency: {unifrom: {min: 1, max: 2}}",
            ["1:11 MH103 unknown key 'unifrom' in latency; did you mean 'uniform'"],
        ),
        ("latency: {uniform: {min: 1}}", ["1:20 MH102 the key 'max' is missing in latency.uniform"]),
        ("latency: {uniform: {min: 3, max: 2}}", ["1:26 MH201 latency.uniform.min must be at most max, which is 2"]),
        ("latency: {}", ["1:10 MH201 latency must not be empty"]),
        (
            "latency: {normal: {mean: 1, deviation: 0}, uniform: {min: 0, max: 1}}",
            ["1:10 MH201 latency must have at most"],
        ),
        ("limits: null", ["1:9 MH104 limits must be a mapping, not null"]),
        ("limits: {rpm: 0}", ["1:15 MH201 limits.rpm must be greater than 0"]),
        ("limits: {burst: 2}", ["1:10 MH102 limits.burst is a part of a minute's requests, and there is no rpm"]),
        ("limits: {rpm: .nan}", ["1:15 MH"]),
        ("seed: ${SEED}", ["1:7 MH203 seed must be written out: a scenario knows no ${...}"]),
        ("timeline:\n- {}\n- {requests: 1}", ["2:3 MH102 timeline[0] does not end"]),
        ("loop: true\ntimeline:\n- {}", ["3:3 MH102 timeline[0] does not end"]),
        ("timeline:\n- {requests: 1, seconds: 1}", ["2:3 MH100 timeline[0] ends by seconds or by requests"]),
        ("timeline: []", ["1:11 MH201 timeline must not be empty"]),
        ("loop: true", ["1:1 MH102 there is no timeline for loop"]),
        ("loop: 0\ntimeline: [{requests: 1}]", ["1:7 MH201 loop must be at least 1"]),
        ("rules:\n- {}\n- {model: x}", ["3:3 MH100 rules[1] is never used: rules[0] fits every request"]),
        ("- seed: 1", ["1:1 MH106 a scenario is a mapping, not a list"]),
        ("", ["1:1 MH106 the file holds no scenario"]),
        ("# nothing", ["1:1 MH106 the file holds no scenario"]),
        ("seed: 1\n---\nseed: 2", ["3:1 MH106 a file holds one scenario, and this is a second one"]),
        ("seed: 1\nseed: 2", ["2:1 MH105 the key 'seed' is given twice"]),
        ("seed: [1", ["MH101"]),
        (
            "seed: x\nrules:\n- {limits: {rpm: 0}}\n- {faults: [{}]}",
            ["3 problems", "1:7 MH104 seed", "3:18 MH201 rules[0].limits.rpm", "4:13 MH102 rules[1].faults[0]"],
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, says: list[str]) -> None:
    path = tmp_path / "outage.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_scenario(path)
    told = re.sub(r"(\d+:\d+): ", r"\1 ", str(caught.value))
    for part in says:
        assert part in told
    assert all(problem.file == str(path) and problem.line for problem in caught.value.problems)
    assert len(caught.value.problems) == (3 if len(says) == 4 else 1)


@pytest.mark.parametrize(
    ("scenario", "says"),
    [
        ({"faults": [{"status": 1}]}, "MH201 faults[0].status must be between 400 and 599, not 1; for example 429"),
        ({"limits": {"rpm": float("inf")}}, "limits.rpm"),
        ({"limits": {"rpm": object()}}, "limits.rpm"),
        ("missing.yaml", "missing.yaml: MH101 the path missing.yaml does not exist"),
        ("scenario.ini", "scenario.ini: MH101 the suffix '.ini' is not known"),
    ],
)
def test_a_server_does_not_start_with_a_wrong_scenario(scenario: Any, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        MockServer(scenario=scenario)
    assert says in str(caught.value)
    assert "model_configs" not in str(caught.value)


WORDS = st.sampled_from([*sorted(find_keys(load_file("_scenario.json"))), "cut", "stall", "hang"])
VALUES = st.recursive(
    st.one_of(WORDS, st.none(), st.booleans(), st.integers(-1, 600), st.sampled_from([0.5, 1e300, "${X}", "*"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(WORDS, VALUES, max_size=5))
@example({"rules": [5, {"faults": [3]}, {"timeline": {"a": 1}}], "timeline": [[]]})
@example({"faults": [{"status": True}], "loop": 1.0, "timeline": [{"requests": 2.0}], "limits": {"concurrency": 3.0}})
@example({"faults": [{"status": 429.0}], "seed": 1.0})
@example({"faults": [{"fault": "cut", "after": 1.0}]})
def test_whatever_is_written_is_played_or_explained(data: dict[str, Any]) -> None:
    try:
        scenario = read_scenario(data)
    except ConfigError as error:
        assert error.problems
        return
    part = Play(scenario, 0.0).find_part("m", "/")
    for now in range(4):
        with part.begin(now) as turn:
            assert turn.fault.name in NAMES or 400 <= int(turn.fault.name) <= 599
            assert isinstance(turn.fault.after, int)
            turn.admit(now)
            turn.charge(10, now)
            turn.tell_standing(now, now)


def test_the_schema_knows_every_fault_and_every_distribution() -> None:
    schema = load_file("_scenario.json")
    assert schema is not None
    named = schema["$defs"]["faults"]["items"]["properties"]["fault"]["enum"]
    assert sorted(named) == sorted(name for name in NAMES if not name.isdecimal())
    spread = schema["$defs"]["distribution"]["anyOf"][1]["properties"]
    assert {kind: tuple(shape["required"]) for kind, shape in spread.items()} == DISTRIBUTIONS


def test_every_example_of_the_schema_is_right() -> None:
    schema = load_file("_scenario.json")
    assert schema is not None
    places = [("", key, part) for key, part in schema["properties"].items()]
    places += [("rules", key, part) for key, part in schema["properties"]["rules"]["items"]["properties"].items()]
    tried = 0
    for home, key, part in places:
        defined = schema["$defs"].get(key, {})
        for value in [*part.get("examples", ()), *defined.get("examples", ())]:
            data = {key: value, **({"timeline": [{"requests": 1}]} if key == "loop" else {})}
            read_scenario({home: [data]} if home else data)
            tried += 1
    for whole in schema["examples"]:
        read_scenario(whole)
    assert tried > 15
