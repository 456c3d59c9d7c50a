"""Models by name. Each name here is imported on first use, since checking files needs no registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelhub.registry.default import get_model as get_model
    from modelhub.registry.default import init as init
    from modelhub.registry.default import stats as stats
    from modelhub.registry.registry import ModelRegistry as ModelRegistry

_HOMES = {"ModelRegistry": "registry", "get_model": "default", "init": "default", "stats": "default"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
