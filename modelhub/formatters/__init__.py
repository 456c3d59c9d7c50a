"""How a conversation of Msg objects becomes the prompt of a vendor: AgentScope's layouts, one module each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelhub.faces import build_face

if TYPE_CHECKING:
    from modelhub.formatters.anthropic import AnthropicFormatter as AnthropicFormatter
    from modelhub.formatters.base import FormatterBase as FormatterBase
    from modelhub.formatters.common import CommonFormatter as CommonFormatter
    from modelhub.formatters.dashscope import DashScopeFormatter as DashScopeFormatter
    from modelhub.formatters.gemini import GeminiFormatter as GeminiFormatter
    from modelhub.formatters.openai import OpenAIFormatter as OpenAIFormatter

_HOMES = {
    "AnthropicFormatter": "anthropic",
    "CommonFormatter": "common",
    "DashScopeFormatter": "dashscope",
    "FormatterBase": "base",
    "GeminiFormatter": "gemini",
    "OpenAIFormatter": "openai",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

if not TYPE_CHECKING:
    __getattr__ = build_face(__name__, _HOMES)
