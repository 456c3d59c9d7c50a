"""Which formatters there are: ours, and those that installed packages declare in the group ``modelhub.formatters``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from modelhub.errors import ConfigError, PluginError, Problem

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from modelhub.formatters.base import FormatterBase

GROUP = "modelhub.formatters"
BUILT_IN = {
    "anthropic": "AnthropicFormatter",
    "common": "CommonFormatter",
    "dashscope": "DashScopeFormatter",
    "gemini": "GeminiFormatter",
    "openai": "OpenAIFormatter",
}


@cache
def find_plugins() -> dict[str, EntryPoint]:
    """The entry points of the group by name, of packages with the same one the first by name; nothing is imported."""
    from importlib.metadata import entry_points

    found: dict[str, EntryPoint] = {}
    for entry_point in sorted(entry_points(group=GROUP), key=lambda point: (_name_distribution(point), point.value)):
        if entry_point.name not in BUILT_IN:
            found.setdefault(entry_point.name, entry_point)
    return found


def list_formatters() -> list[str]:
    """The names that a config's ``formatter`` may have."""
    return sorted({*BUILT_IN, *find_plugins()})


def load_formatter(name: str, where: str = "modelhub") -> type[FormatterBase]:
    """The formatter of this name.

    Raises ConfigError, which names ``where``, when there is none, and PluginError when a package's cannot be loaded.
    """
    from modelhub.formatters.base import FormatterBase

    if name in BUILT_IN:
        ours: type[FormatterBase] = getattr(import_module(f"modelhub.formatters.{name}"), BUILT_IN[name])
        return ours
    entry_point = find_plugins().get(name)
    if entry_point is None:
        message = f"{where}: there is no formatter {name!r}; there are {', '.join(list_formatters())}"
        raise ConfigError([Problem("MH202", message, path=("formatter",))])
    refused = f"{where}: formatter {name} ({_name_distribution(entry_point)}, {entry_point.value}) cannot be used"
    try:
        loaded = entry_point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: a plugin must not end the program that asks for it
        raise PluginError(f"{refused}: importing it raised {type(error).__name__}: {error}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, FormatterBase)):
        raise PluginError(f"{refused}: it is no subclass of modelhub.formatters.FormatterBase")
    return loaded


def choose_formatter(names: Sequence[str], model_name: str) -> type[FormatterBase]:
    """The first of the formatters ``names`` that was made for the model, else the last."""
    *special, rest = names
    for name in special:
        formatter = load_formatter(name)
        if formatter.is_supported_model(model_name):
            return formatter
    return load_formatter(rest)


def _name_distribution(entry_point: EntryPoint) -> str:
    dist = entry_point.dist
    try:
        return f"{dist.name} {dist.version}" if dist is not None else "unknown"
    except Exception:  # an install that was interrupted leaves a distribution without metadata
        return "unknown"
