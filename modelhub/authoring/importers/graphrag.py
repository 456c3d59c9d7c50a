"""Converts the settings.yaml of GraphRAG, of versions 3, 2, 1 and 0: https://microsoft.github.io/graphrag/config/yaml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.authoring.importers import keys
from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.keys import Source, Table
from modelhub.authoring.importers.notes import Notes
from modelhub.configs import Document
from modelhub.configs.readers.positions import Path

_FOUND_OUT = "only a number is a limit; the server's own answers slow calls down"


def _parse_limit(name: str) -> Any:
    """A limit, if it is a number; GraphRAG finds out what ``auto`` is."""
    return lambda value: {name: value} if isinstance(value, int) and value > 0 else _FOUND_OUT if value else {}


def _parse_rates(value: Any) -> Any:
    """Limits of any period, as those of a minute."""
    period = value.get("period_in_seconds", 60) if isinstance(value, dict) else 0
    if not isinstance(period, int) or period <= 0:
        return None
    names = {"requests_per_period": "rpm", "tokens_per_period": "tpm"}
    return {ours: value[key] * 60 / period for key, ours in names.items() if isinstance(value.get(key), int)}


_RETRY: Table = {
    "type": "!a failed call is tried again with growing pauses",
    "max_retries": "max_retries",
    "base_delay": "retry_initial",
    "max_delay": "retry_max",
    "*": "!write `retry` in the config",
}
_MODEL: Table = {
    "type": "",
    "model_provider": "",
    "model": "model",
    "deployment_name": "",
    "azure_deployment_name": "",
    "api_key": "api_key",
    "api_base": "api_base",
    "api_version": "api_version",
    "organization": "organization",
    "proxy": "proxy",
    "request_timeout": "timeout",
    "max_retries": "max_retries",
    "requests_per_minute": _parse_limit("rpm"),
    "tokens_per_minute": _parse_limit("tpm"),
    "concurrent_requests": "max_parallel_requests",
    "rate_limit": _parse_rates,
    "retry": _RETRY,
    "call_args": keys.OPTIONS,
    "auth_type": lambda value: {} if value == "api_key" else None,
    "auth_method": lambda value: {} if value == "api_key" else None,
    "audience": "!write `auth` in the config",
    "cognitive_services_endpoint": "!write `auth` in the config",
    "retry_strategy": "!a failed call is tried again with growing pauses",
    "max_retry_wait": "retry_max",
    "sleep_on_rate_limit_recommendation": "!a call waits as long as the server asks",
    "encoding_model": "!tokens are counted without it",
    "model_supports_json": keys.KNOWN,
    "async_mode": "!calls are awaited with `acall`",
    "metrics": keys.LOGS,
    "mock_responses": "!`modelhub mock` answers tests",
    "responses": "!`modelhub mock` answers tests",
    "batch_size": "!texts are sent in as many requests as the vendor wants",
    "batch_max_tokens": "!texts are sent in as many requests as the vendor wants",
    "parallelization": "!write `limits` in the config",
    "strategy": "!write `retry` in the config",
    **dict.fromkeys(
        (
            *("temperature", "top_p", "n", "max_tokens", "max_completion_tokens", "reasoning_effort", "stop", "seed"),
            *("frequency_penalty", "presence_penalty", "dimensions"),
        ),
        "=",
    ),
}
_SECTIONS = {"models": "", "completion_models": "chat", "embedding_models": "embedding"}


def find_models(document: Document, notes: Notes) -> Iterator[Deployment]:
    """The models by name, or those of ``llm`` and ``embeddings``, as it was before version 1."""
    source, data = Source(document, notes), document.data
    if not isinstance(data, dict):
        return
    for key, mode in _SECTIONS.items():
        for at, model in source.list_mappings((key,), "a model"):
            yield from _find(source, str(at[-1]), model, at, mode)
    if isinstance(data.get("llm"), dict):
        yield from _find(source, "llm", data["llm"], ("llm",), "chat")
        yield from _find_of_steps(source, data)
    embeddings = data.get("embeddings")
    if isinstance(embeddings, dict):
        inner = embeddings.get("llm")
        path: Path = ("embeddings", "llm") if isinstance(inner, dict) else ("embeddings",)
        item = inner if isinstance(inner, dict) else embeddings
        yield from _find(source, "embeddings", item, path, "embedding")
        for key in embeddings.keys() - {"llm"} if isinstance(inner, dict) else ():
            source.refuse(("embeddings", key), "it is for an index")
    source.refuse_rest(data, {"*": "it is for an index"}, read=(*_SECTIONS, "llm", "embeddings"))


def _find_of_steps(source: Source, data: dict[str, Any]) -> Iterator[Deployment]:
    """The models of steps that have one of their own, of which ``llm`` says the rest."""
    for step, about in data.items():
        own = about.get("llm") if isinstance(about, dict) and step != "embeddings" else None
        if isinstance(own, dict) and own.get("model"):
            yield from _find(source, step, own, (step, "llm"), "chat", data["llm"])


def _find(
    source: Source, name: str, item: dict[str, Any], path: Path, mode: str, base: dict[str, Any] | None = None
) -> Iterator[Deployment]:
    shared = source.gather(base, ("llm",), _MODEL)
    kind = str(item.get("type") or (base or {}).get("type") or "")
    if kind.startswith("mock"):
        source.tell(path, f"{name} is not converted: it is made up; `modelhub mock` answers tests", key=True)
        return
    vendor = str(item.get("model_provider") or ("azure" if kind.startswith("azure") else "openai"))
    found = shared | source.gather(item, path, _MODEL)
    for about, at in (((base or {}), ("llm",)), (item, path)):
        for key in ("deployment_name", "azure_deployment_name"):
            if vendor == "azure" and isinstance(about.get(key), str):
                found["model"] = (about[key], (source.document, (*at, key)))
    mode = mode or ("embedding" if kind.endswith("embedding") else "chat" if kind else "")
    if made := source.build(name, path, found, vendor, mode=mode, owner=name):
        yield made
