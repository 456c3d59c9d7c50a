"""The wrappers that installed packages declare, and their schemas; reading a schema imports no wrapper."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from modelhub.errors import PluginError
from modelhub.overriding import override
from modelhub.plugins.declared import EntryPoint
from modelhub.plugins.group import PluginGroup, subclass_of
from modelhub.plugins.plugin import Plugin
from modelhub.validation.schema.store import load_schema

if TYPE_CHECKING:
    from modelhub.base import ModelWrapperBase
    from modelhub.registry.shipped import Shipped

GROUP = "modelhub.wrappers"


class InstalledWrappers(PluginGroup["type[ModelWrapperBase]"]):
    """The installed wrappers by model_type."""

    def __init__(self) -> None:
        super().__init__(GROUP, "wrapper", subclass_of("modelhub.ModelWrapperBase"), noun="model_type")
        self._classes: dict[str, list[Plugin]] = {}  # by what their entry points name
        self._shipped: dict[Plugin, Shipped] = {}  # what is only data

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
        return plugin.flaw if plugin in self._shipped else super().inspect(plugin)

    @override
    def forget(self) -> None:
        """Look for wrappers again when next asked."""
        with self._lock:
            super().forget()
            self._classes.clear()
            self._shipped.clear()

    @override
    def describe(self, plugin: Plugin) -> str:
        """What a wrapper is good for; of one that is only data, which type does the work."""
        shipped = self._shipped.get(plugin)
        return super().describe(plugin) if shipped is None else f"{shipped.base}, by a config in its package"

    def find_defaults(self, model_type: str) -> dict[str, Any] | None:
        """What configs of a type need not say, since a package ships it; None for most types.

        Raises PluginError if the package's config cannot be used.
        """
        plugin = self.find(model_type)
        if plugin is None or plugin.built_in or find_package(plugin.entry_point) is None:
            return None
        return self._read_shipped(plugin).defaults

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
                if find_package(plugin.entry_point) is not None:
                    return self._find_shipped_schema(plugin)
                point, known = plugin.entry_point, partial(self._find_known, (*asking, plugin))
                return find_installed_schema(point.module, point.attr, plugin.name, known)
        except Exception as error:  # whatever else a plugin may have put where its schema should be
            raise self.quarantine(plugin, f"its schema cannot be read: {error}") from error
        raise self.quarantine(plugin, absence)

    def _find_shipped_schema(self, plugin: Plugin) -> dict[str, Any] | None:
        """The schema of a type that is only data; if its package has none, that of the type that does the work."""
        from modelhub.validation.schema.extend import combine
        from modelhub.validation.schema.installed import find_schema_file

        point, shipped = plugin.entry_point, self._read_shipped(plugin)
        own = find_schema_file(point.module.partition(".")[0], plugin.name)
        return own if own is not None else combine(iter([load_schema(shipped.base) or {}]), plugin.name)

    def _read_shipped(self, plugin: Plugin) -> Shipped:
        """What is shipped in place of a class; raises PluginError if it cannot be used."""
        from modelhub.registry.shipped import read_shipped

        with self._lock:
            if plugin not in self._shipped:
                if plugin.flaw is not None:
                    raise self.quarantine(plugin, plugin.flaw)
                bases = [each.name for each in self.plugins if each.built_in]
                try:
                    package = find_package(plugin.entry_point) or ""
                    self._shipped[plugin] = read_shipped(package, plugin.name, load_schema, bases)
                except Exception as error:  # whatever else may be in the place of a config
                    raise self.quarantine(plugin, str(error)) from error
            return self._shipped[plugin]

    @override
    def _import(self, plugin: Plugin) -> None:
        if plugin.built_in or find_package(plugin.entry_point) is None:
            super()._import(plugin)
            return
        from modelhub.registry.shipped import build_class

        with suppress(PluginError):  # which is the flaw of the plugin now
            shipped = self._read_shipped(plugin)
            plugin.loaded = build_class(plugin.name, super().load(shipped.base), shipped)

    def _find_known(self, asking: tuple[Plugin, ...], module: str, name: str) -> dict[str, Any] | None:
        if not self._classes:
            for plugin in self.plugins:
                self._classes.setdefault(_name_class(plugin.entry_point), []).append(plugin)
        for plugin in self._classes.get(f"{module}:{name}", ()):
            if plugin not in asking:
                with suppress(PluginError):
                    return self._read_schema(plugin, asking)
        return None


def find_package(entry_point: EntryPoint) -> str | None:
    """The package that ships a config in place of a class; None where the entry point names a class."""
    match = entry_point.match
    return entry_point.module.partition(".")[0] if match is not None and match["attr"] is None else None


def _name_class(entry_point: EntryPoint) -> str:
    """The module and the class that an entry point names, without extras."""
    match = entry_point.match
    return f"{match['module']}:{match['attr']}" if match else ""


WRAPPERS = InstalledWrappers()
