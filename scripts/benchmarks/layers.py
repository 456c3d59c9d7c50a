"""What each layer around a call costs: a call of a model that has it, beside a call of one that has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.calls import BODY, KEY, MESSAGES, repeat
from benchmarks.measure import Row, compare
from modelhub import ModelRegistry

LAYERS: dict[str, tuple[dict[str, Any], float]] = {
    "timeout": ({"timeout": {"first_token": 30, "total": 60}}, 1.1),
    "limits": ({"limits": {"concurrency": 8, "rpm": 1e9}}, 1.1),
    "limits of tokens": ({"limits": {"tpm": 1e12}}, 1.1),
    "circuit_breaker": ({"circuit_breaker": {"failures": 5}}, 1.1),
    "cache, kept": ({"cache": {"store": "memory"}}, 0.5),
}


def measure(base_url: str, quick: bool) -> Iterator[Row]:
    """A row for each layer, whose calls go to the server at ``base_url``."""
    calls, rounds = (50, 3) if quick else (300, 11)
    common = {"model_type": "openai_chat", "model_name": BODY["model"], "api_key": KEY}
    plain = {"config_name": "none", **common, "client_args": {"base_url": base_url}}
    configs = [{**plain, "config_name": name, **config} for name, (config, _) in LAYERS.items()]
    with ModelRegistry([plain, *configs]) as hub:
        without = hub.get_model("none")
        for name, (_, target) in LAYERS.items():
            model = hub.get_model(name)
            yield compare(
                f"call with {name}",
                "modelhub without",
                lambda: repeat(lambda: without(MESSAGES).text, calls),
                lambda model=model: repeat(lambda: model(MESSAGES).text, calls),  # type: ignore[misc]
                units=calls,
                rounds=rounds,
                target=target,
            )
