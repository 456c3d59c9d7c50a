"""The wrappers that installed packages declare, and their schemas; reading a schema imports no wrapper."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any

from modelhub.errors import PluginError
from modelhub.overriding import override
from modelhub.plugins.group import PluginGroup, subclass_of
from modelhub.plugins.plugin import Plugin
from modelhub.validation.schema.store import load_schema

if TYPE_CHECKING:
    from modelhub.base import ModelWrapperBase

GROUP = "modelhub.wrappers"


class InstalledWrappers(PluginGroup["type[ModelWrapperBase]"]):
    """The installed wrappers by model_type."""

    def __init__(self) -> None:
        super().__init__(GROUP, "wrapper", subclass_of("modelhub.ModelWrapperBase"), noun="model_type")
        self._classes: dict[str, list[Plugin]] = {}  # by what their entry points name

    @override
    def load(self, name: str) -> type[ModelWrapperBase]:
        """The wrapper class of a model_type; raises PluginError if there is none, or if it cannot be loaded."""
        if name not in self:
            raise PluginError(f"no installed wrapper has model_type {name!r}; `modelhub types` lists them")
        return super().load(name)

    @override
    def try_out(self, plugin: Plugin) -> str | None:
        """Load a wrapper and its schema; what is wrong with them, None if they work."""
        with suppress(PluginError):
            self._read_schema(plugin)
        return super().try_out(plugin)

    @override
    def inspect(self, plugin: Plugin) -> str | None:
        """What is wrong with a wrapper or its schema, as far as that can be seen without importing it."""
        with suppress(PluginError):
            self._read_schema(plugin)
        return super().inspect(plugin)

    @override
    def forget(self) -> None:
        """Look for wrappers again when next asked."""
        with self._lock:
            super().forget()
            self._classes.clear()

    def schema(self, model_type: str) -> dict[str, Any] | None:
        """The schema of an installed type, without importing it; if its package has none, one is derived.

        Raises PluginError if the schema cannot be read, or if nothing is left of the package.
        """
        plugin = self.find(model_type)
        return None if plugin is None else self._read_schema(plugin)

    def find_known(self, module: str, name: str) -> dict[str, Any] | None:
        """The schema of the installed type that a class is for; None if it is for none."""
        return self._find_known((), module, name)

    def _read_schema(self, plugin: Plugin, asking: tuple[Plugin, ...] = ()) -> dict[str, Any] | None:
        """The schema of a plugin; ``asking`` are those whose classes extend its class."""
        if plugin.flaw is not None and plugin.loaded is None:
            raise self.quarantine(plugin, plugin.flaw)
        try:
            if plugin.built_in and (schema := load_schema(plugin.name)):
                return schema
            from modelhub.plugins.flaws import explain_absence  # which most programs do without
            from modelhub.validation.schema.installed import find_installed_schema

            if (absence := explain_absence(plugin.entry_point)) is None:
                point, known = plugin.entry_point, partial(self._find_known, (*asking, plugin))
                return find_installed_schema(point.module, point.attr, plugin.name, known)
        except Exception as error:  # whatever else a plugin may have put where its schema should be
            raise self.quarantine(plugin, f"its schema cannot be read: {error}") from error
        raise self.quarantine(plugin, absence)

    def _find_known(self, asking: tuple[Plugin, ...], module: str, name: str) -> dict[str, Any] | None:
        if not self._classes:
            for plugin in self.plugins:
                self._classes.setdefault(_name_class(plugin.entry_point), []).append(plugin)
        for plugin in self._classes.get(f"{module}:{name}", ()):
            if plugin not in asking:
                with suppress(PluginError):
                    return self._read_schema(plugin, asking)
        return None


def _name_class(entry_point: EntryPoint) -> str:
    """The module and the class that an entry point names, without extras."""
    match = entry_point.pattern.match(entry_point.value)
    return f"{match['module']}:{match['attr']}" if match else ""


WRAPPERS = InstalledWrappers()
