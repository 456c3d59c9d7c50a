"""The errors for replies that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from modelhub.engine.call import Call
from modelhub.engine.classify import find_request_id
from modelhub.engine.failures import as_words, describe_text
from modelhub.errors import ResponseParsingError
from modelhub.response import ModelResponse, ToolCall
from modelhub.response.tool_calls import MalformedToolCall
from modelhub.wire import Reply

T = TypeVar("T")

# What reading a reply of an unexpected shape raises.
MISSHAPEN = (KeyError, IndexError, TypeError, AttributeError, ValueError, RecursionError)
SHOWN = 20000  # bytes of a reply that a message about it is made from


def read(parse: Callable[[Reply], T], reply: Reply) -> T:
    """The result of ``parse(reply)``; if the reply has the wrong shape, a ResponseParsingError is raised."""
    try:
        return parse(reply)
    except MISSHAPEN as error:
        failure = misshapen(error, reply)
        if isinstance(error, ValueError) and not is_json(reply):
            failure.message = not_json(reply)
        raise failure from None


def misshapen(error: Exception, reply: Reply) -> ResponseParsingError:
    """The error to raise when reading a reply, or an event of its stream, has failed with ``error``."""
    what = f"there is no {error}" if isinstance(error, KeyError | IndexError) else str(error)
    what = "it is nested too deep" if isinstance(error, RecursionError) else what
    return ResponseParsingError(
        f"the reply does not have the expected shape: {what}",
        status=reply.status,
        request_id=find_request_id(reply.headers),
    )


def settle_calls(call: Call, response: ModelResponse, status: int | None = None) -> None:
    """Give the tool calls of a whole ``response`` the form that the caller knows, and check them."""
    if call.sent is not None:
        call.sent.restore(response.tool_calls)
    check_calls(response, response.tool_calls, status)


def check_calls(response: ModelResponse, calls: list[ToolCall] | None, status: int | None = None) -> None:
    """Let ``response`` keep those of its ``calls`` that can be run; a ResponseParsingError tells of the others.

    Its ``partial`` is the response, with all that is right of it.
    """
    bad = [call for call in calls or () if isinstance(call, MalformedToolCall)]
    if not bad:
        return
    response.tool_calls = [call for call in calls or () if not isinstance(call, MalformedToolCall)] or None
    cut = response.finish_reason == "length"
    why = ", because the answer ran into its limit of tokens (finish_reason length)" if cut else ""
    message = "; ".join(call.problem for call in bad) + why
    raise ResponseParsingError(message, bad[0].text, status=status, request_id=response.request_id, partial=response)


def is_json(reply: Reply) -> bool:
    """Whether the body of a reply is JSON."""
    try:
        reply.json()
    except ValueError:
        return False
    return True


def not_json(reply: Reply) -> str:
    """The message for a reply whose body is not JSON."""
    kind = reply.headers.get("content-type") or "of no content type"
    text = describe_text(reply.body[:SHOWN].decode("utf-8", "replace"))
    if not text:
        return "the reply is empty"
    return f"the reply is not valid JSON: {text}" if "json" in kind else f"the reply is not JSON but {kind}: {text}"


def told_nothing(event: Any, status: int | None) -> ResponseParsingError:
    """The error for a stream that has ended without any part of an answer, and whose last event was ``event``."""
    last = describe_text(as_words(event))
    return ResponseParsingError(f"the stream ended without an answer; its last event was {last}", status=status)


def too_large(key: str, limit: int, reply: Reply) -> ResponseParsingError:
    """The error for an event or a body that is larger than ``key`` of its config allows."""
    what = "an event of the stream" if key == "max_event" else "the reply"
    return ResponseParsingError(
        f"{what} is larger than {limit} bytes: raise {key} in the config if it should be read",
        status=reply.status,
        request_id=find_request_id(reply.headers),
    )


def event_not_json(error: ValueError) -> str:
    """The message for an event of a stream that is not JSON, whose reading raised ``error``."""
    text = getattr(error, "doc", None)
    if text is None:  # not even UTF-8
        text = bytes(getattr(error, "object", b"")).decode("utf-8", "replace")
    return f"an event of the stream is not JSON: {describe_text(text[:SHOWN])}"
