"""No ``__init__`` at all: the base takes whatever the config has."""

from typing import Any

from agentscope.models import ModelResponse, ModelWrapperBase


class SampleWithoutInit(ModelWrapperBase):
    model_type: str = "SampleWithoutInit"

    def __call__(self, *args: Any, **kwargs: Any) -> ModelResponse:
        return ModelResponse(text=self.config_name)
