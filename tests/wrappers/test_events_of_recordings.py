"""Every recorded call of the vendors' SDKs tells the same events: over sockets and replayed, blocking and async."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from modelhub import ModelHubError, ModelRegistry, events
from modelhub.testing import Player, Replay, VirtualDrivers

from ..paths import TESTS
from .test_recordings import CASES, describe, name

RECORDED = "http://recorded"
# What depends on the clock, on chance, or on who called; and what holds objects.
LEFT_OUT = {"call_id", "time", "started", "seconds", "first_token_seconds", "wait", "response", "arguments"}
POSTED = {
    f"{path.stem}: {case['name']}": case
    for path in sorted((TESTS / "recordings_post").glob("*.json"))
    for case in json.loads(path.read_text("utf-8"))
}


class Place(NamedTuple):
    """Where calls are made: a server that plays, and connections to it that wait for nothing."""

    player: Player
    drivers: VirtualDrivers
    runner: asyncio.Runner


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with Player() as player, asyncio.Runner() as runner:
        drivers = VirtualDrivers()
        yield Place(player, drivers, runner)
        drivers.close()


def moved(value: Any, url: str) -> Any:
    """A config whose server is at ``url``."""
    if isinstance(value, dict):
        return {key: moved(item, url) for key, item in value.items()}
    return value.replace(RECORDED, url) if isinstance(value, str) else value


async def wait(model: Any, args: Any, options: dict[str, Any]) -> None:
    async for _ in await model.acall(*args, **options):
        pass


def check(config: dict[str, Any], args: Any, options: dict[str, Any], replies: list[Any], place: Place) -> None:
    """Make the call in each way: all tell the same."""
    told: list[events.Event] = []
    heard: dict[str, list[Any]] = {}
    fresh = any(reply.get("end") == "reset_before" for reply in replies)  # which a used connection asks again at once
    with ModelRegistry(moved(config, place.player.url), observers=[told.append]) as hub:
        model = hub.get_model(config["config_name"])
        for way in ("replay, sync", "replay, async", "sockets, sync", "sockets, async"):
            place.player.play(*replies)
            drivers = Replay(replies) if "replay" in way else VirtualDrivers() if fresh else place.drivers
            model.drivers = drivers
            try:
                if "async" in way:
                    place.runner.run(wait(model, args, options))
                else:
                    for _ in model(*args, **options):
                        pass
            except ModelHubError:
                pass
            if drivers is not place.drivers:
                drivers.close()
            assert len({event.call_id for event in told}) == 1
            heard[way] = list(map(tell, told))
            told.clear()
    first = heard["replay, sync"]
    assert (first[0][0], first[-1][0]) == ("CallStarted", "CallEnded")
    assert heard == dict.fromkeys(heard, first)


def tell(event: events.Event) -> tuple[Any, ...]:
    """What is the same whoever calls."""
    fields = (field.name for field in dataclasses.fields(event) if field.name not in LEFT_OUT)
    return (type(event).__name__, *(getattr(event, field) for field in fields))


@pytest.mark.parametrize("path", CASES, ids=name)
def test_recorded_calls(path: Path, place: Place) -> None:
    case, config, exchanges = describe(path)
    options = {**case.options, **({"stream": True} if case.stream else {})}
    check(config, case.args, options, [exchange["response"] for exchange in exchanges], place)


@pytest.mark.parametrize("case", POSTED.values(), ids=POSTED)
def test_posted_calls(case: dict[str, Any], place: Place) -> None:
    config = {"config_name": "m", "api_url": f"{RECORDED}/llm/", "retry": {"max_attempts": 1}, **case["config"]}
    check(config, [case["input"]], case.get("options", {}), [case["reply"]], place)
