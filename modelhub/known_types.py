"""The model_types that exist: registered, installed, or declared by a class that is alive."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelhub.base import ModelWrapperBase


class KnownTypes(Collection[str]):
    """The model_types that exist: registered, installed, or declared by a class that is alive."""

    def __init__(self, registered: Mapping[str, type[ModelWrapperBase]]) -> None:
        self._registered = registered

    def find_class(self, model_type: str) -> type[ModelWrapperBase]:
        """The wrapper class of a model_type; raises PluginError when it cannot be loaded."""
        from modelhub import plugins
        from modelhub.base.wrapper import find_defined

        registered = self._registered.get(model_type)
        if registered is not None:
            return registered
        installed = plugins.installed()
        defined = None if model_type in installed.by_type else find_defined(model_type)
        return defined or installed.load(model_type)

    def find_schema(self, model_type: str) -> dict[str, Any] | None:
        """The schema of a model_type: the installed one, for which no plugin is imported, or one from its class."""
        from modelhub import plugins, validation

        if model_type not in self._registered and model_type in plugins.installed().by_type:
            return plugins.installed().schema(model_type)
        return validation.derive_from_class(self.find_class(model_type))

    def __contains__(self, model_type: object) -> bool:
        from modelhub import plugins

        if model_type in self._registered or model_type in plugins.installed().by_type:
            return True
        return isinstance(model_type, str) and _defined(model_type)

    def __iter__(self) -> Iterator[str]:
        from modelhub import plugins

        return iter({**self._registered, **plugins.installed().by_type})

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _defined(model_type: str) -> bool:
    """Whether a class of the program declares ``model_type``; none can before the base class is imported."""
    import sys

    base = sys.modules.get("modelhub.base.wrapper")
    return base is not None and base.find_defined(model_type) is not None
