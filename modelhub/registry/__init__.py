"""Models by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelhub.faces import build_face

if TYPE_CHECKING:
    from modelhub.registry.default import chat as chat
    from modelhub.registry.default import embedding as embedding
    from modelhub.registry.default import get_model as get_model
    from modelhub.registry.default import image as image
    from modelhub.registry.default import init as init
    from modelhub.registry.default import stats as stats
    from modelhub.registry.registry import ModelRegistry as ModelRegistry

# Each is imported on first use, since checking files needs no registry.
_HOMES = {
    "ModelRegistry": "registry",
    "chat": "default",
    "embedding": "default",
    "get_model": "default",
    "image": "default",
    "init": "default",
    "stats": "default",
}


if not TYPE_CHECKING:
    __getattr__ = build_face(__name__, _HOMES)
