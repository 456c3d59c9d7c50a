"""A program as AgentScope 0.1.6 has it."""

import json
import os
from typing import Any

import agentscope
from agentscope.constants import _DEFAULT_MAX_RETRIES
from agentscope.exception import JsonParsingError, ResponseParsingError
from agentscope.formatters import CommonFormatter
from agentscope.manager import ASManager, FileManager, ModelManager, MonitorManager
from agentscope.message import ImageBlock, Msg, TextBlock
from agentscope.models import (
    ChatUsage,
    ModelResponse,
    ModelWrapperBase,
    OpenAIChatWrapper,
    PostAPIChatWrapper,
)
from agentscope.serialize import deserialize, serialize
from agentscope.tokens import count, register_model, supported_models
from agentscope.utils.common import _convert_to_str


class EchoWrapper(ModelWrapperBase):
    """A wrapper of the program's own."""

    model_type: str = "project_echo"

    def __init__(self, config_name: str, model_name: str, prefix: str = "", **kwargs: Any) -> None:
        super().__init__(config_name, model_name=model_name)
        self.prefix = prefix

    def __call__(self, messages: list, **kwargs: Any) -> ModelResponse:
        text = self.prefix + messages[-1]["content"]
        self._save_model_invocation(
            arguments={"messages": messages},
            response={"text": text},
            usage=ChatUsage(prompt_tokens=1, completion_tokens=1),
        )
        self.monitor.update_text_and_embedding_tokens(self.model_name, 1, 1)
        return ModelResponse(text=text, raw={"text": text})

    def format(self, *args: Msg | list) -> list:
        return CommonFormatter.format_chat(*args)


def parse_number(response: ModelResponse) -> ModelResponse:
    try:
        response.parsed = json.loads(response.text)
    except json.JSONDecodeError as exc:
        raise JsonParsingError("no JSON", raw_response=response.text) from exc
    return response


def main() -> None:
    agentscope.register_model_wrapper_class(EchoWrapper)
    agents = agentscope.init(
        model_configs="model_configs.json",
        project="port",
        name="first",
        save_dir="./runs",
        save_api_invoke=True,
        use_monitor=True,
        logger_level="WARNING",
    )
    report = {"agents": agents}

    calls = []

    def hook(obj, invocation_id, timestamp, arguments, response, usage):
        calls.append([obj.config_name, invocation_id.startswith("model_"), usage])

    ModelWrapperBase.register_save_model_invocation_hook("count", hook)

    manager = ModelManager.get_instance()
    model = manager.get_model_by_config_name("my_gpt")
    assert isinstance(model, OpenAIChatWrapper)
    prompt = model.format(
        Msg("system", "Be brief.", "system"),
        [Msg("Bob", [TextBlock(type="text", text="echo: hello")], "user"), None][:1],
        multi_agent_mode=False,
    )
    response = model(prompt)
    report["text"] = response.text
    report["str"] = json.loads(str(response))["text"]

    response = model(prompt, stream=True)
    report["stream"] = [[last, text] for last, text in response.stream]

    number = model(
        [{"role": "user", "content": "echo: 42"}],
        parse_func=parse_number,
        fault_handler=lambda r: None,
        max_retries=_DEFAULT_MAX_RETRIES,
    )
    report["parsed"] = number.parsed
    try:
        model([{"role": "user", "content": "echo: x"}], parse_func=parse_number, max_retries=1)
    except ResponseParsingError as error:
        report["raw_response"] = error.raw_response

    mine = manager.get_model_by_config_name("mine")
    report["mine"] = mine(mine.format(Msg("Bob", "hi", "user"))).text
    assert isinstance(manager.get_model_by_config_name("private"), PostAPIChatWrapper)
    report["private"] = manager.get_model_by_config_name("private")(prompt[-1:]).text

    for name, kind in (("unknown", ValueError),):
        try:
            manager.get_model_by_config_name(name)
        except kind as error:
            report["unknown"] = str(error)
    report["config"] = manager.get_config_by_name("my_gpt")["model_type"]
    assert manager.get_config_by_name("unknown") is None

    register_model("my_gpt", lambda model_name, messages: 7 * len(messages))
    report["tokens"] = [count("my_gpt", prompt), count("gpt-4o", prompt) > 0, "my_gpt" in supported_models()]
    report["usage"] = agentscope.print_llm_usage()
    assert MonitorManager.get_instance().show_text_and_embedding_tokens() == report["usage"]["text_and_embedding"]
    report["hooks"] = calls
    report["converted"] = _convert_to_str({"a": "ä"})
    report["serialized"] = deserialize(serialize([Msg("Bob", "hi", "user")]))[0].content
    report["image"] = ImageBlock(type="image", url="a.png")["type"]

    state = agentscope.state_dict()
    assert "sk-private-123" not in json.dumps(state)
    report["run"] = [state["project"], state["name"], state["file"]["save_api_invoke"], ASManager.get_instance().run_id]
    folder = FileManager.get_instance().invoke_dir
    report["records"] = sorted(os.listdir(folder))
    report["record_text"] = ""
    for record in report["records"]:
        with open(os.path.join(folder, record), encoding="utf-8") as file:
            report["record_text"] += file.read()
    print(json.dumps(report))


if __name__ == "__main__":
    main()
