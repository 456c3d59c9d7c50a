"""An ``__init__`` that never calls its base's, as test doubles have it."""

from typing import Any

from agentscope.models import ModelResponse, ModelWrapperBase


class SampleWithoutSuper(ModelWrapperBase):
    model_type: str = "sample_without_super"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.max_length = 1000

    def __call__(self, *args: Any, **kwargs: Any) -> ModelResponse:
        return ModelResponse(text=f"{self.config_name} {self.model_name} {self.max_length}")
