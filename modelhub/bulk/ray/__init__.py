"""The engine that asks with many machines: Ray Data carries questions to actors, each with a registry of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelhub.faces import build_face

if TYPE_CHECKING:
    from modelhub.bulk.ray.ask import Ask as Ask
    from modelhub.bulk.ray.carrier import RayCarrier as RayCarrier

_HOMES = {"Ask": "ask", "RayCarrier": "carrier"}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = build_face(__name__, _HOMES)
