"""Models that draw images."""

from __future__ import annotations

from typing import Any

from modelhub.base.http import HTTPModelWrapperBase
from modelhub.errors import BadRequestError
from modelhub.overriding import override


class ImageWrapper(HTTPModelWrapperBase):
    """A model that draws images.

    It is called with a prompt; ``image_urls`` of the response has URLs or data URIs. Options go to the vendor as they
    are. Raises a ModelCallError, which names the config.
    """

    task = "image"
    input_name = "prompt"

    @override
    def bind(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, prompt: Any, **options: Any
    ) -> tuple[Any, dict[str, Any]]:
        """The prompt, and the options; images never stream, whatever the config says."""
        return prompt, {"stream": False, **options}


def normalize_prompt(prompt: Any) -> str:
    """The prompt of an image; raises BadRequestError if it is not a text."""
    if not isinstance(prompt, str) or not prompt:
        raise BadRequestError("prompt must be a str that is not empty")
    return prompt
