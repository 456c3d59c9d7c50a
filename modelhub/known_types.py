"""The model_types that exist: registered, installed, or declared by a class that is alive."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any


class KnownTypes(Collection[str]):
    """The model_types that exist: registered, installed, or declared by a class that is alive."""

    def __init__(self, registered: Mapping[str, Any]) -> None:
        self._registered = registered

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

    base = sys.modules.get("modelhub.base")
    return base is not None and base.DEFINED.by_type(model_type) is not None
