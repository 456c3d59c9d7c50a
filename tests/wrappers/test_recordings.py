"""Every recorded call of the vendors' SDKs: modelhub sends what the SDK sent, and reads what the SDK read, or better.

A recording is replayed without sockets; a folder of recordings and a module that turns SDK calls into calls of
modelhub (``tests/sdk/<folder>.py``) are all a vendor needs here. Adding a case is adding a file.
"""

from __future__ import annotations

import importlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelHubError, ModelRegistry, ModelResponse
from modelhub.testing import Replay

from ..paths import TESTS
from ..sdk.case import Case
from .canon import compare

ROOT = TESTS / "recordings"
SDK = TESTS / "sdk"
# litellm is a library that sends requests of its own: tests/wrappers/test_litellm.py.
PROVIDERS = sorted(path.stem for path in SDK.glob("*.py") if path.stem not in ("__init__", "case"))
FINISH = {"stop", "length", "tool_calls", "content_filter", "other"}
# The SDK stays silent about what is plainly an error; raising is the better reading.
STRICTER = {"resp_error_in_200"}


def read(path: Path) -> dict[str, Any]:
    recording: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return recording


def adapter(provider: str) -> Any:
    return importlib.import_module(f"..sdk.{provider}", __package__)


RECORDINGS = [path for provider in PROVIDERS for path in sorted((ROOT / provider).glob("*.json"))]
CASES = [path for path in RECORDINGS if adapter(path.parent.name).read_call(read(path)) is not None]


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def describe(path: Path) -> tuple[Case, dict[str, Any], list[Any]]:
    """A recorded call: the case, the config of its model, and the exchanges."""
    recording = read(path)
    case: Case | None = adapter(path.parent.name).read_call(recording)
    assert case is not None
    exchanges = recording.get("exchanges") or [recording]
    # More tries than were recorded would only tell that the recordings run out.
    tries = len(exchanges) if case.config.get("retry") is None else None
    retry = {"retry": {"initial": 0, "max": 120, "max_attempts": tries}} if tries else {}
    config = {"config_name": "recorded", "model_type": case.model_type, **retry, **case.config}
    return case, config, exchanges


def replay(path: Path, *, cut: int | None = None) -> tuple[Case, Replay, Any, list[ModelResponse]]:
    """Make the recorded call through modelhub: the case, what was sent, the outcome, the deltas."""
    case, config, exchanges = describe(path)
    connections = Replay([exchange["response"] for exchange in exchanges], cut=cut)
    deltas: list[ModelResponse] = []
    outcome: Any
    with ModelRegistry(config) as hub:
        model = hub.get_model("recorded")
        model.transports = connections
        try:
            options = {**case.options, **({"stream": True} if case.stream else {})}
            outcome = model(*case.args, **options)
            deltas = list(outcome)
        except ModelHubError as error:
            outcome = error
    return case, connections, outcome, deltas


@pytest.mark.parametrize("path", CASES, ids=name)
def test_requests(path: Path) -> None:
    recording = read(path)
    provider = path.parent.name
    _, connections, _, _ = replay(path)
    exchanges = recording.get("exchanges") or [recording]
    assert len(connections.requests) == recording.get("n_requests", 1)
    differences: list[str] = []
    for request, exchange in zip(connections.requests, exchanges, strict=False):
        wanted = exchange.get("request_json", recording["request_json"] if exchange is exchanges[0] else None)
        sent = json.loads(request.body) if request.body else None
        if wanted is not None:
            differences += compare(provider, wanted, sent)
        recorded = exchange.get("request") or {}
        target = request.url.removeprefix("http://recorded").partition("?")[0]
        if recorded.get("path") and (request.method, target) != (recorded["method"], recorded["path"]):
            differences.append(f"{request.method} {target} instead of {recorded['method']} {recorded['path']}")
    if path.stem in different(provider):
        assert differences, "it differs no more: take it out of DIFFERENT"
    else:
        assert differences == []


def different(provider: str) -> dict[str, str]:
    found: dict[str, str] = getattr(adapter(provider), "DIFFERENT", {})
    return found


