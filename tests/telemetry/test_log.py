"""The observer ``log``: what its lines say, as text and as JSON, and where they go."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from modelhub import ModelCallError, ModelRegistry, ModelResponse, events
from modelhub.response import Usage
from modelhub.telemetry.log import build_observer
from modelhub.testing import Replay

WHOSE = ("gpt", "c1", 1.0)
ENDED: dict[str, Any] = {
    "parent_id": None,
    "model_type": "openai_chat",
    "model": "gpt-4o-mini",
    "task": "chat",
    "seconds": 1.2444,
    "first_token_seconds": None,
    "attempts": 1,
    "error": None,
    "finish_reason": "stop",
    "usage": Usage(120, 45),
    "request_id": "r1",
    "stream": False,
    "response": ModelResponse(text="content"),
    "arguments": {"x": "content"},
}


def end(**given: Any) -> events.CallEnded:
    return events.CallEnded(*WHOSE, **{**ENDED, **given})


CALL = "gpt openai_chat gpt-4o-mini "
LINES: list[tuple[events.Event, int, str]] = [
    (end(), 20, f"{CALL}1.24s 120+45 tokens stop"),
    (
        end(first_token_seconds=0.31, attempts=2, cost=0.00123, currency="USD", stream=True),
        20,
        f"{CALL}1.24s first 0.31s 2 attempts 120+45 tokens $0.0012 stop",
    ),
    (end(cost=3.5, currency="CNY", seconds=0.0123), 20, f"{CALL}12.3ms 120+45 tokens ¥3.5000 stop"),
    (end(cost=3.5, currency="CHF", usage=None), 20, f"{CALL}1.24s 3.5000 CHF stop"),
    (end(cost=0.0, currency="USD", cached=True, tags=("a", "b")), 20, f"{CALL}1.24s 120+45 tokens cached #a #b stop"),
    (end(error="RateLimitError", attempts=3, usage=None), 30, f"{CALL}1.24s 3 attempts failed: RateLimitError"),
    (end(response=None, stream=True, usage=None, finish_reason=None), 20, f"{CALL}1.24s left by the caller"),
    (end(response=None, usage=None, finish_reason=None, model=""), 20, "gpt openai_chat 1.24s ok"),
    (end(usage=None, tags=("a\nforged line",)), 20, None),  # type: ignore[list-item]
    (events.RetryScheduled(*WHOSE, 2, 1.5, "ServerError"), 30, "gpt ServerError: attempt 2 in 1.50s"),
    (events.FellBack(*WHOSE, "a", "b", "TimeoutError"), 30, "gpt goes on to b: a TimeoutError"),
    (events.FellBack(*WHOSE, "a", "b", None), 30, "gpt goes on to b: a was not accepted"),
    (events.BreakerChanged(*WHOSE, "closed", "open"), 30, "gpt circuit breaker: closed -> open"),
    (events.BreakerChanged(*WHOSE, "half-open", "closed"), 20, "gpt circuit breaker: half-open -> closed"),
    (
        events.BudgetExceeded(*WHOSE, "usd", 5.02, 5, "day", "refuse", 3600.4),
        30,
        "gpt budget: 5.02 of 5 usd per day, refused, for 3600s more",
    ),
    (
        events.BudgetExceeded(*WHOSE, "tokens", 120, 100, "total", "warn", None),
        30,
        "gpt budget: 120 of 100 tokens per total, asked all the same",
    ),
    (events.Reloaded("", "", 1.0, 2, ("a", "b"), (), ("c",)), 20, "reloaded, generation 2: added a, b; removed c"),
    (events.Reloaded("", "", 1.0, 2), 20, "reloaded, generation 2: no changes"),
    (events.Reloaded("", "", 1.0, 2, error="ConfigError"), 30, "reload refused: ConfigError"),
]


@pytest.fixture(autouse=True)
def _levels() -> Iterator[None]:
    yield
    for name in ("modelhub.calls", "modelhub.events"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.mark.parametrize(("event", "level", "line"), LINES)
def test_what_a_line_says(event: events.Event, level: int, line: str | None, caplog: pytest.LogCaptureFixture) -> None:
    build_observer()(event)
    [record] = caplog.records
    assert record.levelno == level
    assert record.name == ("modelhub.calls" if isinstance(event, events.CallEnded) else "modelhub.events")
    assert line is None or record.getMessage() == line
    assert "\n" not in record.getMessage()


@pytest.mark.parametrize(("event", "level", "line"), LINES)
def test_the_same_as_json(event: events.Event, level: int, line: str, caplog: pytest.LogCaptureFixture) -> None:
    build_observer("json")(event)
    [record] = caplog.records
    told = json.loads(record.getMessage())
    names = {each.name for each in fields(event)} - {"response", "arguments"}
    assert set(told) == {"at", "event", *names}
    assert told["event"] == type(event).__name__
    assert "content" not in record.getMessage()
    if isinstance(event, events.CallEnded) and event.usage is not None:
        assert told["usage"]["prompt_tokens"] == 120


def test_what_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    build_observer()(events.AttemptStarted(*WHOSE, 1))
    build_observer()(events.Routed(*WHOSE, "a", "first"))
    assert caplog.records == []


def test_one_line_for_each_call(caplog: pytest.LogCaptureFixture) -> None:
    config = {"config_name": "gpt", "model_type": "openai_chat", "api_key": "sekret-1", "model_name": "m"}
    busy = {"status": 503, "headers": {"retry-after": "1"}, "body": "sekret-1"}
    ok = {"body": '{"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}'}
    with ModelRegistry(config, observers=["log", "log:json"]) as hub:
        hub.get_model("gpt").drivers = Replay([busy, ok, {"status": 400, "body": "sekret-1"}])
        hub.get_model("gpt")("hi")
        with pytest.raises(ModelCallError):
            hub.get_model("gpt")("hi")
    calls = [record.getMessage() for record in caplog.records if record.name == "modelhub.calls"]
    assert [line.partition(" ")[0] for line in calls[::2]] == ["gpt", "gpt"]
    assert [json.loads(line)["error"] for line in calls[1::2]] == [None, "BadRequestError"]
    assert len([record for record in caplog.records if record.name == "modelhub.events"]) == 2
    assert "sekret" not in caplog.text


def test_a_level_of_the_program_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("modelhub.calls").setLevel(logging.WARNING)
    observer = build_observer()
    observer(end())
    assert caplog.records == []
    observer(end(error="TimeoutError"))
    assert len(caplog.records) == 1


@pytest.mark.parametrize("configured", [False, True])
def test_where_nothing_handles_logs_the_lines_go_to_standard_error(configured: bool) -> None:
    code = (
        "import logging, sys; from modelhub import events; from modelhub.telemetry.log import build_observer;"
        f"{configured} and logging.basicConfig(format='LOG %(message)s');"
        "build_observer()(events.Reloaded('', '', 1.0, 2))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    line = "reloaded, generation 2: no changes\n"
    assert (done.stdout, done.stderr) == ("", f"LOG {line}" if configured else line)
