"""Sends a request over a connection of urllib3's: head and body in one piece, each header written out but once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection

from modelhub.overriding import override

_IN_ONE_PIECE = 65536  # bytes of a body that are not copied in vain
_MOST_LINES = 256
_TOLD = {"content-length", "accept-encoding", "user-agent"}  # what urllib3 adds where it is not told
_LINES: dict[tuple[str, Any], list[bytes]] = {}  # the headers that were sent before, which hardly change


class Headers(CaseInsensitiveDict[Any]):
    """The headers of one request, which requests and urllib3 look at and copy."""

    def __init__(self, headers: Mapping[str, Any]) -> None:
        self._store: Any = {name.lower(): (name, value) for name, value in headers.items()}

    @override
    def copy(self) -> Headers:
        twin = Headers({})
        twin._store = self._store.copy()
        return twin


class Sending(HTTPConnection):
    """A connection that sends a small request at once."""

    @override
    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **named: Any) -> None:
        fields = headers._store if type(headers) is Headers and type(body) is bytes else {}
        if not fields.keys() >= _TOLD:
            super().request(method, url, body, headers, **named)
            return
        if self.sock is not None:
            self.sock.settimeout(self.timeout)
        self.putrequest(method, url, skip_accept_encoding=True, skip_host="host" in fields)
        lines: list[bytes] = self._buffer  # type: ignore[attr-defined]
        for field in fields.values():
            known = _LINES.get(field)
            if known is None:
                self._write(lines, field)
            else:
                lines += known
        self.endheaders(body)

    def _write(self, lines: list[bytes], field: tuple[str, Any]) -> None:
        """Add the line of a header; raises ValueError where HTTP cannot carry it."""
        start = len(lines)
        self.putheader(*field)
        if len(_LINES) >= _MOST_LINES:
            _LINES.clear()
        _LINES[field] = lines[start:]

    if not TYPE_CHECKING:  # the stubs do not know it

        def _send_output(self, message_body: Any = None, *given: Any, **named: Any) -> None:
            if type(message_body) is not bytes or len(message_body) > _IN_ONE_PIECE:
                super()._send_output(message_body, *given, **named)
                return
            self._buffer += (b"", message_body)
            message = b"\r\n".join(self._buffer)
            self._buffer.clear()
            self.send(message)