@pytest.mark.parametrize("cut", [None, 1, 7], ids=["as it came", "byte by byte", "by sevens"])
@pytest.mark.parametrize("path", CASES, ids=name)
def test_responses(path: Path, cut: int | None) -> None:
    recording = read(path)
    _, _, outcome, deltas = replay(path, cut=cut)
    expected = expectation(path, recording)
    failed = "error_class" in expected or "error" in expected
    if isinstance(outcome, ModelHubError):
        assert failed or path.stem in STRICTER, f"{type(outcome).__name__}: {outcome}"
        check_error(outcome, expected)
        return
    assert not failed, f"no error but {outcome!r}"
    check_response(outcome, expected)
    check_deltas(outcome, deltas)


def expectation(path: Path, recording: dict[str, Any]) -> dict[str, Any]:
    expect = getattr(adapter(path.parent.name), "expect", None)
    if expect is not None:
        told: dict[str, Any] = expect(recording)
        return told
    wanted: dict[str, Any] = recording.get("robust_expected") or recording["sdk_parsed"]
    return wanted


def check_error(error: Any, expected: dict[str, Any]) -> None:
    assert error.config_name == "recorded"
    details = expected["error"] if isinstance(expected.get("error"), dict) else expected
    if isinstance(details.get("status_code"), int) and details["status_code"] >= 400:
        assert error.status == details["status_code"]
    if isinstance(details.get("request_id"), str):
        assert error.request_id == details["request_id"]
    partial = details.get("partial_text")
    if partial is None and isinstance(expected.get("partial"), dict):
        partial = "".join(expected["partial"].get("text_deltas") or ())
    if partial:
        assert error.partial is not None
        assert error.partial.text == partial


def check_response(response: ModelResponse, expected: dict[str, Any]) -> None:
    if "text" in expected:
        assert (response.text or "") == (expected["text"] or "")
    if expected.get("reasoning"):
        assert response.reasoning == expected["reasoning"]
    if "tool_calls" in expected:
        calls = response.tool_calls or []
        assert [call.name for call in calls] == [call["name"] for call in expected["tool_calls"] or ()]
        for call, wanted in zip(calls, expected["tool_calls"] or (), strict=True):
            arguments = wanted.get("arguments", wanted.get("input"))
            if isinstance(arguments, str):
                try:
                    arguments = json.loads(arguments or "{}")
                except ValueError:
                    arguments = {"input": arguments}
            assert call.arguments in (arguments, {"input": arguments})
            assert call.id
            assert wanted.get("id") in (None, "", call.id)
    if isinstance(expected.get("finish_reason"), str) and expected["finish_reason"] in FINISH:
        assert response.finish_reason == expected["finish_reason"]
    usage = expected.get("usage")
    if isinstance(usage, dict):
        assert response.usage is not None
        for field, number in usage.items():
            if number is not None and hasattr(response.usage, field):
                assert getattr(response.usage, field) == number, field
    if expected.get("embeddings"):
        assert response.embedding == expected["embeddings"]
    if expected.get("image_urls"):
        assert response.image_urls == expected["image_urls"]
    if isinstance(expected.get("request_id"), str):
        assert response.request_id == expected["request_id"]


def check_deltas(response: ModelResponse, deltas: list[ModelResponse]) -> None:
    """What was delivered on the way adds up to the whole."""
    if response in deltas:
        return
    assert "".join(delta.text or "" for delta in deltas) == response.text
    pieces = [piece for delta in deltas for piece in delta.tool_calls or ()]
    names = [piece.name for piece in pieces if piece.name]
    assert bool(pieces) == bool(response.tool_calls)
    assert {call.name for call in response.tool_calls or ()} <= set(names)


def test_the_table_is_whole(capsys: Any) -> None:
    """Counts what is proven for each vendor; every difference on purpose has a reason."""
    all_of = Counter(path.parent.name for path in RECORDINGS)
    ours = Counter(path.parent.name for path in CASES)
    with capsys.disabled():
        print()
        for provider in PROVIDERS:
            purpose = different(provider)
            print(
                f"  {provider}: {ours[provider]} of {all_of[provider]} recordings, {len(purpose)} different on purpose"
            )
            assert all(reason for reason in purpose.values())
            assert set(purpose) <= {path.stem for path in (ROOT / provider).glob("*.json")}
            assert ours[provider] > 0
