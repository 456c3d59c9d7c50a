"""What a call of a config may ask: the configs that it names, those that these name, and so on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelhub import validation

Described = tuple[dict[str, Any], dict[str, Any]]
"""A config, with modern spellings, and the schema of its type."""
Describe = Callable[[str], Described]


def list_reached(describe: Describe, config_name: str) -> list[str]:
    """The names of the configs that a call of ``config_name`` may ask, itself the first."""
    reached = [config_name]
    for name in reached:  # which grows
        reached += [target for target in _list_targets(*describe(name)) if target not in reached]
    return reached


def find_capabilities(describe: Describe, config_name: str) -> dict[str, Any]:
    """What the model called ``config_name`` can do; of one that asks others, what all of these can."""
    config, schema = describe(config_name)
    targets = [find_capabilities(describe, name) for name in _list_targets(config, schema)]
    return validation.find_capabilities(config, schema, targets)


def _list_targets(config: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    edges = validation.find_edges(0, validation.View.of(schema), config)
    return list(dict.fromkeys(edge.target for edge in edges))
