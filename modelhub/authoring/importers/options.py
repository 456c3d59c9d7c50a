"""Where a config of each model_type has the parameters of calls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from modelhub.validation import load_schema
from modelhub.validation.schema.flatten import flatten

LIBRARY = "litellm_chat"
RETRIES = ("max_retries", "num_retries")
# What is a number, and where a config has it.
COUNTED = {
    **dict.fromkeys(RETRIES, ("retry", "max_attempts")),
    "rpm": ("limits", "rpm"),
    "tpm": ("limits", "tpm"),
    "max_parallel_requests": ("limits", "concurrency"),
}
_BESIDE = {
    **{name: (name,) for name in ("organization", "timeout", "stream", "tags", "price", "proxy", "capabilities")},
    "extra_headers": ("headers",),
    "retry_initial": ("retry", "initial"),
    "retry_max": ("retry", "max"),
}
# What tells LiteLLM's library what to do, and no server.
_LIBRARY_OPTIONS = re.compile(
    r"(?:aws|azure|vertex|watsonx|anthropic|openai|s3|gcs)_\w+|(?:tenant|client)_id|client_secret|region_name"
    r"|ssl_verify|use_xai_oauth|allowed_openai_params|fireworks_forward_user_id"
)
LIBRARY_KEYS = ("api_version", "organization", "drop_params", "additional_drop_params")


def parse_rate(value: Any) -> int | float | None:
    """A number that is counted, whole where it can be; None for anything else."""
    if isinstance(value, bool) or not re.fullmatch(r"\d+(\.\d+)?", str(value)):
        return None
    number = float(value)
    return int(number) if number.is_integer() else number


def is_for_library(key: str) -> bool:
    """Whether a parameter of LiteLLM's tells the library what to do."""
    return _LIBRARY_OPTIONS.fullmatch(key) is not None


def find_unknown(keys: Iterable[str], model_type: str) -> str | None:
    """The first of LiteLLM's parameters that only LiteLLM's library understands."""
    known = _find_options(model_type)
    for key in keys:
        if key in _BESIDE or key in COUNTED or key in LIBRARY_KEYS:
            continue
        if is_for_library(key) or (model_type != "openai_chat" and key not in known):
            return key
    return None


def find_path(model_type: str, key: str, *, strict: bool = False) -> tuple[str, ...]:
    """The place of a parameter; with ``strict``, an option that ``model_type`` does not know is in ``extra_body``."""
    if model_type == LIBRARY and (key in LIBRARY_KEYS or is_for_library(key)):
        return ("generate_args", key)
    if key in _BESIDE:
        return _BESIDE[key]
    options = _find_options(model_type)
    if strict and key not in options and "extra_body" in options:
        return ("generate_args", "extra_body", key)
    return options.get(key, ("generate_args", key))


@cache
def _find_options(model_type: str) -> dict[str, tuple[str, ...]]:
    """Where a config of this type has each option of its calls."""
    properties = flatten(load_schema(model_type) or {}).get("properties", {})
    found: dict[str, tuple[str, ...]] = {}
    for holder in ("options", "generate_args"):
        for name, about in properties.get(holder, {}).get("properties", {}).items():
            if not (isinstance(about, dict) and about.get("deprecated")):
                found[name] = (holder, name)
    return found | {name: (name,) for name in ("keep_alive", "think", "format") if name in properties}
