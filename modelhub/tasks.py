"""What a model is for: the signatures that chat, embedding and other wrappers share."""

from __future__ import annotations

from typing import Any

from modelhub.base import HTTPModelWrapperBase
from modelhub.errors import BadRequestError

# A task names its input and what goes with it, so its calls are narrower than the base's on purpose.


class ChatWrapper(HTTPModelWrapperBase):
    """A model that answers messages."""

    def __call__(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, messages: Any, stream: bool | None = None, tools: Any = None, tool_choice: Any = None, **options: Any
    ) -> Any:
        """Answer ``messages``: a str, OpenAI-shaped dicts, or Msg objects.

        ``tools``, ``tool_choice``, ``response_format`` and the neutral ``temperature, top_p, max_tokens, stop,
        seed`` are the same for every vendor; other options go to the vendor as they are. With ``stream`` the
        response is iterated for its deltas. Raises a ModelCallError, which names the config.
        """
        options.update(tools=tools, tool_choice=tool_choice)
        return self.run(messages, stream, options)

    __call__.keeps_contract = True  # type: ignore[attr-defined]

    async def acall(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, messages: Any, stream: bool | None = None, tools: Any = None, tool_choice: Any = None, **options: Any
    ) -> Any:
        """``__call__`` for async code."""
        options.update(tools=tools, tool_choice=tool_choice)
        return await self.arun(messages, stream, options)


class EmbeddingWrapper(HTTPModelWrapperBase):
    """A model that turns texts into vectors."""

    def __call__(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, texts: str | list[str], **options: Any
    ) -> Any:
        """One vector for each text in ``embedding``, also for a single str. Raises a ModelCallError."""
        return self.run(texts, False, options)

    __call__.keeps_contract = True  # type: ignore[attr-defined]

    async def acall(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, texts: str | list[str], **options: Any
    ) -> Any:
        """``__call__`` for async code."""
        return await self.arun(texts, False, options)


def normalize_texts(texts: Any) -> list[str]:
    """The texts to embed; raises BadRequestError when there are none or one is no str."""
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) for text in texts):
        raise BadRequestError("texts must be a str or a list of str with at least one item")
    return list(texts)
