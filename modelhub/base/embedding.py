"""Models that turn texts into vectors."""

from __future__ import annotations

from typing import Any

from modelhub.base.http import HTTPModelWrapperBase
from modelhub.errors import BadRequestError
from modelhub.overriding import override


class EmbeddingWrapper(HTTPModelWrapperBase):
    """A model that turns texts into vectors.

    It is called with one text or a list of them; ``embedding`` of the response has one vector for each, also for a
    single str. Options go to the vendor as they are. Raises a ModelCallError, which names the config.
    """

    task = "embedding"
    input_name = "texts"

    @override
    def bind(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, texts: Any, **options: Any
    ) -> tuple[Any, dict[str, Any]]:
        """The texts, and the options; embeddings never stream, whatever the config says."""
        return texts, {"stream": False, **options}


def normalize_texts(texts: Any) -> list[str]:
    """The texts to embed; raises BadRequestError if there are no texts, or if one is not a str."""
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) for text in texts):
        raise BadRequestError("texts must be a str or a list of str with at least one item")
    return list(texts)
