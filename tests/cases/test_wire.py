"""What servers answered people in the field, and what must come of it; a case is a file in ``wire``.

A case has a config, a call, the replies of a server and what is right; its variants are the same with other values.
"""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelHubError, ModelRegistry
from modelhub.errors import ModelCallError

from .checks import Json, find_fault
from .wire_server import serve

COMMON = {"config_name": "case", "model_name": "m", "api_key": "test-key", "timeout": 20}
RETRY = {"max_attempts": 3, "initial": 0.01}


def read_cases() -> list[Any]:
    """Every variant of every case."""
    found = []
    for path in sorted((Path(__file__).parent / "wire").glob("*.json")):
        case = json.loads(path.read_text("utf-8"))
        variants = [{"name": "main"}, *case.get("variants", ())]
        found += [pytest.param({**case, **variant}, id=f"{path.stem}-{variant['name']}") for variant in variants]
    return found


def build_config(case: Json, url: str) -> Json:
    config = {**COMMON, "model_type": case["model_type"], **case.get("config", {})}
    if not case["model_type"].startswith("post_api"):
        config.setdefault("retry", RETRY)
    return json.loads(json.dumps(config).replace("{server}", url))  # type: ignore[no-any-return]


class Outcome:
    """What came of a case: a response or an error, the deltas, and what the server was sent."""

    def __init__(self, response: Any, deltas: list[Any], bodies: list[Any], first: Outcome | None = None) -> None:
        self.response = response
        self.deltas = deltas
        self.bodies = bodies
        self.first = first


def run(case: Json, caller: Any) -> Outcome:
    call = case["call"]
    options = call.get("options", {})

    def ask(model: Any, given: Any) -> tuple[Any, list[Any]]:
        if call.get("stream"):
            deltas, response = caller.deltas(model, copy.deepcopy(given), **copy.deepcopy(options))
            return response, deltas
        return caller.call(model, copy.deepcopy(given), **copy.deepcopy(options)), []

    with serve(case["server"]) as server, ModelRegistry(build_config(case, server.url)) as hub:
        model = hub.get_model("case")
        try:
            if "then" not in call:
                return Outcome(*ask(model, call["input"]), server.bodies)
            messages = call["input"]
            if isinstance(messages, str):
                messages = [{"role": "user", "content": messages}]
            first = Outcome(*ask(model, messages), [])
            return Outcome(*ask(model, go_on(messages, first.response, call["then"])), server.bodies, first)
        except ModelHubError as error:
            return Outcome(error, [], server.bodies)


def go_on(messages: list[Any], response: Any, then: Json) -> list[Any]:
    """The messages of the next turn: the answer, the results of its tools, and what the user says."""
    calls = response.tool_calls or () if "tool_output" in then else ()
    results = [call.to_result(then["tool_output"]) for call in calls]
    return [*messages, response.to_message(), *results, *then.get("messages", ())]


def find_faults(expect: Json, outcome: Outcome, cpu: float) -> list[str]:
    """What is not as it should be."""
    faults: list[str] = []
    for name, wanted in expect.items():
        if name == "one_of":
            tries = [find_faults(other, outcome, cpu) for other in wanted]
            faults += ["; ".join(found) for found in tries] if all(tries) else []
        elif name == "requests":
            faults += [f"{len(outcome.bodies)} requests, not {wanted}"] if len(outcome.bodies) != wanted else []
        elif name == "max_cpu":
            faults += [f"{cpu:.1f} s of CPU, not {wanted}"] if cpu > wanted else []
        elif name == "request":
            bodies = outcome.bodies
            told = (find_fault(bodies[c["n"] - 1] if len(bodies) >= c["n"] else {}, c) for c in wanted)
            faults += [fault for fault in told if fault]
        elif name == "error":
            faults += find_faults_of_error(wanted, outcome.response)
        elif isinstance(outcome.response, ModelHubError):
            faults.append(f"{name}: {outcome.response!r}")
        elif name == "first":
            assert outcome.first is not None
            faults += find_faults(wanted, outcome.first, cpu)
        else:
            faults += find_fault_of_field(name, wanted, outcome)
    return faults


def find_fault_of_field(name: str, wanted: Any, outcome: Outcome) -> list[str]:
    response = outcome.response
    if name == "utf8":
        response.text.encode()
        return []
    if name == "distinct_ids":
        assert outcome.first is not None
        ids = [call.id for turn in (outcome.first.response, response) for call in turn.tool_calls or ()]
        return [] if len(set(ids)) == len(ids) else [f"ids: {ids}"]
    if name == "delta_finish_reasons":
        found: Any = [delta.finish_reason for delta in outcome.deltas if delta.finish_reason is not None]
    elif name.endswith("_count"):
        found = len(getattr(response, {"embedding_count": "embedding", "image_count": "image_urls"}[name]) or ())
    elif name == "tool_calls":
        return [] if fit_calls(wanted, response.tool_calls) else [f"tool_calls: {response.tool_calls}"]
    elif name == "tool_calls_include":
        calls = response.tool_calls or []
        fits = all(any(fit_calls([call], [found]) for found in calls) for call in wanted)
        return [] if fits else [f"tool_calls: {calls}"]
    elif name == "usage" and wanted is not None:
        found = {key: getattr(response.usage, key, None) for key in wanted}
    else:
        found = getattr(response, name)
    choices = wanted["in"] if isinstance(wanted, dict) and "in" in wanted else [wanted]
    return [] if found in choices else [f"{name}: {found!r}, not {wanted!r}"]


def fit_calls(wanted: Any, found: Any) -> bool:
    if not wanted or not found:
        return not wanted and not found
    pairs = zip(wanted, found, strict=False)
    return len(wanted) == len(found) and all(getattr(f, key) == w[key] for w, f in pairs for key in w)


def find_faults_of_error(wanted: Json, error: Any) -> list[str]:
    if not isinstance(error, ModelCallError):
        return [f"no error but {error!r}"]
    right = wanted.get("class", "ModelCallError")
    names = {cls.__name__ for cls in type(error).__mro__}
    faults = [] if names & set([right] if isinstance(right, str) else right) else [repr(error)]
    faults += [
        f"{words!r} is not in {error}" for words in wanted.get("message_contains", ()) if words not in str(error)
    ]
    for name, value in wanted.get("partial", {}).items():
        found = getattr(error.partial, name, None)
        fits = fit_calls(value, found) if name == "tool_calls" else found == value
        faults += [] if fits else [f"partial.{name}: {found!r}, not {value!r}"]
    return faults


@pytest.mark.parametrize("case", read_cases())
def test_case(case: Json, caller: Any) -> None:
    start = time.process_time()
    outcome = run(case, caller)
    assert find_faults(case["expect"], outcome, time.process_time() - start) == [], case["right"]
