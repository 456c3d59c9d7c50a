"""Writes lists of models: https://platform.openai.com/docs/api-reference/models"""

from __future__ import annotations

from collections.abc import Iterable

from modelhub.server.formats.replies import Json

CREATED = 1767225600
"""When all models were made, in seconds since 1970: nobody has told when they were."""


def build_models(names: Iterable[str]) -> Json:
    """The list of all models."""
    return {"object": "list", "data": [build_model(name) for name in names]}


def build_model(name: str) -> Json:
    """One model."""
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "modelhub"}
