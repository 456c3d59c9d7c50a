"""What plays the part of a config's model where all models ask a mock server."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from modelhub import validation
from modelhub.errors import ConfigError, ModelHubError
from modelhub.secrets import resolve
from modelhub.server.mock.point import point_at
from modelhub.server.mock.recording import CONFIG_NAME
from modelhub.testing.stand_ins import stand_in

if TYPE_CHECKING:
    from modelhub.registry.types import KnownTypes

_TYPES = {"embedding": "openai_embedding", "image": "openai_dall_e"}
_ON_ITS_WAY = ("proxy", "tls", "auth")  # how a server is reached, which the mock need not be
_KEPT = (
    *("config_name", "model_name", "stream", "generate_args", "timeout", "retry", "formatter", "price"),
    *("limits", "circuit_breaker", "cache", "batch", "budget"),
)
_RATES = {"rpm": None, "tpm": None, "burst": None}  # what is waited for by the clock, also if only its group says so
_STORED = ("limits", "cache", "budget")


def recast(config: dict[str, Any], types: KnownTypes, url: str) -> tuple[dict[str, Any], type | None]:
    """The config of the understudy, which asks the mock at ``url``, and the class of the model that it plays.

    A model whose protocol the mock does not speak, as one that its config describes or that is plain Python, is played
    by one that speaks OpenAI's. A model that asks others is played by itself. No variable is needed, and what is kept
    or shared is kept in memory. Raises PluginError for a model_type that cannot be loaded.
    """
    model_type = config["model_type"]
    cls: Any = types.find_class(model_type)
    schema = types.find_schema(model_type) or {}
    made = stand_in(_settle(config, schema))
    if isinstance(made.get("limits"), dict) and made["limits"].get("on_limit") != "fail":
        made["limits"] = {**made["limits"], **_RATES}
    for key in _STORED:
        if isinstance(made.get(key), dict):
            made[key] = {**made[key], "store": "memory"}
    if cls.is_composite:
        return made, None
    made = {name: value for name, value in made.items() if name not in _ON_ITS_WAY}
    named = {CONFIG_NAME: quote(config["config_name"])}
    made["headers"] = {**made["headers"], **named} if isinstance(made.get("headers"), dict) else named
    if cls.__module__.startswith("modelhub.wrappers."):
        with suppress(ModelHubError):
            return point_at(made, url), None
    kept = {name: made[name] for name in _KEPT if made.get(name) is not None}
    if not isinstance(kept.get("stream"), bool):  # it describes how the answers come in pieces
        kept.pop("stream", None)
    if not isinstance(kept.get("generate_args"), dict):
        kept.pop("generate_args", None)
    kept["headers"] = named
    played = {"model_name": config["config_name"], **kept, "model_type": _TYPES.get(cls.task, "openai_chat")}
    return point_at(played, url), cls


def _settle(config: Mapping[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """``config`` with values for the references to numbers and booleans, without those that have none."""
    settled: dict[str, Any] = deepcopy(dict(config))
    typed = validation.typed_references(settled, schema)
    for path in typed:
        holder: Any = settled
        for step in path[:-1]:
            holder = holder[step]
        try:
            holder[path[-1]] = resolve(holder[path[-1]], where="", path=path, types=typed)
        except ConfigError:
            if isinstance(holder, dict):
                del holder[path[-1]]
    return settled
