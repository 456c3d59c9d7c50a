"""From 0.1.5 on: usage for the record of a call and for the monitor."""

from typing import Any

from agentscope.models import ChatUsage, ModelResponse, ModelWrapperBase


class SampleUsage(ModelWrapperBase):
    model_type: str = "sample_usage"

    def __call__(self, messages: list, **kwargs: Any) -> ModelResponse:
        usage = ChatUsage(prompt_tokens=3, completion_tokens=4)
        self._save_model_invocation(arguments={"messages": messages}, response={"ok": True}, usage=usage)
        self.monitor.update_text_and_embedding_tokens(self.model_name, prompt_tokens=3, completion_tokens=4)
        return ModelResponse(text="used")
