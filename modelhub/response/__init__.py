"""What a model answered."""

import modelhub.response.cumulative  # noqa: F401  whole responses become streamed ones by it
from modelhub.response.response import ModelResponse as ModelResponse
from modelhub.response.response import ResponseDelta as ResponseDelta
from modelhub.response.streamed import StreamedResponse as StreamedResponse
from modelhub.response.tool_calls import ToolCall as ToolCall
from modelhub.response.tool_calls import ToolCallDelta as ToolCallDelta
from modelhub.response.usage import Usage as Usage
