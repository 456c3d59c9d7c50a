"""From 0.1.2 on: config_name and model_name for the base, and a ModelResponse."""

from typing import Any

from agentscope.models import ModelResponse, ModelWrapperBase


class MyModelWrapper(ModelWrapperBase):
    model_type: str = "sample_positional"

    def __init__(self, config_name: str, model_name: str, loud: bool = False, **kwargs: Any) -> None:
        super().__init__(config_name, model_name=model_name)
        self.loud = loud

    def __call__(self, messages: list, **kwargs: Any) -> ModelResponse:
        text = messages[-1]["content"]
        return ModelResponse(text.upper() if self.loud else text, None, None, {"model": self.model_name})
