"""The wrappers that installed packages declare, and their schemas; reading a schema imports no wrapper."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from modelhub.errors import PluginError
from modelhub.overriding import override
from modelhub.plugins.group import PluginGroup, subclass_of
from modelhub.validation.schema.installed import find_installed_schema
from modelhub.validation.schema.store import load_schema

if TYPE_CHECKING:
    from modelhub.base import ModelWrapperBase

GROUP = "modelhub.wrappers"


class InstalledWrappers(PluginGroup["type[ModelWrapperBase]"]):
    """The installed wrappers by model_type."""

    def __init__(self) -> None:
        super().__init__(GROUP, "wrapper", subclass_of("modelhub.ModelWrapperBase"), noun="model_type")

    @override
    def load(self, name: str) -> type[ModelWrapperBase]:
        """The wrapper class of a model_type; raises PluginError if there is none, or if it cannot be loaded."""
        if name not in self:
            raise PluginError(f"no installed wrapper has model_type {name!r}; `modelhub types` lists them")
        return super().load(name)

    @override
    def load_all(self) -> None:
        """Load every wrapper and its schema, to find the broken ones."""
        super().load_all()
        for model_type in self.by_name:
            with suppress(PluginError):
                self.schema(model_type)

    def schema(self, model_type: str) -> dict[str, Any] | None:
        """The schema of an installed type, without importing it; if its package has none, one is derived.

        Raises PluginError if the schema cannot be read.
        """
        plugin = self.by_name.get(model_type)
        if plugin is None:
            return None
        try:
            if plugin.built_in and (schema := load_schema(model_type)):
                return schema
            return find_installed_schema(plugin.entry_point.module, plugin.entry_point.attr, model_type)
        except Exception as error:  # whatever else a plugin may have put where its schema should be
            raise self.quarantine(plugin, f"its schema cannot be read: {error}") from error


WRAPPERS = InstalledWrappers()
