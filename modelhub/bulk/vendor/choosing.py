"""Which batch API a model has, and the model in whose form its requests are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from modelhub.bulk.vendor.anthropic import AnthropicBatchAPI
from modelhub.bulk.vendor.api import BatchAPI
from modelhub.bulk.vendor.dashscope import DashScopeBatchAPI
from modelhub.bulk.vendor.gemini import GeminiBatchAPI
from modelhub.bulk.vendor.openai import OpenAIBatchAPI
from modelhub.bulk.vendor.zhipuai import ZhipuAIBatchAPI
from modelhub.errors import ModelHubError
from modelhub.vendors import find_by_host, find_vendor

_NATIVE = {  # DashScope's own API has no batches; that in OpenAI's form has, for the same models
    "dashscope_chat": "openai_chat",
    "dashscope_multimodal": "openai_chat",
    "dashscope_text_embedding": "openai_embedding",
}
VENDORS = {
    "openai_chat": "openai",
    "openai_embedding": "openai",
    "anthropic_chat": "anthropic",
    "gemini_chat": "gemini",
    "gemini_embedding": "gemini",
    "zhipuai_chat": "zhipuai",
    "zhipuai_embedding": "zhipuai",
    **dict.fromkeys(_NATIVE, "dashscope"),
}
"""The types that have a batch API, and whose it is."""
_APIS: Mapping[str, type[BatchAPI]] = {
    "openai": OpenAIBatchAPI,
    "anthropic": AnthropicBatchAPI,
    "gemini": GeminiBatchAPI,
    "zhipuai": ZhipuAIBatchAPI,
    "dashscope": DashScopeBatchAPI,
}
_OWN_FORM = {"result_format", "incremental_output"}  # options that say how DashScope's own API answers


def find_api(model: Any) -> BatchAPI:
    """The batch API of ``model``; raises ModelHubError, which names the types that have one, if it has none."""
    vendor = VENDORS.get(model.model_type)
    if vendor is None:
        kind = "answers by other models" if model.is_composite else f"is a {model.model_type}"
        raise ModelHubError(
            f"config {model.config_name!r} {kind}, which has no batch API of a vendor: --engine vendor is for"
            f" {', '.join(sorted(VENDORS))}; use --engine local"
        )
    _ = model.bound  # so that its references are resolved
    if model.model_type in _NATIVE:
        model = _build_twin(model, _NATIVE[model.model_type])
    elif vendor == "openai":
        vendor = _find_speaker(model)
    return _APIS[vendor](model)


def _find_speaker(model: Any) -> str:
    """The vendor that speaks OpenAI's API at the address of ``model``, where its batches differ."""
    known = model.find_other() or find_by_host(urlsplit(model.endpoint.url).hostname or "")
    name = known.name if known is not None else "openai"
    return {"dashscope": "dashscope", "zhipuai": "zhipuai", "zai": "zhipuai"}.get(name, "openai")


def _build_twin(model: Any, model_type: str) -> Any:
    """``model``, of DashScope's own API, as the same model of its API in OpenAI's form."""
    from modelhub.registry.installed import WRAPPERS

    vendor = find_vendor("dashscope")
    assert vendor is not None and vendor.base_url is not None and vendor.openai_base_url is not None
    own, theirs = (urlsplit(url).path for url in (vendor.base_url, vendor.openai_base_url))
    place = model.endpoint.url
    args = {name: value for name, value in model.generate_args.items() if name not in _OWN_FORM}
    if "dimension" in args:
        args["dimensions"] = args.pop("dimension")
    twin: Any = WRAPPERS.load(model_type)(
        model.config_name,
        model.model_name,
        api_key=model.endpoint.headers["Authorization"].removeprefix("Bearer "),
        vendor=vendor.name,
        headers={name: value for name, value in model.endpoint.headers.items() if name.startswith("X-")}
        | model.headers,
        timeout=model.timeout,
        max_body=model.max_body,
        retry=model.retry,
        proxy=model.proxy,
        tls=model.tls,
        client_args={**model.client_args, "base_url": f"{place.removesuffix(own)}{theirs}"},
        generate_args=args,
    )
    twin.home = model.home
    return twin
