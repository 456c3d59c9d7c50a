"""The settings of LiteLLM that modelhub has no place for, each with the reason."""

from __future__ import annotations

import re

_PROXY = "modelhub is a library and has no callers to check or serve"
_ROUTER = "a router picks one of several models; --routes writes one for each group"
_FALLBACKS = "a fallback asks the next model; --routes writes one for each"
_PRICES = "write `price` in the config where modelhub does not know what a model costs"
_BUDGETS = "write `budget` in the config"
_LIMITS = "write `limits` in the config"
_GUARDS = "what is checked before and after a call is part of your program"

# Of a deployment: litellm_params, and model_info where it says no more than this.
_DEPLOYMENT = {
    r"[io]tpm|default_api_key_[tr]pm_limit": _LIMITS,
    r"weight|order|tag_regex|provider_affinity_header|(?:auto|complexity|adaptive|quality)_router_\w+": _ROUTER,
    r"max_budget|budget_duration|soft_budget": _BUDGETS,
    r"\w*_cost|\w*cost_per_\w+|tiered_pricing": _PRICES,
    r"mock_\w+": "`modelhub call NAME TEXT --mock` tries any config",
    r"stream_timeout|(?:stream_)?timeout_by_service_tier": "timeout counts for streams too",
    r"fallbacks|context_window_fallbacks|content_policy_fallbacks|default_fallbacks": _FALLBACKS,
    r"cooldown_time|allowed_fails\w*": "write `circuit_breaker` in the config",
    r"guardrails": _GUARDS,
    r"callbacks|\w*_callback|langfuse_\w+|litellm_trace_id|no-log": "`observers` tell what happens in calls",
    r"cache|cache_\w+|caching|no-cache": "write `cache` in the config",
    r"use_in_pass_through|use_litellm_proxy|use_chat_completions_api|configurable_clientside_auth_params"
    r"|keepalive_seconds|allow_client_keepalive_override|max_file_size_mb|team_id|blocked": _PROXY,
    r"drop_params|additional_drop_params": "options are sent as they are, and what a vendor cannot do is refused",
    r"supports_\w+": "what a model can do is known, or learnt from its server",
    r"merge_reasoning_content_in_choices": "a response has reasoning beside its text",
}
# Of the whole proxy.
_SETTINGS = {
    **_DEPLOYMENT,
    r"set_verbose|json_logs|debug|log_\w+|\w*callbacks?|callback_settings|turn_off_message_logging|redact_\w+"
    r"|langfuse_\w+|telemetry": "`observers` tell what happens in calls",
    r"cache\w*": "write `cache` in the config",
    r"redis_\w+": "write `store: redis` where processes share limits",
    r"routing_strategy\w*|model_group_\w+|enable_\w+|optional_pre_call_checks|disable_cooldowns|retry_after|retry_policy"
    r"|model_group_retry_policy|assistants_config|search_tools": _ROUTER,
    r"master_key|database_\w+|\w*auth\w*|alerting\w*|ui_\w+|allowed_\w+|pass_through_endpoints|store_\w+|salt_key"
    r"|max_\w+|proxy_\w+|health_\w+|background_\w+|infer_model_from_keys|default_\w+|upperbound_\w+|public_\w+"
    r"|key_management_\w+|use_\w+|disable_\w+|forward_\w+|completion_model": _PROXY,
}
SECTIONS = {
    "guardrails": _GUARDS,
    "prompts": "there are no stored prompts",
    "mcp_servers": "tools are passed with each call",
    "mcp_tools": "tools are passed with each call",
    "vector_store_registry": "there are no vector stores",
    "search_tools": "tools are passed with each call",
    "files_settings": _PROXY,
    "finetune_settings": _PROXY,
    "assistant_settings": _PROXY,
    "callback_settings": "`observers` tell what happens in calls",
}


def explain_deployment(key: str) -> str | None:
    """Why a key of a deployment is not converted; None for an option of its calls."""
    return _find(_DEPLOYMENT, key)


def explain_setting(key: str) -> str:
    """Why a setting of the proxy is not converted."""
    return _find(_SETTINGS, key) or "there is no such setting"


def _find(reasons: dict[str, str], key: str) -> str | None:
    return next((reason for pattern, reason in reasons.items() if re.fullmatch(pattern, key)), None)
