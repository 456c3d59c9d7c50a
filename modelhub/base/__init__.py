"""What a wrapper is made of: everything that the author of a wrapper needs."""

from modelhub.base.chat import ChatWrapper
from modelhub.base.composite import CompositeWrapper, ask
from modelhub.base.embedding import EmbeddingWrapper, check_vectors, normalize_texts
from modelhub.base.endpoint import Endpoint, add_path, add_query
from modelhub.base.fitted import FittedWrapper
from modelhub.base.http import HTTPModelWrapperBase
from modelhub.base.image import ImageWrapper, normalize_prompt
from modelhub.base.texts import read_prompt, read_texts
from modelhub.base.wrapper import ModelWrapperBase
from modelhub.engine.call import Call
from modelhub.engine.classify import Codes, build_error, find_request_id
from modelhub.engine.effects import Flow
from modelhub.engine.failures import (
    decode_error,
    error_from_json,
    find_failure,
    find_status,
    parse_error_body,
    raise_for_failure,
)
from modelhub.engine.interface import Authorization
from modelhub.engine.job import Begun, Job
from modelhub.engine.library import LibraryCall
from modelhub.engine.stream import tells
from modelhub.engine.too_long import says_too_long
from modelhub.fitting import VendorRules
from modelhub.formatters.base import FormatterBase
from modelhub.media import Load, Takes
from modelhub.messages.turns import read_text
from modelhub.overriding import override
from modelhub.policies.retry import RetryPolicy
from modelhub.response import ModelResponse, ToolCall, ToolCallDelta, Usage
from modelhub.response.accumulator import Accumulator
from modelhub.response.origin import Dialect, Origin, build_origin
from modelhub.response.tool_calls import build_tool_call, build_tool_calls, make_call_id
from modelhub.wire import (
    Event,
    EventDecoder,
    LineDecoder,
    Reply,
    Request,
    SSEDecoder,
    Timeouts,
    build_timeouts,
    decode_json,
    encode_json,
    said,
)

__all__ = [
    "Accumulator",
    "Authorization",
    "Begun",
    "Call",
    "ChatWrapper",
    "Codes",
    "CompositeWrapper",
    "Dialect",
    "EmbeddingWrapper",
    "Endpoint",
    "Event",
    "EventDecoder",
    "FittedWrapper",
    "Flow",
    "FormatterBase",
    "HTTPModelWrapperBase",
    "ImageWrapper",
    "Job",
    "LibraryCall",
    "LineDecoder",
    "Load",
    "ModelResponse",
    "ModelWrapperBase",
    "Origin",
    "Reply",
    "Request",
    "RetryPolicy",
    "SSEDecoder",
    "Takes",
    "Timeouts",
    "ToolCall",
    "ToolCallDelta",
    "Usage",
    "VendorRules",
    "add_path",
    "add_query",
    "ask",
    "build_error",
    "build_origin",
    "build_timeouts",
    "build_tool_call",
    "build_tool_calls",
    "check_vectors",
    "decode_error",
    "decode_json",
    "encode_json",
    "error_from_json",
    "find_failure",
    "find_request_id",
    "find_status",
    "make_call_id",
    "normalize_prompt",
    "normalize_texts",
    "override",
    "parse_error_body",
    "raise_for_failure",
    "read_prompt",
    "read_text",
    "read_texts",
    "said",
    "says_too_long",
    "tells",
]
