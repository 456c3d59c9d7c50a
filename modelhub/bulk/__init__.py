"""Bulk jobs: a model asked about every row of an input, whatever its size; ``run`` and ``arun`` for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelhub.faces import build_face

if TYPE_CHECKING:
    from modelhub.bulk.api import arun as arun
    from modelhub.bulk.api import run as run

_HOMES = {"arun": "api", "run": "api"}

__getattr__ = build_face(__name__, _HOMES)
