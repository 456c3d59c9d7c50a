"""A program as AgentScope 0.0.4 has it."""

import json
from typing import Any

import agentscope
from agentscope.file_manager import file_manager
from agentscope.message import MessageBase, Msg
from agentscope.models import (
    ModelResponse,
    ModelWrapperBase,
    clear_model_configs,
    load_model_by_config_name,
    read_model_configs,
)
from agentscope.models.model import ModelResponse as SameResponse
from agentscope.models.post_model import PostAPIChatWrapper
from agentscope.utils import MonitorFactory, QuotaExceededError
from agentscope.utils.monitor import get_full_name
from agentscope.utils.token_utils import count_openai_token, get_openai_max_length
from agentscope.utils.tools import _convert_to_str


class CountingWrapper(ModelWrapperBase):
    """A wrapper that counts its calls."""

    model_type: str = "project_counting"

    def __init__(self, config_name: str, **kwargs: Any) -> None:
        super().__init__(config_name=config_name)
        self.model_name = config_name
        self._register_default_metrics()

    def _register_default_metrics(self) -> None:
        self.monitor.register(self._metric("call_counter"), metric_unit="times")

    def __call__(self, messages: list, **kwargs: Any) -> str:
        try:
            self.update_monitor(call_counter=1)
        except QuotaExceededError as error:
            return str(error)
        self._save_model_invocation({"messages": messages}, {"said": "yes"})
        return "yes"

    def format(self, *args: Any) -> list:
        return [{"role": "user", "name": msg["name"], "content": _convert_to_str(msg["content"])} for msg in args]


def main() -> None:
    agentscope.init(model_configs="model_configs.json", save_api_invoke=True, use_monitor=True)
    report = {}
    assert SameResponse is ModelResponse and issubclass(Msg, MessageBase)
    msg = Msg("Bob", "echo: hello")
    report["msg"] = [msg.role, msg["content"], msg.get("url")]

    model = load_model_by_config_name("my_gpt")
    report["text"] = model([{"role": "user", "content": msg.content}]).text
    assert isinstance(load_model_by_config_name("private"), PostAPIChatWrapper)

    read_model_configs({"config_name": "counted", "model_type": "project_counting", "budget": 1})
    counting = load_model_by_config_name("counted")
    report["counted"] = [counting(counting.format(msg)).text for _ in range(2)]
    monitor = MonitorFactory.get_monitor()
    report["counter"] = monitor.get_value(get_full_name("call_counter", prefix="counted"))
    monitor.set_quota("counted.call_counter", 2)
    report["quota"] = counting([]).text

    report["tokens"] = [count_openai_token("hello there", "gpt-4") > 0, get_openai_max_length("gpt-4")]
    report["records"] = file_manager.save_api_invocation("mine", {"api_key": "sk-private-123"}) is not None
    clear_model_configs()
    try:
        load_model_by_config_name("my_gpt")
    except ValueError as error:
        report["cleared"] = str(error)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
