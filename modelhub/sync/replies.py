"""Reads replies of HTTP/1.1 as strictly as the asyncio driver does, and knows whether anything came after them."""

from __future__ import annotations

import re
from http.client import BadStatusLine, HTTPException, HTTPResponse, RemoteDisconnected
from typing import Any

from urllib3 import HTTPHeaderDict

from modelhub.network.limits import MAX_FIELDS, MAX_LINE
from modelhub.overriding import override
from modelhub.sync.source import Source

_INTERIM = 1000  # replies of status 1xx before one reply
_STATUS = re.compile(rb"(HTTP/[01]\.[0-9]) +([1-9][0-9]{2})(?: ([^\r\n]*))?\s*\n")
_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_LENGTH = re.compile("[0-9]{1,18}")
_MOST_DIGITS = 8  # of the size of a chunk, as nearly all servers write it
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]*)?\r?\n")


class BadHeader(HTTPException):
    """A header that breaks the rules of HTTP."""


class BadChunk(HTTPException):
    """A chunk of a body that breaks the rules of HTTP."""


class TooLarge(HTTPException):
    """Headers that are larger than what is read."""


class CutShort(HTTPException):
    """The connection ended within the headers."""


class StrictResponse(HTTPResponse):
    """http.client's response, which skips all interim replies, not only 100, and takes no byte that is not its own.

    ``begun`` is true once any of it has come; ``dirty`` once the body has ended and something came after it.
    """

    begun = False
    dirty = False
    fp: Any  # a Source, None once all was read
    headers: Any
    msg: Any
    chunk_left: int | None

    def __init__(self, sock: Any, *given: Any, **named: Any) -> None:
        super().__init__(_Unread(), *given, **named)  # type: ignore[arg-type]
        self.fp = Source(sock)

    @property
    def method(self) -> str:
        """The method of the request."""
        return self._method  # type: ignore[attr-defined,no-any-return]

    @override
    def begin(self) -> None:
        if self.headers is not None:
            return
        version, status, reason = self._read_status()
        headers = self._read_fields()
        self.code = self.status = status
        self.reason = reason.strip()
        self.version = 10 if version in ("HTTP/1.0", "HTTP/0.9") else 11
        self.headers = self.msg = headers
        self._find_end()

    def _read_status(self) -> tuple[str, int, str]:
        """The status line of the reply that is meant, after all interim ones; a tunnel's reply is read with it, too."""
        for _ in range(_INTERIM):
            version, status, reason = self._read_status_line()
            if not 100 <= status < 200 or status == 101:
                return version, status, reason
            self._read_fields()
        raise TooLarge

    def _read_status_line(self) -> tuple[str, int, str]:
        line: bytes = self.fp.readline(MAX_LINE + 1)
        if not line:
            raise RemoteDisconnected("")
        self.begun = True
        found = _STATUS.fullmatch(line)
        if found is not None:
            return found[1].decode(), int(found[2]), (found[3] or b"").decode("latin-1")
        if not line.startswith(b"HTTP/1."):
            raise BadStatusLine(line[:64].decode("latin-1"))
        if len(line) > MAX_LINE:
            raise TooLarge
        raise BadStatusLine("") if line.endswith(b"\n") else CutShort

    def _read_fields(self) -> HTTPHeaderDict:
        fields: list[list[str]] = []
        for line in self._read_lines():
            if line[:1] in (" ", "\t") and fields:  # a folded line, which old servers send
                fields[-1][1] += " " + line.strip(" \t")
                continue
            name, colon, value = line.partition(":")
            if not colon or not _NAME.fullmatch(name) or "\0" in value:
                raise BadHeader
            fields.append([name, value.strip(" \t")])
        headers = HTTPHeaderDict()
        for name, value in fields:
            headers.add(name, value)
        return headers

    def _read_lines(self) -> list[str]:
        """The lines up to the empty one, without their ends."""
        source: Source = self.fp
        data = source.peek()
        end = data.find(b"\r\n\r\n")
        if 0 <= end < MAX_LINE:  # all of them have come
            lines = [line.rstrip("\r") for line in data[:end].decode("latin-1").split("\n")]
            if len(lines) <= MAX_FIELDS and "" not in lines:
                source.skip(end + 4)
                return lines
        lines = []
        for _ in range(MAX_FIELDS + 1):
            line: bytes = source.readline(MAX_LINE + 1)
            if line == b"\r\n" or line == b"\n":
                return lines
            if len(line) > MAX_LINE:
                raise TooLarge
            if not line.endswith(b"\n"):
                raise CutShort
            lines.append(line.decode("latin-1").rstrip("\r\n"))
        raise TooLarge

    def _find_end(self) -> None:
        """Work out where the body ends; what is not clear ends the connection, too."""
        headers, status = self.headers, self.status
        codings = headers.getlist("transfer-encoding")
        lengths = headers.getlist("content-length")
        coding = ",".join(codings).lower().replace(" ", "") if codings else ""
        self.chunked = coding == "chunked" or coding.endswith(",chunked")
        self.chunk_left = None
        self.length = None
        self.will_close = self._check_close()  # type: ignore[attr-defined]
        if lengths:
            if codings or len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
                raise BadHeader
            self.length = int(lengths[0])
        if status in (101, 204, 304) or self._method == "HEAD":  # type: ignore[attr-defined]
            self.length = 0
            self.chunked = False
            self.will_close = self.will_close or status == 101 or (status == 204 and bool(codings))
        elif self.length is None and not self.chunked:
            self.will_close = True

    @override
    def read1(self, n: int = -1) -> bytes:
        """What has come; of a body in chunks those that have come whole: servers send one for each event."""
        source, left = self.fp, self.chunk_left
        if not self.chunked or source is None or left:
            return super().read1(n)
        data: bytes = source.peek()
        place = 0 if left is None else 2  # after the end of the line that ends a chunk
        if (place and data[:2] != b"\r\n") or 0 <= n < len(data):
            return super().read1(n)
        chunks: list[bytes] = []
        while (line := data.find(b"\r\n", place, place + _MOST_DIGITS + 2)) > 0:
            size = data[place:line]
            if not size.isalnum() or size[1:2] in (b"x", b"X"):
                break
            try:
                stop = line + 2 + int(size, 16)
            except ValueError:
                break
            if stop == line + 2 or data[stop : stop + 2] != b"\r\n":
                break
            chunks.append(data[line + 2 : stop])
            place = stop + 2
        if not chunks:
            return super().read1(n)
        source.skip(place)
        self.chunk_left = None  # the next line says how large the next one is
        return b"".join(chunks)

    def _get_chunk_left(self) -> int | None:
        left = self.chunk_left
        if left:
            return left
        readline = self.fp.readline
        if left == 0 and (end := readline(MAX_LINE + 1)) != b"\r\n" and end != b"\n":
            raise BadChunk if end.endswith(b"\n") or len(end) > 1 else CutShort
        line: bytes = readline(MAX_LINE + 1)
        size = line[:-2]
        if not size.isalnum() or len(size) > 16 or size[1:2] in b"xX" or line[-2:] != b"\r\n":
            size = _parse_size(line)  # unlike that of nearly all servers
        try:
            self.chunk_left = left = int(size, 16)
        except ValueError:
            raise BadChunk from None
        if left:
            return left
        for _ in self._read_lines():  # trailers, which nobody asked for
            pass
        self._close_conn()
        self.chunk_left = None
        return None

    def _close_conn(self) -> None:
        source, self.fp = self.fp, None
        if source is not None:
            self.dirty = source.holds
            source.close()

    def is_clean(self) -> bool:
        """Whether the body was read to its end, and nothing came after it as far as is known."""
        if self.fp is not None:
            if self.length != 0 or self.chunked:
                return False
            self._close_conn()
        return not self.dirty and not self.will_close


def _parse_size(line: bytes) -> bytes:
    """The digits of a line that says how large a chunk is, which may have an extension."""
    found = _SIZE.fullmatch(line)
    if found is None:
        raise BadChunk if line.endswith(b"\n") else CutShort
    return found[1]


class _Unread:
    """What http.client would read from, if its buffers were used."""

    def makefile(self, mode: str) -> None:
        """No file at all."""
