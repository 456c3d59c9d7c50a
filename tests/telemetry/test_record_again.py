"""The observer ``record`` over every recorded call: what it writes down is played again, and gives the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelHubError, ModelRegistry, ModelResponse
from modelhub.response.outcome import read_outcome
from modelhub.telemetry.record import Recorder
from modelhub.testing import Replay
from modelhub.testing.comparing import compare_outcome, compare_sent
from modelhub.testing.recordings import read_recording
from modelhub.testing.sent import SentRequest

from ..wrappers.test_recordings import CASES, adapter, read


def call(model: Any, given: tuple[Any, ...], options: dict[str, Any]) -> Any:
    try:
        answer = model(*given, **options)
        if isinstance(answer, ModelResponse):
            list(answer)
        return answer
    except ModelHubError as error:
        return error


@pytest.mark.parametrize("provider", sorted({path.parent.name for path in CASES}))
def test_what_was_recorded_gives_the_same_again(provider: str, tmp_path: Path) -> None:
    paths = [path for path in CASES if path.parent.name == provider]
    said: dict[str, Any] = {}
    recorded = 0
    for path in paths:
        written, misses = check(path, tmp_path / path.stem)
        recorded += written
        if misses:
            said[path.stem] = misses
    assert said == {}
    assert recorded > len(paths) * 0.8


def check(path: Path, folder: Path) -> tuple[bool, list[str]]:
    """Record a recorded call, and play what was written; what is not the same."""
    recording = read(path)
    case = adapter(path.parent.name).read_call(recording)
    assert case is not None
    exchanges = [each["response"] for each in recording.get("exchanges") or [recording]]
    config = {"config_name": "m", "model_type": case.model_type, "retry": {"max_attempts": 1}, **case.config}
    options = {**case.options, **({"stream": True} if case.stream else {})}
    with ModelRegistry(config, observers=[Recorder(folder)]) as hub:
        hub.get_model("m").drivers = Replay(exchanges)
        first = call(hub.get_model("m"), case.args, options)
    files = list(folder.glob("*")) if folder.exists() else []
    if not files:
        return False, []
    (file,) = files
    again = read_recording(file)
    with ModelRegistry(config) as hub:
        model = hub.get_model("m")
        model.drivers = replay = Replay(again.replies)
        second = call(model, (again.input,), {**again.options, **({"stream": True} if again.stream else {})})
    misses = compare_outcome(again, second)
    for wanted, request in zip(again.sent, replay.requests, strict=True):
        misses += compare_sent(wanted, SentRequest(request))
    if isinstance(first, ModelResponse) and isinstance(second, ModelResponse):
        one, other = (strip(read_outcome(each)) for each in (first, second))
        misses += [f"{name}: {one[name]!r} was {other[name]!r}" for name in one if one[name] != other[name]]
    elif type(first) is not type(second):
        misses.append(f"{first!r} was {second!r}")
    return True, misses


def strip(outcome: dict[str, Any]) -> dict[str, Any]:
    """An outcome without ids that were made up, and are others each time."""
    for each in outcome["tool_calls"] or ():
        if each["id"].startswith("call_") and len(each["id"]) == 29:
            del each["id"]
    return json.loads(json.dumps(outcome, default=repr))  # type: ignore[no-any-return]
