"""01.AI's Yi models, by OpenAI's API at another address: https://platform.lingyiwanwu.com/docs."""

from __future__ import annotations

from typing import Any

from modelhub.base import Request, override
from modelhub.fitting import OPENAI

from .openai import OpenAIChatWrapper


class YiChatWrapper(OpenAIChatWrapper):
    """Chat completions; the three sampling options may be at the top level of the config, as in AgentScope."""

    model_type = "yi_chat"
    formatters = ("common",)
    base_url = "https://api.lingyiwanwu.com/v1"
    base_url_variable = "YI_BASE_URL"
    key_variable = "YI_API_KEY"
    knows_developer = knows_marks = False
    asks_usage = False
    fitting = OPENAI._replace(vendor="Yi", completion=False)

    def __init__(
        self,
        *args: Any,
        max_tokens: int | None = None,
        top_p: float | None = 0.9,
        temperature: float | None = 0.3,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.max_tokens = max_tokens
        self.top_p = top_p
        self.temperature = temperature

    @override
    def format(self, *msgs: Any, multi_agent_mode: bool = True) -> list[dict[str, Any]]:
        if self.model_name == "yi-vision" and not self.formatter:  # as in AgentScope, whose layout has no images
            raise NotImplementedError("yi-vision has no layout of its own: set formatter: openai in its config")
        return super().format(*msgs, multi_agent_mode=multi_agent_mode)

    @override
    def build_account_headers(self) -> dict[str, str]:
        return {}

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        for name in ("max_tokens", "top_p", "temperature"):
            value = getattr(self, name)
            if value is not None:
                options.setdefault(name, value)
        return super().build_request(input, options, stream)
