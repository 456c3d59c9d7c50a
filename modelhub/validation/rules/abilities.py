"""What is known of what a model can do, from its config, its type and its name, without asking anybody."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from modelhub.validation.graph import Node
from modelhub.validation.rules.urls import URLS
from modelhub.validation.schema.capabilities import KEYWORD, facts_about

TOOLS = "tools"
"""The ability to call tools; the others are kinds of input, such as image."""


def knows_ability(node: Node, ability: str) -> bool | None:
    """Whether the model of a config has ``ability``; None if that is not known.

    What a config says itself counts first. What its type cannot carry, none of its models can do. Of the rest, only
    the models in ``_models.json`` are known, and these only where their name means them: at their vendors, or in
    Ollama, whose names are the same everywhere. At an address of the user's own, a name may mean anything.
    """
    said = read_said(node.config, ability)
    if said is not None:
        return said
    facts = node.view.first(KEYWORD) if node.view else None
    if not isinstance(facts, dict):
        return None
    if _read(facts, ability) is not True:
        return _read(facts, ability)
    if node.view is not None and "model_name" not in node.view.properties:
        return True  # the type is one model
    return _knows_model(node, ability)


def read_said(config: Any, ability: str) -> bool | None:
    """What the key ``capabilities`` of a config says of ``ability``; None if nothing."""
    said = config.get("capabilities")
    if not isinstance(said, dict):
        return None
    if ability == TOOLS:
        tools = said.get(TOOLS)
        return tools if isinstance(tools, bool) else None
    kinds = said.get("input")
    return ability in kinds if isinstance(kinds, list) else None


def _read(facts: dict[str, Any], ability: str) -> bool | None:
    """What facts in the form of ``x-capabilities`` say of ``ability``."""
    if ability == TOOLS:
        tools = facts.get(TOOLS)
        return tools if isinstance(tools, bool) else None
    modalities = facts.get("modalities")
    kinds = modalities.get("input") if isinstance(modalities, dict) else None
    return ability in kinds if isinstance(kinds, list) else None


def _knows_model(node: Node, ability: str) -> bool | None:
    from modelhub.vendors import find_vendor  # few programs need it

    vendor = _find_vendor(node)
    if vendor is None:
        return None
    if (found := find_vendor(vendor)) and ability in found.lacks:
        return False
    name = node.config.get("model_name") or node.name
    facts = facts_about(name) if isinstance(name, str) and "${" not in name else []
    if not facts:
        return None
    told = [known for each in facts if (known := _read(each, ability)) is not None]
    return told[-1] if told else (True if ability == TOOLS else None)


def _find_vendor(node: Node) -> str | None:
    """The vendor whose names of models count in a config; empty if it is that of the type, None if it is nobody."""
    from modelhub.vendors import find_by_host, find_vendor

    kind = str(node.config.get("model_type")).rpartition(":")[2]
    own = find_vendor(kind.partition("_")[0])
    if own is not None and own.key_optional:
        return own.name
    named = node.config.get("vendor")
    vendor = find_vendor(named) if isinstance(named, str) else None
    if named is not None and (vendor is None or vendor.key_optional):
        return None
    client_args = node.config.get("client_args")
    places = [node.config, client_args if isinstance(client_args, dict) else {}]
    addresses = [place[key] for place in places for key in URLS if place.get(key)]
    if not addresses:
        return vendor.name if vendor else ""
    found = find_by_host(_read_host(addresses[0]))
    return found.name if found else None


def _read_host(address: Any) -> str:
    try:
        return urlsplit(address).hostname or "" if isinstance(address, str) and "${" not in address else ""
    except ValueError:
        return ""
