"""Which formatters there are: ours, and those that installed packages declare in the group ``modelhub.formatters``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

from modelhub.entry_points import describe, find_entry_points, identify
from modelhub.errors import ConfigError, PluginError, Problem

if TYPE_CHECKING:
    from modelhub.formatters.base import FormatterBase

GROUP = "modelhub.formatters"
BUILT_IN = {
    "anthropic": "AnthropicFormatter",
    "common": "CommonFormatter",
    "dashscope": "DashScopeFormatter",
    "gemini": "GeminiFormatter",
    "openai": "OpenAIFormatter",
}


@dataclass(frozen=True, slots=True)
class FormatterPlugin:
    """One formatter that an installed package declares."""

    name: str
    distribution: str
    version: str
    entry_point: EntryPoint

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution} {self.version}, {self.entry_point.value})"

    def load(self) -> type[FormatterBase]:
        """The class; raises PluginError with the reason when it cannot be used."""
        from modelhub.formatters.base import FormatterBase

        first = "modelhub" if self.name in BUILT_IN else find_plugins()[self.name]
        if first is not self:
            raise PluginError(f"the name {self.name!r} is taken by {first}")
        try:
            loaded = self.entry_point.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: a plugin must not end the program that asks for it
            raise PluginError(f"importing it raised {describe(error)}") from error
        if not (isinstance(loaded, type) and issubclass(loaded, FormatterBase)):
            raise PluginError("it is no subclass of modelhub.formatters.FormatterBase")
        return loaded


@cache
def list_plugins() -> list[FormatterPlugin]:
    """The formatters that packages declare, in the order in which they get their names; nothing is imported."""
    declared = [FormatterPlugin(point.name, *identify(dist), point) for point, dist in find_entry_points(GROUP)]
    return sorted(declared, key=lambda plugin: (plugin.distribution.lower(), plugin.entry_point.value))


@cache
def find_plugins() -> dict[str, FormatterPlugin]:
    """Those by name that can be chosen: ours keep their names, and of two packages the first by name has it."""
    return {plugin.name: plugin for plugin in reversed(list_plugins()) if plugin.name not in BUILT_IN}


def list_formatters() -> list[str]:
    """The names that a config's ``formatter`` may have."""
    return sorted({*BUILT_IN, *find_plugins()})


def load_formatter(name: str, where: str = "modelhub") -> type[FormatterBase]:
    """The formatter of this name.

    Raises ConfigError, which names ``where``, when there is none, and PluginError when a package's cannot be loaded.
    """
    if name in BUILT_IN:
        ours: type[FormatterBase] = getattr(import_module(f"modelhub.formatters.{name}"), BUILT_IN[name])
        return ours
    plugin = find_plugins().get(name)
    if plugin is None:
        message = f"{where}: there is no formatter {name!r}; there are {', '.join(list_formatters())}"
        raise ConfigError([Problem("MH202", message, path=("formatter",))])
    try:
        return plugin.load()
    except PluginError as error:
        raise PluginError(f"{where}: formatter {plugin} cannot be used: {error}") from error


def choose_formatter(names: Sequence[str], model_name: str) -> type[FormatterBase]:
    """The first of the formatters ``names`` that was made for the model, else the last."""
    *special, rest = names
    for name in special:
        formatter = load_formatter(name)
        if formatter.is_supported_model(model_name):
            return formatter
    return load_formatter(rest)
