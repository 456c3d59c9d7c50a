"""Converts the tensorzero.toml of a TensorZero gateway: https://www.tensorzero.com/docs/gateway/configuration-reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.authoring.importers import keys
from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.engine import Group
from modelhub.authoring.importers.keys import Source, Table
from modelhub.authoring.importers.notes import Notes
from modelhub.configs import Document
from modelhub.configs.readers.positions import Path


def _parse_location(value: Any) -> Any:
    """Where a key is; some come with each request, and some servers want none."""
    if isinstance(value, dict):  # where to look first, and where then
        value = value.get("default")
    if value == "none":
        return {"api_key": "none"}
    if not isinstance(value, str) or value == "sdk":
        return {}
    kind, _, rest = value.partition("::")
    if kind == "path":
        return {"api_key": f"${{file:{rest}}}"}
    return {"api_key": value} if kind == "env" else None


_PROVIDER: Table = {
    "type": "",
    "model_name": "model",
    "model_id": "model",
    "deployment_id": "model",
    "api_base": "api_base",
    "endpoint": "api_base",
    "api_key_location": _parse_location,
    "account_id": "!write it in the address",
    "region": "aws_region_name",
    "location": "vertex_location",
    "project_id": "vertex_project",
    "credential_location": "!the library finds the credentials of Google",
    "extra_headers": "!write `headers` in the config",
    "extra_body": "!write extra_body in generate_args",
    "timeouts": "!write `timeout` in the config",
    "timeout_s": "timeout",
    "cost": "!write `price` in the config",
    "api_type": "",
    "include_encrypted_reasoning": keys.KNOWN,
    "thought_block": keys.KNOWN,
    "discard_unknown_chunks": keys.KNOWN,
}
_SECTIONS = {"models": "chat", "embedding_models": "embedding"}
_REASONS = {
    "functions": "prompts and their variants are part of your program; each model that they name has a config",
    "gateway": "modelhub is a library and has no callers to check or serve",
    "tools": keys.TOOLS[1:],
    "*": "it is for the gateway",
}


def find_models(document: Document, notes: Notes) -> Iterator[Deployment | Group]:
    """The models, each of one provider or of several, and those that variants name as ``vendor::model``."""
    source, data = Source(document, notes), document.data
    if not isinstance(data, dict):
        return
    for section, mode in _SECTIONS.items():
        for path, item in source.list_mappings((section,), "a model"):
            yield from _find_model(source, item, path, mode)
    yield from _find_named(source, data.get("functions"), ("functions",), set())
    source.refuse_rest(data, _REASONS, read=[*_SECTIONS])


def _find_model(source: Source, item: dict[str, Any], path: Path, mode: str) -> Iterator[Deployment | Group]:
    name = str(path[-1])
    providers = keys.as_mapping(item.get("providers"))
    routing = list(dict.fromkeys(str(each) for each in keys.as_list(item.get("routing"))))
    order = [each for each in routing if each in providers] + [each for each in providers if each not in routing]
    for step, each in enumerate(routing):
        if each not in order:
            source.tell((*path, "routing", step), f"'{each}' is not converted: it has no table of its own", lost=True)
    for key in item.keys() - {"providers", "routing"}:
        source.refuse((*path, key), "write it in the config of each provider")
    members = []
    for each in order:
        at = (*path, "providers", each)
        about = keys.as_mapping(providers[each])
        called = name if len(order) == 1 else f"{name}-{each}"
        found = source.gather(about, at, _PROVIDER)
        vendor = str(about.get("type") or each)
        if made := source.build(called, at, found, vendor, mode=mode, owner=each):
            yield made
            members += [made] if each in routing else []
    if len(order) > 1 and members:
        yield Group(name, members)


def _find_named(source: Source, value: Any, path: Path, seen: set[str]) -> Iterator[Deployment]:
    """The models that stand as ``vendor::model`` under a key ``model``, wherever that is."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        at = (*path, step)
        if step in ("model", "embedding_model") and isinstance(item, str) and "::" in item and item not in seen:
            seen.add(item)
            vendor, _, model = item.partition("::")
            if made := source.build(item, at, {"model": (model, (source.document, at))}, vendor):
                yield made
        elif not isinstance(item, str):
            yield from _find_named(source, item, at, seen)
