"""Configs made ready for tests: secrets that are written in them become references, and references get values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelhub.secrets import is_secret_name, reference_names

CANARY = "conformance0.key-that-nobody-may-see"
KEY = "MODELHUB_CONFORMANCE_KEY"
_ADDRESS = "http://model.invalid"
_PLACES = ("url", "host", "base", "endpoint", "address")
_LEAST = 6  # letters of what is looked for as a secret


def refer(config: Mapping[str, Any]) -> dict[str, Any]:
    """``config`` with a reference in place of each secret that is written in it, so that it can cross."""
    referred: dict[str, Any] = _refer(dict(config), "")
    return referred


def has_secret(config: Mapping[str, Any]) -> bool:
    """Whether a key of ``config`` holds a secret."""
    return any(is_secret_name(key) for key, _ in _walk(config))


def invent_values(configs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A value for each environment variable that ``configs``, as their author wrote them, will refer to.

    It is the secret that was written there, a made-up address, or the canary.
    """
    values = {KEY: CANARY}
    for config in configs:
        for key, value in _walk(config):
            if is_secret_name(key) and "${" not in value:
                values[_name(key)] = value
            elif ":-" not in value:
                invented = _ADDRESS if any(place in key.lower() for place in _PLACES) else CANARY
                values |= dict.fromkeys((name for name in reference_names(value) if ":" not in name), invented)
    return values


def find_secrets(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The values of ``configs`` that nothing may show."""
    values = {value for value in invent_values(configs).values() if value != _ADDRESS and len(value) >= _LEAST}
    return [*sorted(values), CANARY.partition(".")[2]]


def _name(key: str) -> str:
    return (
        KEY if key == "api_key" else "MODELHUB_CONFORMANCE_" + "".join(c if c.isalnum() else "_" for c in key.upper())
    )


def _refer(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return {name: _refer(inside, str(name)) for name, inside in value.items()}
    if isinstance(value, list):
        return [_refer(inside, key) for inside in value]
    is_written = isinstance(value, str) and is_secret_name(key) and "${" not in value
    return f"${{{_name(key)}}}" if is_written else value


def _walk(value: Any, key: str = "") -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [each for name, inside in value.items() for each in _walk(inside, str(name))]
    if isinstance(value, list):
        return [each for inside in value for each in _walk(inside, key)]
    return [(key, value)] if isinstance(value, str) else []
