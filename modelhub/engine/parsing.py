"""What a reply that cannot be read is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from modelhub.engine.classify import describe_text, find_request_id
from modelhub.errors import ResponseParsingError
from modelhub.wire import Reply

T = TypeVar("T")

# What reading a reply of an unexpected shape raises.
MISSHAPEN = (KeyError, IndexError, TypeError, AttributeError, ValueError)


def read(parse: Callable[[Reply], T], reply: Reply) -> T:
    """``parse(reply)``, with what a reply of the wrong shape makes it raise turned into ResponseParsingError."""
    try:
        return parse(reply)
    except MISSHAPEN as error:
        failure = misshapen(error, reply)
        if isinstance(error, ValueError) and not is_json(reply):
            failure.message = not_json(reply)
        raise failure from None


def misshapen(error: Exception, reply: Reply) -> ResponseParsingError:
    """What is wrong with a reply, or with an event of its stream, that made its reader fail with ``error``."""
    what = f"there is no {error}" if isinstance(error, KeyError | IndexError) else str(error)
    return ResponseParsingError(
        f"the reply does not have the expected shape: {what}",
        status=reply.status,
        request_id=find_request_id(reply.headers),
    )


def is_json(reply: Reply) -> bool:
    try:
        reply.json()
    except ValueError:
        return False
    return True


def not_json(reply: Reply) -> str:
    kind = reply.headers.get("content-type") or "of no content type"
    text = describe_text(reply.body[:20000].decode("utf-8", "replace"))
    if not text:
        return "the reply is empty"
    return f"the reply is not valid JSON: {text}" if "json" in kind else f"the reply is not JSON but {kind}: {text}"
