"""The options of a call: what is None is left out; what is not for the model is refused, since bodies are logged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import isfinite
from typing import Any

from modelhub.errors import BadRequestError

_IN_CONFIG = "set it in the config, or make another config for it"
_TIMEOUT = "pass timeout, in seconds, or set it in the config"
_RETRY = "pass retry, such as {'max_attempts': 3}, or set it in the config"
NOT_SENT = {
    **dict.fromkeys(("api_key", "base_url", "api_base", "http_client"), _IN_CONFIG),
    **dict.fromkeys(("model_name", "client_args", "generate_args"), _IN_CONFIG),
    **dict.fromkeys(("model_type", "config_name"), "make another config, and get its model by its name"),
    **dict.fromkeys(("api_version", "organization", "azure_endpoint", "custom_llm_provider"), _IN_CONFIG),
    **dict.fromkeys(("openai_api_key", "anthropic_api_key", "api_token", "auth_token"), _IN_CONFIG),
    **dict.fromkeys(("proxy", "proxies", "tls", "verify", "ssl_verify", "propagate"), _IN_CONFIG),
    **dict.fromkeys(("timeout", "request_timeout"), _TIMEOUT),
    **dict.fromkeys(("retry", "retries", "num_retries"), _RETRY),
    **dict.fromkeys(("cache", "tags"), "leave it out"),
    **dict.fromkeys(("default_headers", "http_headers"), "use extra_headers"),
    "default_query": "use extra_query",
}

EXTRAS = frozenset({"extra_body", "extra_headers", "extra_query"})
OURS = ("timeout", "retry", "headers", "cache", "tags", "stream", "parse_func", "fault_handler", "max_retries")
REFUSED = frozenset({"api_key", "base_url", "model_type", "config_name", "client_args"})  # by models of any kind


def refuse_options(options: Mapping[str, Any]) -> None:
    """Raise BadRequestError for the first of ``options`` that is not for the model; its value is not told."""
    for name in options:
        if name in NOT_SENT:
            raise BadRequestError(explain_refused(name, name))


def refuse_foreign(options: Mapping[str, Any], taken: Collection[str] = ()) -> None:
    """Raise BadRequestError for what no model takes in a call, unless its own code names it: it is ``taken``."""
    if REFUSED.isdisjoint(options):
        return
    for name in options:
        if name in REFUSED and name not in taken:
            raise BadRequestError(explain_refused(name, name))


def leave_untold(options: Mapping[str, Any]) -> dict[str, Any]:
    """``options`` of a call that is refused, without those that are not for the model: who watches may write."""
    return {name: value for name, value in options.items() if name not in NOT_SENT}


def explain_refused(name: str, meant: str) -> str:
    """Why a call has no option ``name``, by which ``meant`` was meant, and what to do instead."""
    return f"a call has no option {name!r}: {NOT_SENT[meant]}; a field of that name goes into extra_body"


def leave_out(options: Mapping[str, Any]) -> dict[str, Any]:
    """``options`` without those that are None; raises BadRequestError for a number that JSON does not have."""
    for name, value in options.items():
        if isinstance(value, float) and not isfinite(value):
            raise BadRequestError(f"{name} is {value}, which JSON does not have: pass a number, or leave it out")
    return {name: value for name, value in options.items() if value is not None}
