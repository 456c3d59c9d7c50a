"""What calls need to know of models, read from the data file ``_models.json`` when it is first asked for."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache


@cache
def limits_completion(model_name: str) -> bool:
    """Whether it is a model of OpenAI's that refuses ``max_tokens`` and takes ``max_completion_tokens``.

    https://platform.openai.com/docs/guides/reasoning
    """
    return any(fnmatchcase(model_name.lower(), pattern) for pattern in _load_patterns())


@cache
def _load_patterns() -> Sequence[str]:
    import pkgutil

    import orjson

    text = pkgutil.get_data("modelhub.schemas", "_models.json") or b"{}"
    patterns: Sequence[str] = orjson.loads(text)["max_completion_tokens"]
    return patterns
