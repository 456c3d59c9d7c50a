"""What the merging of layers has to know about model_types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Vocabulary(Protocol):
    """The spellings of model_types and keys, old and new."""

    def modern_type(self, model_type: str) -> str:
        """The model_type that an old name means; any other name is returned as it is."""
        ...

    def near_type(self, model_type: str) -> str | None:
        """The model_type that a misspelt name probably means; None if the name exists, or if no name is near."""
        ...

    def old_keys(self, model_type: str | None) -> Mapping[str, str]:
        """The old spellings of keys in configs of a model_type, each with the spelling of today."""
        ...

    def identity_keys(self, config: Mapping[str, Any]) -> Mapping[str, str]:
        """The old spellings of ``config_name`` and ``model_type`` that a config uses, each with today's spelling."""
        ...

    def has_key(self, model_type: str, key: str) -> bool:
        """Whether configs of a model_type may say ``key``, which most types have."""
        ...


class AsWritten:
    """A vocabulary without old spellings."""

    def modern_type(self, model_type: str) -> str:
        """The same name."""
        return model_type

    def near_type(self, model_type: str) -> str | None:
        """Always None: it does not know which model_types exist."""
        return None

    def old_keys(self, model_type: str | None) -> Mapping[str, str]:
        """Always empty."""
        return {}

    def identity_keys(self, config: Mapping[str, Any]) -> Mapping[str, str]:
        """Always empty."""
        return {}

    def has_key(self, model_type: str, key: str) -> bool:
        """Always True."""
        return True


AS_WRITTEN = AsWritten()
