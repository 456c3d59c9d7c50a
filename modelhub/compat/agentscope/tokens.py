"""``agentscope.tokens``: how many tokens a prompt takes, estimated or counted by a function of the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelhub.compat.agentscope.scope import refuse
from modelhub.messages.tokens import estimate_tokens

Counter = Callable[[str, list[dict[str, Any]]], int]

_COUNTERS: dict[str, Counter] = {}
_PREFIXES = ("gpt-", "gemini-", "qwen-")


def count(model_name: str, messages: list[dict[str, Any]]) -> int:
    """The tokens of ``messages``: a registered function counts them, or they are estimated for AgentScope's vendors.

    Raises TypeError for arguments of other types, ValueError for a model that is not in ``supported_models``.
    """
    if not isinstance(model_name, str):
        raise TypeError(f"model_name must be a str, not {type(model_name).__name__}")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise TypeError("messages must be a list of dicts")
    counter = _COUNTERS.get(model_name)
    if counter is not None:
        return counter(model_name, messages)
    if not model_name.startswith(_PREFIXES):
        known = ", ".join(supported_models())
        raise ValueError(f"no counter for {model_name!r}: call register_model first; known are {known}")
    return estimate_tokens(messages)


def count_openai_tokens(model_name: str, messages: list[dict[str, Any]]) -> int:
    """An estimate; the text is counted exactly if tiktoken and its data are installed."""
    return estimate_tokens(messages)


def count_gemini_tokens(model_name: str, messages: list[dict[str, Any]]) -> int:
    """An estimate; nothing is sent. For the vendor's own count, call ``get_model(name).count_tokens(messages)``."""
    return estimate_tokens(messages)


def count_dashscope_tokens(model_name: str, messages: list[dict[str, Any]], api_key: str | None = None) -> int:
    """An estimate; nothing is sent."""
    return estimate_tokens(messages)


def count_huggingface_tokens(
    pretrained_model_name_or_path: str,
    messages: list[dict[str, Any]],
    use_fast: bool = False,
    trust_remote_code: bool = False,
    enable_mirror: bool = False,
) -> int:
    """An estimate; no tokenizer is downloaded."""
    return estimate_tokens(messages)


def register_model(model_name: str | list[str], tokens_count_func: Counter) -> None:
    """Make ``count`` call ``tokens_count_func(model_name, messages)`` for these models."""
    for name in [model_name] if isinstance(model_name, str) else model_name:
        _COUNTERS[name] = tokens_count_func


def supported_models() -> list[str]:
    """The models that ``count`` knows: prefixes of the vendors' models, and the registered models."""
    return [*(f"{prefix}.*" for prefix in _PREFIXES), *_COUNTERS]


__getattr__ = refuse("agentscope.tokens")
