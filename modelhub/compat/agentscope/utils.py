"""``agentscope.utils``: the monitor that AgentScope had before 0.1.0, and small functions that wrappers import."""

from __future__ import annotations

import json
import random
import string
import time
from typing import Any

from modelhub.compat.agentscope.scope import refuse
from modelhub.compat.agentscope.tokens import count_openai_tokens
from modelhub.errors import QuotaExceededError as QuotaExceededError
from modelhub.messages.tokens import estimate_tokens
from modelhub.telemetry.usage import MONITOR
from modelhub.telemetry.usage import Monitor as MonitorBase

_MAX_LENGTHS = {  # AgentScope's table, of 2023
    "gpt-4-turbo": 128000,
    "gpt-4-1106-preview": 128000,
    "gpt-4-vision-preview": 128000,
    "gpt-4": 8192,
    "gpt-4-0613": 8192,
    "gpt-4-32k": 32768,
    "gpt-4-32k-0613": 32768,
    "gpt-3.5-turbo": 4096,
    "gpt-3.5-turbo-1106": 16385,
    "gpt-3.5-turbo-16k": 16385,
    "gpt-3.5-turbo-instruct": 4096,
}


class MonitorFactory:
    """Finds the monitor of this process, as in 0.0.4."""

    @staticmethod
    def get_monitor(impl_type: str | None = None, db_path: str | None = None) -> MonitorBase:
        """The monitor; the arguments have no effect, because there is no database."""
        return MONITOR


def get_full_name(name: str, prefix: str | None = None) -> str:
    """The name of a counter, with its prefix if it has one."""
    return f"{prefix}.{name}" if prefix else name


def get_openai_max_length(model_name: str) -> int:
    """The context window of a model of 2023; raises KeyError for other models."""
    if model_name not in _MAX_LENGTHS:
        raise KeyError(f"Model [{model_name}] not found in OPENAI_MAX_LENGTH.")
    return _MAX_LENGTHS[model_name]


def count_openai_token(content: str | list[Any], model: str) -> int:
    """An estimate of the tokens of a text or of messages."""
    if isinstance(content, str):
        return estimate_tokens([{"content": content}])
    return count_openai_tokens(model, [item if isinstance(item, dict) else {"content": item} for item in content])


def num_tokens_from_content(content: list[Any], model: str) -> int:
    """An estimate of the tokens of a message's content."""
    return count_openai_token(content, model)


def _convert_to_str(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, dict | list | int | float | bool | tuple):
        return json.dumps(content, ensure_ascii=False)
    return str(content)


def _get_timestamp(format_: str = "%Y-%m-%d %H:%M:%S") -> str:
    return time.strftime(format_)


def _generate_random_code(length: int = 6, uppercase: bool = True) -> str:
    letters = string.ascii_uppercase if uppercase else string.ascii_lowercase
    return "".join(random.choices(letters + string.digits, k=length))


__getattr__ = refuse("agentscope.utils")
