"""Converts MetaGPT's config2.yaml, and the config.yaml of variables that came before it.

https://docs.deepwisdom.ai/main/en/guide/get_started/configuration/llm_api_configuration.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.authoring.importers import keys
from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.keys import Found, Source, Table
from modelhub.authoring.importers.notes import Notes
from modelhub.configs import Document
from modelhub.configs.readers.positions import Path

_MODEL: Table = {
    "api_type": "",
    "model": "model",
    "deployment_name": "model",
    "base_url": "api_base",
    "api_key": "api_key",
    "api_version": "api_version",
    "max_token": "max_tokens",
    "timeout": lambda value: {"timeout": value} if value else {},
    "proxy": "proxy",
    "endpoint": "api_base",
    **{name: name for name in ("access_key", "secret_key", "session_token")},
    "region_name": "region",
    "dimensions": "dimensions",
    "embed_batch_size": "!texts are sent in as many requests as the vendor wants",
    "context_length": keys.CONTEXT,
    "pricing_plan": "!write `price` in the config where modelhub does not know what a model costs",
    "calc_usage": "!usage is in each response",
    "use_system_prompt": keys.PROMPTS,
    "app_id": "!there is no model_type for Spark; write one with post_api_chat",
    "api_secret": "!there is no model_type for Spark; write one with post_api_chat",
    "domain": "!there is no model_type for Spark; write one with post_api_chat",
    "repair_llm_output": "!an answer is returned as it came",
    **dict.fromkeys(("reasoning", "reasoning_max_token"), "!write what the vendor calls it in generate_args"),
    "compress_type": "!messages are sent as they are",
    **dict.fromkeys(
        (
            *("temperature", "top_p", "top_k", "repetition_penalty", "presence_penalty", "frequency_penalty", "stop"),
            *("n", "best_of", "seed", "logprobs", "top_logprobs", "stream"),
        ),
        "=",
    ),
}
# Before version 0.6: variables, of which these make a model of each vendor.
_OLD = (
    ("openai", "OPENAI_API_MODEL", "OPENAI_API_KEY", "OPENAI_API_BASE"),
    ("open_llm", "OPEN_LLM_API_MODEL", "", "OPEN_LLM_API_BASE"),
    ("fireworks", "FIREWORKS_API_MODEL", "FIREWORKS_API_KEY", "FIREWORKS_API_BASE"),
    ("ollama", "OLLAMA_API_MODEL", "", "OLLAMA_API_BASE"),
    ("anthropic", "ANTHROPIC_API_MODEL", "ANTHROPIC_API_KEY", ""),
    ("gemini", "GEMINI_API_MODEL", "GEMINI_API_KEY", ""),
    ("zhipuai", "ZHIPUAI_API_MODEL", "ZHIPUAI_API_KEY", ""),
)
_OLD_OPTIONS: Table = {
    "MAX_TOKENS": "max_tokens",
    "RPM": "rpm",
    "TEMPERATURE": "temperature",
    "TIMEOUT": "timeout",
    "GLOBAL_PROXY": "proxy",
}
_OLD_AZURE = ("OPENAI_API_TYPE", "DEPLOYMENT_NAME", "DEPLOYMENT_ID")
_READ = ("llm", "embedding", "models", "roles")


def find_models(document: Document, notes: Notes) -> Iterator[Deployment]:
    """The models of ``llm``, ``embedding``, ``models`` and ``roles``."""
    source, data = Source(document, notes), document.data
    if not isinstance(data, dict):
        return
    if "llm" not in data and any(model in data for _, model, _, _ in _OLD):
        yield from _find_old(source, data)
        return
    for key, mode in (("llm", "chat"), ("embedding", "embedding")):
        if isinstance(data.get(key), dict):
            yield from _find(source, key, data[key], (key,), mode)
    for path, item in source.list_mappings(("models",), "a model"):
        yield from _find(source, str(path[-1]), item, path, "")
    for path, item in source.list_mappings(("roles",), "a role"):
        if isinstance(item.get("llm"), dict):
            yield from _find(source, str(item.get("role") or path[-1]), item["llm"], (*path, "llm"), "chat")
    source.refuse_rest(data, {"*": "it is not about models"}, read=_READ)


def _find(source: Source, name: str, item: dict[str, Any], path: Path, mode: str) -> Iterator[Deployment]:
    if not any(item.values()):
        return  # as MetaGPT's example has it
    found = source.gather(item, path, _MODEL)
    vendor, _, kind = str(item.get("api_type") or "openai").partition(".")
    if kind.startswith("embed"):
        mode = "embedding"
    if "model" not in found and path[0] == "models":
        found["model"] = (name, (source.document, path))
    if made := source.build(name, path, found, vendor, mode=mode, owner=name):
        yield made


def _find_old(source: Source, data: dict[str, Any]) -> Iterator[Deployment]:
    document = source.document
    read: list[str] = [*_OLD_OPTIONS]
    for vendor, *names in _OLD:
        read += [name for name in names if name]
        if not isinstance(data.get(names[0]), str):
            continue
        wanted = dict(zip(names, ("model", "api_key", "api_base"), strict=True))
        found: Found = source.gather({name: data.get(name) for name in names if name}, (), wanted)
        found |= source.gather({name: data.get(name) for name in _OLD_OPTIONS}, (), _OLD_OPTIONS)
        if vendor == "openai" and data.get("OPENAI_API_TYPE") == "azure":
            vendor = "azure"
            found |= source.gather(data, (), {"OPENAI_API_VERSION": "api_version", "*": ""})
            read.append("OPENAI_API_VERSION")
            if deployed := data.get("DEPLOYMENT_NAME") or data.get("DEPLOYMENT_ID"):
                found["model"] = (deployed, (document, (names[0],)))
            read += _OLD_AZURE
        if made := source.build(vendor, (names[0],), found, vendor, mode="chat"):
            yield made
    source.refuse_rest(data, {"*": "it is not about models"}, read=read)
