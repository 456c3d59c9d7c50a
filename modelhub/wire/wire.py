"""What crosses the wire: requests, replies, and the events of a stream, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.wire.json_text import decode_json
from modelhub.wire.timeouts import Deadline
from modelhub.wire.way import Way

MAX_EVENT = 64 << 20  # bytes of one event of a stream, unless a config says otherwise
MAX_BODY = 256 << 20  # bytes of a whole reply


def said(value: Any) -> Any:
    """``value``, or None where it says nothing: many servers write an empty text or the word null for None."""
    return None if value is None or value == "" or value == "null" else value


class Request:
    """One HTTP request to perform.

    ``delay`` is how many seconds to wait before sending, ``stream`` whether the body of a successful reply is
    to be left open for ``READ``. ``connect_timeout`` and ``timeout`` bound connecting and each wait for data, in
    seconds; where ``timeout`` is 0 they are those of its model. ``first_token`` bounds the wait for the first byte of
    the body, None where ``timeout`` does. ``deadline`` is when all of the reply must have come, None for no end.
    ``max_body`` is how many bytes the body of a reply may have, unpacked. ``way`` is the way that its model's config
    gives, None where it gives none. ``aside`` is set, and then true, where it asks for no part of an answer, but for a
    token, or that a job ends. ``once`` is set, and then true, where it must not be sent again even if the connection
    over which it was sent had been dead.
    """

    __slots__ = (
        *("aside", "body", "connect_timeout", "deadline", "delay", "first_token", "headers", "max_body", "method"),
        *("once", "stream", "timeout", "url", "way"),
    )

    aside: bool
    once: bool

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        method: str = "POST",
        stream: bool = False,
        timeout: float = 0.0,
        connect_timeout: float = 10.0,
        delay: float = 0.0,
        first_token: float | None = None,
        deadline: Deadline | None = None,
        max_body: int = MAX_BODY,
        way: Way | None = None,
    ) -> None:
        self.url = url
        self.headers = headers
        self.body = body
        self.method = method
        self.stream = stream
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self.delay = delay
        self.first_token = first_token
        self.deadline = deadline
        self.max_body = max_body
        self.way = way

    @property
    def is_bounded(self) -> bool:
        """Whether more bounds it than ``timeout``."""
        return self.first_token is not None or self.deadline is not None

    def replace(
        self, *, url: str | None = None, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Request:
        """The same request, to be sent at once, with another ``url``, other ``headers`` or another ``body``."""
        return Request(
            url or self.url,
            self.headers if headers is None else headers,
            self.body if body is None else body,
            method=self.method,
            stream=self.stream,
            timeout=self.timeout,
            connect_timeout=self.connect_timeout,
            first_token=self.first_token,
            deadline=self.deadline,
            max_body=self.max_body,
            way=self.way,
        )


class Reply:
    """What the server answered; ``headers`` ignores case, ``body`` is empty while a stream is open."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        """The decoded body; raises ValueError when it is not JSON."""
        return decode_json(self.body)


class Event:
    """One message of a stream: its decoded JSON, its SSE name, and the status a comment told (DashScope)."""

    __slots__ = ("data", "name", "status")

    def __init__(self, data: Any, name: str | None = None, status: int | None = None) -> None:
        self.data = data
        self.name = name
        self.status = status
