"""The old home of the parts of a response; they are in modelhub.base now."""

from modelhub.response.tool_calls import ToolCall as ToolCall
from modelhub.response.tool_calls import ToolCallDelta as ToolCallDelta
from modelhub.response.tool_calls import build_tool_call as build_tool_call
from modelhub.response.usage import Usage as Usage
