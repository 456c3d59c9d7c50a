"""An ``__init__`` with nothing in it, over a provider's base class and over one of its wrappers."""

from typing import Any

from agentscope.models import ModelResponse, OpenAIEmbeddingWrapper, OpenAIWrapperBase


class SampleEmptyBase(OpenAIWrapperBase):
    model_type: str = "sample_empty_base"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __call__(self, *args: Any, **kwargs: Any) -> ModelResponse:
        return ModelResponse(text=f"nothing for {self.config_name}")


class SampleEmptyEmbedding(OpenAIEmbeddingWrapper):
    model_type: str = "sample_empty_embedding"

    def __init__(self, **kwargs: Any) -> None:
        pass
