"""Converts the tensorzero.toml of a TensorZero gateway: https://www.tensorzero.com/docs/gateway/configuration-reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from modelhub.authoring.importers import keys
from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.engine import Group
from modelhub.authoring.importers.keys import Found, Source, Table
from modelhub.authoring.importers.notes import Notes
from modelhub.configs import Document
from modelhub.configs.readers.positions import Path


def _parse_location(value: Any) -> Any:
    """Where a key is; some come with each request, and some servers want none."""
    if isinstance(value, dict):  # where to look first, and where then
        places = [each for each in (value.get("default"), value.get("fallback")) if isinstance(each, str)]
        value = next((each for each in places if not each.startswith("dynamic::")), None)
    if value == "none":
        return {"api_key": "none"}
    if not isinstance(value, str) or value == "sdk":
        return {}
    kind, _, rest = value.partition("::")
    if kind == "path":
        return {"api_key": f"${{file:{rest}}}"}
    return {"api_key": value} if kind == "env" else None


def _parse_variable(name: str) -> Callable[[Any], Any]:
    """A value that may be somewhere else."""
    return lambda value: (
        {} if value in ("sdk", "none") else None if str(value).startswith("dynamic::") else {name: value}
    )


def _parse_headers(value: Any) -> Any:
    """Headers, a table each."""
    listed = value if isinstance(value, list) else []
    if not all(isinstance(each, dict) and "name" in each and "value" in each for each in listed):
        return "write `headers` in the config; none can be taken away"
    return {keys.HEADERS: {each["name"]: each["value"] for each in listed}}


def _parse_body(value: Any) -> Any:
    """Parts of the body, each with the pointer to its place."""
    body: dict[str, Any] = {}
    for each in value if isinstance(value, list) else []:
        steps = str(each.get("pointer", "")).split("/")[1:] if isinstance(each, dict) and "value" in each else []
        if not steps or any(step == "-" or step.isdigit() for step in steps):
            return "write extra_body in generate_args; nothing can be taken away or put into a list"
        target = body
        for step in steps[:-1]:
            target = target.setdefault(step, {})
        target[steps[-1]] = each["value"]
    return {"extra_body": body} if body else {}


def _parse_timeouts(value: Any) -> Any:
    """The time for a whole answer."""
    whole = value.get("non_streaming") if isinstance(value, dict) else None
    return keys.milliseconds(whole.get("total_ms") if isinstance(whole, dict) else None)


def _parse_cost(value: Any) -> Any:
    """Dollars for a million tokens of the prompt and of the answer."""
    found: dict[str, Any] = {}
    for each in value if isinstance(value, list) else []:
        pointer = each.get("pointer") or each.get("pointer_nonstreaming") if isinstance(each, dict) else None
        if pointer in _TOKENS and "cost_per_million" in each:
            found[_TOKENS[pointer]] = each["cost_per_million"]
    return {"price": found} if len(found) == 2 else "write `price` in the config"


_TOKENS = {
    **dict.fromkeys(("/usage/prompt_tokens", "/usage/input_tokens"), "prompt"),
    **dict.fromkeys(("/usage/completion_tokens", "/usage/output_tokens"), "completion"),
}
_PROVIDER: Table = {
    "type": "",
    "model_name": "model",
    "model_id": "model",
    "deployment_id": "model",
    "api_base": "api_base",
    "endpoint": "api_base",
    "endpoint_name": "model",
    "endpoint_url": _parse_variable("endpoint"),
    "api_key_location": _parse_location,
    "api_key": _parse_location,
    "account_id": "!write it in the address",
    "region": _parse_variable("region"),
    "access_key_id": _parse_variable("access_key"),
    "secret_access_key": _parse_variable("secret_key"),
    "session_token": _parse_variable("session_token"),
    "location": "location",
    "project_id": "project",
    "hosted_provider": "",
    "credential_location": "!the library finds the credentials of Google",
    "extra_headers": _parse_headers,
    "extra_body": _parse_body,
    "timeouts": _parse_timeouts,
    "timeout_ms": keys.milliseconds,
    "timeout_s": "timeout",
    "cost": _parse_cost,
    "batch_cost": "!calls are not sent in batches of the vendor's",
    "provider_tools": keys.TOOLS,
    "api_type": "",
    "include_encrypted_reasoning": keys.KNOWN,
    "thought_block": keys.KNOWN,
    "discard_unknown_chunks": keys.KNOWN,
}
_MODEL: Table = {
    "providers": "",
    "routing": "",
    "timeouts": _parse_timeouts,
    "timeout_ms": keys.milliseconds,
    "skip_relay": "!modelhub is a library and has no callers to check or serve",
    "*": "!write it in the config of each provider",
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
    defaults = dict(_find_defaults(source))
    for section, mode in _SECTIONS.items():
        for path, item in source.list_mappings((section,), "a model"):
            yield from _find_model(source, item, path, mode, defaults)
    yield from _find_named(source, data.get("functions"), ("functions",), set(), defaults)
    source.refuse_rest(data, _REASONS, read=[*_SECTIONS, "provider_types"])


def _find_defaults(source: Source) -> Iterator[tuple[str, Found]]:
    """What is said of all providers of a type."""
    for path, about in source.list_mappings(("provider_types",), "a type of providers"):
        for key, value in about.items():
            if key == "defaults":
                yield str(path[-1]), source.gather(value, (*path, key), _PROVIDER)
            else:
                source.refuse((*path, key), "it is for the gateway")


def _find_model(
    source: Source, item: dict[str, Any], path: Path, mode: str, defaults: Mapping[str, Found]
) -> Iterator[Deployment | Group]:
    name = str(path[-1])
    providers = keys.as_mapping(item.get("providers"))
    routing = list(dict.fromkeys(str(each) for each in keys.as_list(item.get("routing"))))
    order = [each for each in routing if each in providers] + [each for each in providers if each not in routing]
    for step, each in enumerate(routing):
        if each not in order:
            source.tell((*path, "routing", step), f"'{each}' is not converted: it has no table of its own", lost=True)
    shared = source.gather(item, path, _MODEL)
    members = []
    for each in order:
        at = (*path, "providers", each)
        about = keys.as_mapping(providers[each])
        called = name if len(order) == 1 else f"{name}-{each}"
        vendor = str(about.get("type") or each)
        found = defaults.get(vendor, {}) | shared | source.gather(about, at, _PROVIDER)
        if vendor == "tgi":  # it serves one model, whatever it is called
            found.setdefault("model", ("tgi", (source.document, at)))
        if made := source.build(called, at, found, vendor, mode=mode, owner=each):
            yield made
            members += [made] if each in routing else []
    if len(order) > 1 and members:
        yield Group(name, members)


def _find_named(
    source: Source, value: Any, path: Path, seen: set[str], defaults: Mapping[str, Found]
) -> Iterator[Deployment]:
    """The models that stand as ``vendor::model`` under a key ``model``, wherever that is."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        at = (*path, step)
        if step in ("model", "embedding_model") and isinstance(item, str) and "::" in item and item not in seen:
            seen.add(item)
            vendor, _, model = item.partition("::")
            found = {"model": (model.removeprefix("responses::"), (source.document, at))}
            if made := source.build(item, at, defaults.get(vendor, {}) | found, vendor):
                yield made
        elif not isinstance(item, str):
            yield from _find_named(source, item, at, seen, defaults)
