"""``agentscope.models``: the base classes, the wrappers (imported on first use), and the functions of 0.0.4."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from modelhub.base import HTTPModelWrapperBase
from modelhub.base.wrapper import ModelWrapperBase as ModelWrapperBase
from modelhub.compat.agentscope.manager import ModelManager
from modelhub.compat.agentscope.scope import refuse
from modelhub.response import ModelResponse as ModelResponse
from modelhub.response import Usage

_HOMES = {
    "anthropic": "AnthropicChatWrapper",
    "dashscope": "DashScopeChatWrapper DashScopeMultiModalWrapper",
    "dashscope_endpoint": "DashScopeWrapperBase",
    "dashscope_embedding": "DashScopeTextEmbeddingWrapper",
    "dashscope_image": "DashScopeImageSynthesisWrapper",
    "gemini": "GeminiChatWrapper GeminiEmbeddingWrapper GeminiWrapperBase",
    "litellm": "LiteLLMChatWrapper LiteLLMWrapperBase",
    "ollama": "OllamaChatWrapper OllamaEmbeddingWrapper OllamaGenerationWrapper OllamaWrapperBase",
    "openai": "OpenAIChatWrapper OpenAIDALLEWrapper OpenAIEmbeddingWrapper OpenAIWrapper OpenAIWrapperBase",
    "post_api": "PostAPIChatWrapper PostAPIDALLEWrapper PostAPIEmbeddingWrapper PostAPIModelWrapperBase",
    "yi": "YiChatWrapper",
    "zhipuai": "ZhipuAIChatWrapper ZhipuAIEmbeddingWrapper ZhipuAIWrapperBase",
}
_WRAPPERS = {name: home for home, names in _HOMES.items() for name in names.split()}
_HERE = {  # where the wrapper is called otherwise
    "DashScopeWrapperBase": "DashScopeEndpoint",
    "GeminiWrapperBase": "GeminiEndpoint",
    "LiteLLMWrapperBase": "LiteLLMChatWrapper",
    "OllamaWrapperBase": "OllamaEndpoint",
    "OpenAIWrapper": "OpenAIChatWrapper",
    "OpenAIWrapperBase": "OpenAIEndpoint",
    "ZhipuAIWrapperBase": "ZhipuAIEndpoint",
}
__all__ = ["ChatUsage", "ModelResponse", "ModelWrapperBase", *_WRAPPERS]  # pyright: ignore[reportUnsupportedDunderAll]


class ChatUsage:
    """The tokens of one call, for ``_save_model_invocation``."""

    type = "chat"

    def __init__(self, prompt_tokens: int, completion_tokens: int, total_tokens: int | None = None) -> None:
        self.usage = Usage(prompt_tokens, completion_tokens, total_tokens)

    def model_dump(self) -> dict[str, Any]:
        """As records hold it."""
        from modelhub.telemetry.invocations import build_usage

        return build_usage(self.usage)


def load_model_by_config_name(config_name: str) -> Any:
    """The model of that name, as in 0.0.4; raises ValueError if no config has that name."""
    return ModelManager.get_instance().get_model_by_config_name(config_name)


def read_model_configs(configs: Any, clear_existing: bool = False) -> None:
    """Load configs, as in 0.0.4."""
    ModelManager.get_instance().load_model_configs(configs, clear_existing)


def clear_model_configs() -> None:
    """Forget all configs."""
    ModelManager.get_instance().clear_model_configs()


_refuse = refuse("agentscope.models")


def __getattr__(name: str) -> Any:
    if name not in _WRAPPERS:
        return _refuse(name)
    module = import_module(f"modelhub.wrappers.{_WRAPPERS[name]}")
    cls = getattr(module, _HERE.get(name, name))
    if not issubclass(cls, ModelWrapperBase):  # what a vendor's wrappers have in common, beside their base
        cls = type(name, (cls, HTTPModelWrapperBase), {"__module__": __name__, "__doc__": cls.__doc__})
    globals()[name] = cls
    return cls
