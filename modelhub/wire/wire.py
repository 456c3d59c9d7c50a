"""What crosses the wire: requests, replies, and the events of a stream, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.wire.json_text import decode_json

MAX_EVENT = 64 << 20  # bytes of one event of a stream, unless a config says otherwise
MAX_BODY = 256 << 20  # bytes of a whole reply


def said(value: Any) -> Any:
    """``value``, or None where it says nothing: many servers write an empty text or the word null for None."""
    return None if value is None or value == "" or value == "null" else value


class Request:
    """One HTTP request to perform.

    ``delay`` is how many seconds to wait before sending, ``stream`` whether the body of a successful reply is
    to be left open for ``READ``. ``connect_timeout`` and ``timeout`` bound connecting and each wait for data, in
    seconds; where ``timeout`` is 0 they are those of its model. ``max_body`` is how many bytes the body of a reply may
    have, unpacked.
    """

    __slots__ = ("body", "connect_timeout", "delay", "headers", "max_body", "method", "stream", "timeout", "url")

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
        max_body: int = MAX_BODY,
    ) -> None:
        self.url = url
        self.headers = headers
        self.body = body
        self.method = method
        self.stream = stream
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self.delay = delay
        self.max_body = max_body


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
