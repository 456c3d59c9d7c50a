"""What has to be known of model_types before layers of configs are merged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Vocabulary(Protocol):
    """The spellings of model_types and keys, old and new."""

    def modern_type(self, model_type: str) -> str:
        """The model_type that an old name of it means, else itself."""
        ...

    def near_type(self, model_type: str) -> str | None:
        """The model_type that was probably meant by one that does not exist; None when it does, or none is near."""
        ...

    def old_keys(self, model_type: str | None) -> Mapping[str, str]:
        """The old spellings of keys that configs of a model_type may have, and today's."""
        ...

    def identity_keys(self, config: Mapping[str, Any]) -> Mapping[str, str]:
        """How a config spells ``config_name`` and ``model_type`` when it does so the old way."""
        ...


class AsWritten:
    """Every spelling is its own."""

    def modern_type(self, model_type: str) -> str:
        return model_type

    def near_type(self, model_type: str) -> str | None:
        return None

    def old_keys(self, model_type: str | None) -> Mapping[str, str]:
        return {}

    def identity_keys(self, config: Mapping[str, Any]) -> Mapping[str, str]:
        return {}


AS_WRITTEN = AsWritten()
