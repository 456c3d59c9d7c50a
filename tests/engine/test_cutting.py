"""However the bytes of a stream are cut, and whoever drives, the deltas and the whole are the same."""

from __future__ import annotations

import asyncio
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub import ModelHubError, ModelRegistry, ModelResponse
from modelhub.errors import ModelCallError
from modelhub.response.streamed import FIELDS
from modelhub.testing import Replay

from ..paths import TESTS
from ..sdk.case import Case

RECORDINGS = TESTS / "recordings"
PROVIDERS = sorted(path.stem for path in (TESTS / "sdk").glob("*.py") if path.stem not in ("__init__", "case"))
Outcome = tuple[list[Any], Any]


def read_streams(provider: str) -> Iterator[tuple[Path, Case, dict[str, Any]]]:
    """The recorded calls of a vendor's SDK whose answer came in pieces, and that answer."""
    adapter = importlib.import_module(f"tests.sdk.{provider}")
    for path in sorted((RECORDINGS / provider).glob("*.json")):
        recording = json.loads(path.read_text("utf-8"))
        case: Case | None = adapter.read_call(recording)
        exchanges = recording.get("exchanges") or [recording]
        if case is not None and case.stream and len(exchanges) == 1 and "chunks" in exchanges[0]["response"]:
            yield path, case, exchanges[0]["response"]


STREAMS = {provider: list(read_streams(provider)) for provider in PROVIDERS}


def show(response: ModelResponse) -> dict[str, Any]:
    fields = {name: getattr(response, name) for name in FIELDS}
    calls = re.sub(r"call_[0-9a-f]{24}", "call_made_up", repr(fields["tool_calls"]))  # deltas do not compare by value
    return {**fields, "tool_calls": calls}


def play(case: Case, reply: dict[str, Any], pieces: list[bytes], how: str) -> Outcome:
    """The deltas and the end of a call that is answered with ``pieces``."""
    chunks = [piece.decode("utf-8", "surrogateescape") for piece in pieces]
    config = {"config_name": "x", "model_type": case.model_type, **case.config, "retry": {"max_attempts": 1}}
    deltas: list[Any] = []

    async def wait(model: Any) -> ModelResponse:
        response: ModelResponse = await model.acall(*case.args, stream=True, **case.options)
        async for delta in response:
            deltas.append(show(delta))
        return response

    with ModelRegistry(config) as hub:
        model = hub.get_model("x")
        model.drivers = Replay([{**reply, "chunks": chunks}])
        try:
            if how == "async":
                response = asyncio.run(wait(model))
            else:
                response = model(*case.args, stream=True, **case.options)
                deltas.extend(show(delta) for delta in response)
        except ModelHubError as error:
            partial = getattr(error, "partial", None)
            return deltas, (type(error), str(error), partial and show(partial))
    return deltas, show(response)


@pytest.mark.parametrize("provider", [provider for provider in PROVIDERS if STREAMS[provider]])
@settings(max_examples=60)
@given(data=st.data())
def test_any_cutting_gives_the_same(provider: str, data: st.DataObject) -> None:
    _, case, reply = data.draw(st.sampled_from(STREAMS[provider]))
    whole = "".join(reply["chunks"]).encode("utf-8", "surrogateescape")
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=30)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    expected = play(case, reply, [whole], "sync")
    for how in ("sync", "async"):
        assert play(case, reply, pieces, how) == expected, how


@pytest.mark.parametrize("provider", [provider for provider in PROVIDERS if STREAMS[provider]])
def test_a_stream_that_breaks_anywhere_keeps_what_came(provider: str) -> None:
    """What was handed over before a break is in the error, and is a beginning of the whole."""
    for _, case, reply in STREAMS[provider]:
        whole = "".join(reply["chunks"]).encode("utf-8", "surrogateescape")
        deltas, end = play(case, reply, [whole], "sync")
        if isinstance(end, dict):
            break
    for cut in range(1, len(whole), max(1, len(whole) // 40)):
        for how in ("sync", "async"):
            came, broken = play(case, {**reply, "end": "abrupt"}, [whole[:cut]], how)
            assert came == deltas[: len(came)]
            if isinstance(broken, tuple):
                assert issubclass(broken[0], ModelCallError)
                text = "".join(delta["text"] or "" for delta in came)
                assert (broken[2] is None and not came) or broken[2]["text"] == text
