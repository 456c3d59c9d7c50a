"""The model_types that exist: registered, installed, or declared by a class that is alive."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from modelhub.errors import PluginError
from modelhub.overriding import override
from modelhub.plugins.python_types import is_python_type, read_python_type
from modelhub.registry.installed import WRAPPERS

if TYPE_CHECKING:
    from modelhub.base import ModelWrapperBase
    from modelhub.plugins import Plugin
    from modelhub.plugins.declared import EntryPoint


class KnownTypes(Collection[str]):
    """The model_types that exist: registered, installed, declared by a class that is alive, or named by its place."""

    def __init__(self, registered: Mapping[str, type[ModelWrapperBase]], *, allow_python: bool = False) -> None:
        self._registered = registered
        self._allow_python = allow_python  # whether configs may name classes by ``python:package.module:Class``

    def find_class(self, model_type: str) -> type[ModelWrapperBase]:
        """The wrapper class of a model_type; raises PluginError if it cannot be loaded."""
        registered = self._registered.get(model_type)
        if registered is not None:
            return registered
        if (place := self._find_place(model_type)) is not None:
            from modelhub.registry.python_types import load_python_class  # few programs have such types

            return load_python_class(place)
        defined = None if model_type in WRAPPERS else _find_defined(model_type)
        return defined or WRAPPERS.load(model_type)

    def find_schema(self, model_type: str) -> dict[str, Any] | None:
        """The schema of a model_type: the installed one, which needs no import of the plugin, or one from its class."""
        if (place := self._find_place(model_type)) is not None:
            from modelhub.registry.python_types import find_python_schema

            return find_python_schema(place)
        if model_type not in self._registered and model_type in WRAPPERS:
            return WRAPPERS.schema(model_type)
        from modelhub.validation.schema.extend import find_class_schema  # which most programs do without

        return find_class_schema(self.find_class(model_type), model_type, WRAPPERS.find_known)

    def complete(self, config: dict[str, Any]) -> dict[str, Any]:
        """``config`` over the defaults of its type, where a package ships some; itself for most types."""
        model_type = config.get("model_type")
        if not isinstance(model_type, str) or model_type in self._registered or is_python_type(model_type):
            return config
        try:
            defaults = WRAPPERS.find_defaults(model_type)
        except PluginError:  # validation tells of it
            return config
        if not defaults:
            return config
        from modelhub.registry.shipped import lay_over

        return lay_over(defaults, config)

    def find_rivals(self, model_type: str) -> list[Plugin]:
        """The installed wrappers that all claim a model_type, the one that it means first; empty if there is one."""
        if is_python_type(model_type):
            return []
        return [] if model_type in self._registered else WRAPPERS.find_rivals(model_type)

    def find_local(self, model_types: Iterable[Any]) -> list[type[ModelWrapperBase]]:
        """The classes of those types that only this program declares."""
        wanted = [each for each in dict.fromkeys(model_types) if isinstance(each, str)]
        found = [_find_defined(each) for each in wanted if each not in self._registered and each not in WRAPPERS]
        return [cls for cls in found if cls is not None]

    def _find_place(self, model_type: object) -> EntryPoint | None:
        """The class that a model_type names itself, if that is allowed."""
        return read_python_type(model_type) if self._allow_python and is_python_type(model_type) else None

    def find_origin(self, model_type: str) -> str:
        """Where a model_type comes from: the package that has it installed, else the module of its class."""
        plugin = None if model_type in self._registered else WRAPPERS.find(model_type)
        return self.find_class(model_type).__module__ if plugin is None else plugin.origin

    @override
    def __contains__(self, model_type: object) -> bool:
        if is_python_type(model_type):
            return self._find_place(model_type) is not None
        if model_type in self._registered or model_type in WRAPPERS:
            return True
        return isinstance(model_type, str) and _find_defined(model_type) is not None

    @override
    def __iter__(self) -> Iterator[str]:
        return iter({**self._registered, **WRAPPERS.by_name, **_list_declared()})

    @override
    def __len__(self) -> int:
        return sum(1 for _ in self)


def _list_declared() -> Mapping[str, type[ModelWrapperBase]]:
    """The classes in the program by the model_types that they declare; none exist before the base class is imported."""
    base = sys.modules.get("modelhub.base.wrapper")
    return base.list_declared() if base is not None else {}


def _find_defined(model_type: str) -> type[ModelWrapperBase] | None:
    """The class in the program that declares ``model_type``, or is called so."""
    base = sys.modules.get("modelhub.base.wrapper")
    defined: type[ModelWrapperBase] | None = base.find_defined(model_type) if base is not None else None
    return defined
