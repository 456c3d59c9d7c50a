"""Models that draw images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelhub.base.http import HTTPModelWrapperBase
from modelhub.base.texts import read_prompt
from modelhub.overriding import override

if TYPE_CHECKING:
    from modelhub.base.public import ImageWrapper as Visible
else:
    Visible = object


class ImageWrapper(HTTPModelWrapperBase, Visible):  # pyright: ignore[reportIncompatibleVariableOverride]
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
        return self.read(prompt), {"stream": False, **options}

    def read(self, prompt: Any) -> Any:
        """``prompt``, if it is a text; raises BadRequestError, which says what it is instead."""
        return read_prompt(prompt)


def normalize_prompt(prompt: Any) -> str:
    """The prompt of an image; raises BadRequestError if it is not a text."""
    return read_prompt(prompt)
