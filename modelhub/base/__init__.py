"""What a wrapper is made of: everything that the author of a wrapper needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelhub.faces import build_face

if TYPE_CHECKING:
    from modelhub.base.chat import ChatWrapper as ChatWrapper
    from modelhub.base.composite import CompositeWrapper as CompositeWrapper
    from modelhub.base.composite import ask as ask
    from modelhub.base.embedding import EmbeddingWrapper as EmbeddingWrapper
    from modelhub.base.embedding import check_vectors as check_vectors
    from modelhub.base.embedding import normalize_texts as normalize_texts
    from modelhub.base.endpoint import Endpoint as Endpoint
    from modelhub.base.fitted import FittedWrapper as FittedWrapper
    from modelhub.base.http import HTTPModelWrapperBase as HTTPModelWrapperBase
    from modelhub.base.image import ImageWrapper as ImageWrapper
    from modelhub.base.image import normalize_prompt as normalize_prompt
    from modelhub.base.public import ModelWrapperBase as ModelWrapperBase
    from modelhub.base.texts import read_prompt as read_prompt
    from modelhub.base.texts import read_texts as read_texts
    from modelhub.engine.call import Call as Call
    from modelhub.engine.classify import Codes as Codes
    from modelhub.engine.classify import build_error as build_error
    from modelhub.engine.classify import find_request_id as find_request_id
    from modelhub.engine.effects import Flow as Flow
    from modelhub.engine.failures import decode_error as decode_error
    from modelhub.engine.failures import error_from_json as error_from_json
    from modelhub.engine.failures import find_failure as find_failure
    from modelhub.engine.failures import find_status as find_status
    from modelhub.engine.failures import parse_error_body as parse_error_body
    from modelhub.engine.failures import raise_for_failure as raise_for_failure
    from modelhub.engine.interface import Authorization as Authorization
    from modelhub.engine.job import Begun as Begun
    from modelhub.engine.job import Job as Job
    from modelhub.engine.library import LibraryCall as LibraryCall
    from modelhub.engine.query import add_path as add_path
    from modelhub.engine.query import add_query as add_query
    from modelhub.engine.stream import tells as tells
    from modelhub.engine.too_long import says_too_long as says_too_long
    from modelhub.fitting import VendorRules as VendorRules
    from modelhub.formatters.base import FormatterBase as FormatterBase
    from modelhub.media import Load as Load
    from modelhub.media import Takes as Takes
    from modelhub.messages.turns import read_text as read_text
    from modelhub.overriding import override as override
    from modelhub.policies.retry import RetryPolicy as RetryPolicy
    from modelhub.response import ModelResponse as ModelResponse
    from modelhub.response import ToolCall as ToolCall
    from modelhub.response import ToolCallDelta as ToolCallDelta
    from modelhub.response import Usage as Usage
    from modelhub.response.accumulator import Accumulator as Accumulator
    from modelhub.response.origin import Dialect as Dialect
    from modelhub.response.origin import Origin as Origin
    from modelhub.response.origin import build_origin as build_origin
    from modelhub.response.tool_calls import build_tool_call as build_tool_call
    from modelhub.response.tool_calls import build_tool_calls as build_tool_calls
    from modelhub.response.tool_calls import make_call_id as make_call_id
    from modelhub.wire import Event as Event
    from modelhub.wire import EventDecoder as EventDecoder
    from modelhub.wire import LineDecoder as LineDecoder
    from modelhub.wire import Reply as Reply
    from modelhub.wire import Request as Request
    from modelhub.wire import SSEDecoder as SSEDecoder
    from modelhub.wire import Timeouts as Timeouts
    from modelhub.wire import build_timeouts as build_timeouts
    from modelhub.wire import decode_json as decode_json
    from modelhub.wire import encode_json as encode_json
    from modelhub.wire import said as said

_HOMES = {
    "Accumulator": "modelhub.response.accumulator",
    "Authorization": "modelhub.engine.interface",
    "Begun": "modelhub.engine.job",
    "Call": "modelhub.engine.call",
    "ChatWrapper": "chat",
    "Codes": "modelhub.engine.classify",
    "CompositeWrapper": "composite",
    "Dialect": "modelhub.response.origin",
    "EmbeddingWrapper": "embedding",
    "Endpoint": "endpoint",
    "Event": "modelhub.wire",
    "EventDecoder": "modelhub.wire",
    "FittedWrapper": "fitted",
    "Flow": "modelhub.engine.effects",
    "FormatterBase": "modelhub.formatters.base",
    "HTTPModelWrapperBase": "http",
    "ImageWrapper": "image",
    "Job": "modelhub.engine.job",
    "LibraryCall": "modelhub.engine.library",
    "LineDecoder": "modelhub.wire",
    "Load": "modelhub.media",
    "ModelResponse": "modelhub.response",
    "ModelWrapperBase": "wrapper",
    "Origin": "modelhub.response.origin",
    "Reply": "modelhub.wire",
    "Request": "modelhub.wire",
    "RetryPolicy": "modelhub.policies.retry",
    "SSEDecoder": "modelhub.wire",
    "Takes": "modelhub.media",
    "Timeouts": "modelhub.wire",
    "ToolCall": "modelhub.response",
    "ToolCallDelta": "modelhub.response",
    "Usage": "modelhub.response",
    "VendorRules": "modelhub.fitting",
    "add_path": "modelhub.engine.query",
    "add_query": "modelhub.engine.query",
    "ask": "composite",
    "build_error": "modelhub.engine.classify",
    "build_origin": "modelhub.response.origin",
    "build_timeouts": "modelhub.wire",
    "build_tool_call": "modelhub.response.tool_calls",
    "build_tool_calls": "modelhub.response.tool_calls",
    "check_vectors": "embedding",
    "decode_error": "modelhub.engine.failures",
    "decode_json": "modelhub.wire",
    "encode_json": "modelhub.wire",
    "error_from_json": "modelhub.engine.failures",
    "find_failure": "modelhub.engine.failures",
    "find_request_id": "modelhub.engine.classify",
    "find_status": "modelhub.engine.failures",
    "make_call_id": "modelhub.response.tool_calls",
    "normalize_prompt": "image",
    "normalize_texts": "embedding",
    "override": "modelhub.overriding",
    "parse_error_body": "modelhub.engine.failures",
    "raise_for_failure": "modelhub.engine.failures",
    "read_prompt": "texts",
    "read_text": "modelhub.messages.turns",
    "read_texts": "texts",
    "said": "modelhub.wire",
    "says_too_long": "modelhub.engine.too_long",
    "tells": "modelhub.engine.stream",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

if not TYPE_CHECKING:
    __getattr__ = build_face(__name__, _HOMES)
