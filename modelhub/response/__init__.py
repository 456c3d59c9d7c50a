"""The names that are asked of modelhub.response."""

from modelhub.response.response import ModelResponse as ModelResponse
from modelhub.response.response import ToolCall as ToolCall
from modelhub.response.response import ToolCallDelta as ToolCallDelta
from modelhub.response.response import Usage as Usage
