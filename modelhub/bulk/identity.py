"""What tells one job from another: what it reads, what it asks, and whom."""

from __future__ import annotations

from typing import Any

from modelhub.bulk.questions import Questions
from modelhub.bulk.rows.sources import Input
from modelhub.registry import ModelRegistry

# Keys of a config that do not change what is answered.
_POLICIES = frozenset(
    (
        *("api_key", "timeout", "retry", "limits", "circuit_breaker", "budget", "cache", "price", "batch"),
        *("propagate", "description", "tags", "capabilities", "stream", "max_event", "max_body"),
        *("proxy", "tls", "client_args"),
    )
)


def build_identity(rows: Input, questions: Questions, hub: ModelRegistry, name: str) -> dict[str, Any]:
    """The identity of a job, without secrets; all of the input is read for it, and its rows are counted.

    How a model is asked may change while a job goes on: its key, retries, limits, budgets, and the like.
    """
    configs = {each: _choose(hub.config(each)) for each in hub.reach(name)}
    return {"input": rows.describe(), "prompt": questions.describe(), "model": {"name": name, "configs": configs}}


def _choose(config: dict[str, Any]) -> dict[str, Any]:
    base_url = (config.get("client_args") or {}).get("base_url")
    chosen = {key: value for key, value in config.items() if key not in _POLICIES}
    return chosen | ({"base_url": base_url} if base_url else {})
