"""How a conversation of Msg objects becomes the prompt of a vendor: AgentScope's layouts, one module each."""

from __future__ import annotations

from modelhub.formatters.anthropic import AnthropicFormatter as AnthropicFormatter
from modelhub.formatters.base import FormatterBase as FormatterBase
from modelhub.formatters.common import CommonFormatter as CommonFormatter
from modelhub.formatters.dashscope import DashScopeFormatter as DashScopeFormatter
from modelhub.formatters.gemini import GeminiFormatter as GeminiFormatter
from modelhub.formatters.openai import OpenAIFormatter as OpenAIFormatter

__all__ = [
    "AnthropicFormatter",
    "CommonFormatter",
    "DashScopeFormatter",
    "FormatterBase",
    "GeminiFormatter",
    "OpenAIFormatter",
]
