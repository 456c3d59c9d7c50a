"""The wrapper classes that a program has defined, which need no registration to be found by name."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelhub.base import ModelWrapperBase


class _Defined:
    """The wrapper classes that have been defined, newest last, for as long as they live."""

    def __init__(self) -> None:
        self._refs: list[weakref.ref[type[ModelWrapperBase]]] = []

    def append(self, cls: type[ModelWrapperBase]) -> None:
        if cls.__module__.startswith("modelhub."):
            return  # entry points name those, and whether they are imported yet must not matter
        self._refs.append(weakref.ref(cls, self._refs.remove))

    def by_type(self, model_type: str) -> type[ModelWrapperBase] | None:
        """The newest class that itself declares ``model_type``, or is called so."""
        for ref in reversed(self._refs):
            cls = ref()
            if cls is not None and model_type in (cls.__dict__.get("model_type"), cls.__name__):
                return cls
        return None


DEFINED = _Defined()
