"""Up to 0.0.4, as the first guide has it: no model_name for the base, and the answer is a str."""

from typing import Any

from agentscope.models import ModelWrapperBase


class MyModelWrapper(ModelWrapperBase):
    model_type: str = "sample_plain_text"

    def __init__(self, config_name: str, my_arg1: str, my_arg2: str = "?", **kwargs: Any) -> None:
        super().__init__(config_name=config_name)
        self.my_arg1 = my_arg1
        self.my_arg2 = my_arg2

    def __call__(self, input: str, **kwargs: Any) -> str:
        return f"{self.my_arg1}{input}{self.my_arg2}"
