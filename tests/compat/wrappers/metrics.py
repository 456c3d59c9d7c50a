"""Up to 0.0.4: counters of its own, and a record of each call."""

from typing import Any

from agentscope.models import ModelResponse, ModelWrapperBase


class SampleMetrics(ModelWrapperBase):
    model_type: str = "sample_metrics"

    def __init__(self, config_name: str, model_name: str = "counted", budget: float = 3.0, **kwargs: Any) -> None:
        super().__init__(config_name=config_name)
        self.model_name = model_name
        self._register_budget(model_name, budget)
        self._register_default_metrics()

    def _register_default_metrics(self) -> None:
        self.monitor.register(self._metric("call_counter"), metric_unit="times")
        self.monitor.register(self._metric("prompt_tokens"), metric_unit="token")

    def __call__(self, messages: list, **kwargs: Any) -> ModelResponse:
        response = {"text": messages[0]["content"]}
        self._save_model_invocation(arguments={"messages": messages, "api_key": "sk-private-1"}, response=response)
        self.update_monitor(call_counter=1, prompt_tokens=len(response["text"]))
        return ModelResponse(text=response["text"], raw=response)
