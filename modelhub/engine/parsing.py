"""The errors for replies that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from modelhub.engine.classify import describe_text, find_request_id
from modelhub.errors import ResponseParsingError
from modelhub.wire import Reply

T = TypeVar("T")

# What reading a reply of an unexpected shape raises.
MISSHAPEN = (KeyError, IndexError, TypeError, AttributeError, ValueError)
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
    return ResponseParsingError(
        f"the reply does not have the expected shape: {what}",
        status=reply.status,
        request_id=find_request_id(reply.headers),
    )


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
