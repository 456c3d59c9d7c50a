"""Models by what they do: chats answer messages, embeddings turn texts into vectors, image models draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from modelhub.errors import ConfigError, Problem
from modelhub.tracebacks import shortened

if TYPE_CHECKING:
    from modelhub.base.public import ChatWrapper, EmbeddingWrapper, ImageWrapper, ModelWrapperBase

_DOES = {"chat": "a chat model", "embedding": "an embedding model", "image": "an image model"}


class ByTask:
    """A base of ModelRegistry: its models by name and task, so that checkers know how each is called."""

    def get_model(self, config_name: str) -> ModelWrapperBase:
        """The model called ``config_name``."""
        raise NotImplementedError

    @shortened
    def chat(self, config_name: str) -> ChatWrapper:
        """``get_model`` for a chat model; raises ConfigError for one that does something else."""
        return cast("ChatWrapper", self._expect(config_name, "chat"))

    @shortened
    def embedding(self, config_name: str) -> EmbeddingWrapper:
        """``get_model`` for an embedding model; raises ConfigError for one that does something else."""
        return cast("EmbeddingWrapper", self._expect(config_name, "embedding"))

    @shortened
    def image(self, config_name: str) -> ImageWrapper:
        """``get_model`` for an image model; raises ConfigError for one that does something else."""
        return cast("ImageWrapper", self._expect(config_name, "image"))

    def _expect(self, config_name: str, task: str) -> Any:
        model = self.get_model(config_name)
        if model.task == task:
            return model
        message = f"{config_name!r} is {_DOES.get(model.task, repr(model.task))}, not {_DOES[task]}"
        hint = f"call {model.task}({config_name!r})" if model.task in _DOES else f"call get_model({config_name!r})"
        raise ConfigError([Problem("MH306", message, hint, config_name=config_name)])
