"""Name the environment variable that a secret of a config belongs in."""

from __future__ import annotations

import re

from modelhub.diagnostics import Path
from modelhub.validation.leaves import last_key

_VENDORS = {
    "anthropic": "ANTHROPIC_API_KEY",
    "dashscope": "DASHSCOPE_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "ollama": "OLLAMA_API_KEY",
    "openai": "OPENAI_API_KEY",
    "yi": "YI_API_KEY",
    "zhipuai": "ZHIPUAI_API_KEY",
}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def name_reference(path: Path, model_type: object) -> str:
    """Write the reference that could stand at ``path``: ``${OPENAI_API_KEY}``."""
    key = last_key(path)
    if key.lower() == "authorization":
        return "Bearer ${API_TOKEN}"
    vendor = model_type.partition("_")[0] if isinstance(model_type, str) else ""
    if key == "api_key" and vendor in _VENDORS:
        return f"${{{_VENDORS[vendor]}}}"
    name = re.sub(r"\W", "_", _CAMEL.sub("_", key)).upper()
    return f"${{{name if name[:1].isalpha() else f'MY_{name}'}}}"
