"""Which formatters there are: ours, and those that installed packages declare in the group ``modelhub.formatters``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelhub.errors import ConfigError, PluginError, Problem
from modelhub.plugins.group import PluginGroup, subclass_of

if TYPE_CHECKING:
    from modelhub.formatters.base import FormatterBase

GROUP = "modelhub.formatters"
BUILT_IN = {
    "anthropic": "modelhub.formatters.anthropic:AnthropicFormatter",
    "common": "modelhub.formatters.common:CommonFormatter",
    "dashscope": "modelhub.formatters.dashscope:DashScopeFormatter",
    "gemini": "modelhub.formatters.gemini:GeminiFormatter",
    "openai": "modelhub.formatters.openai:OpenAIFormatter",
}
FORMATTERS: PluginGroup[type[FormatterBase]] = PluginGroup(
    GROUP, "formatter", subclass_of("modelhub.formatters.FormatterBase"), built_in=BUILT_IN
)


def list_formatters() -> list[str]:
    """The names that a config's ``formatter`` may have."""
    return sorted(FORMATTERS.by_name)


def load_formatter(name: str, where: str = "modelhub") -> type[FormatterBase]:
    """The formatter of this name.

    Raises ConfigError, which names ``where``, when there is none, and PluginError when a package's cannot be loaded.
    """
    if name not in FORMATTERS:
        message = f"{where}: there is no formatter {name!r}; there are {', '.join(list_formatters())}"
        raise ConfigError([Problem("MH202", message, path=("formatter",))])
    try:
        return FORMATTERS.load(name)
    except PluginError as error:
        raise PluginError(f"{where}: {error}") from error


def choose_formatter(names: Sequence[str], model_name: str) -> type[FormatterBase]:
    """The first of the formatters ``names`` that was made for the model, else the last."""
    *special, rest = names
    for name in special:
        formatter = load_formatter(name)
        if formatter.is_supported_model(model_name):
            return formatter
    return load_formatter(rest)
