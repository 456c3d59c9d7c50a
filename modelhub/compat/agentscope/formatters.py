"""``agentscope.formatters``: prompt layouts."""

from __future__ import annotations

from modelhub.compat.agentscope.scope import refuse
from modelhub.formatters import AnthropicFormatter as AnthropicFormatter
from modelhub.formatters import CommonFormatter as CommonFormatter
from modelhub.formatters import DashScopeFormatter as DashScopeFormatter
from modelhub.formatters import FormatterBase as FormatterBase
from modelhub.formatters import GeminiFormatter as GeminiFormatter
from modelhub.formatters import OpenAIFormatter as OpenAIFormatter

__getattr__ = refuse("agentscope.formatters")
