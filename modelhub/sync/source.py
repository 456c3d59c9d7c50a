"""What comes over a socket, handed on without the copies that Python's own buffers make."""

from __future__ import annotations

from typing import Any

_MOST = 65536  # bytes that are asked for at once
_MOST_OF_MANY = 1 << 18


class Source:
    """The bytes that come over a socket, with what http.client and urllib3 use of a file.

    What has come and was not asked for is held. The socket stays open until this is closed.
    """

    def __init__(self, sock: Any) -> None:
        self._file = sock.makefile("rb", buffering=0)
        self._receive = sock.recv
        self._held = b""
        self._at = 0  # of what is held, all that is before was read

    def peek(self, size: int = 0) -> bytes:
        """All that is held or, where that is nothing, what comes next."""
        held = self._held
        if self._at:
            held = self._held = held[self._at :]
            self._at = 0
        if not held:
            held = self._held = self._receive(_MOST)
        return held

    @property
    def holds(self) -> bool:
        """Whether more has come than was read."""
        return self._at < len(self._held)

    def skip(self, size: int) -> None:
        """Take so many bytes of what is held for read."""
        self._at += size

    def read1(self, size: int = -1) -> bytes:
        """What is held or comes next, of ``size`` bytes at most."""
        data = self.peek() if size else b""
        if 0 <= size < len(data):
            data = data[:size]
        self._at += len(data)
        return data

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes, or all that come where it is negative; fewer at the end."""
        data = self._held[self._at :]
        if 0 <= size <= len(data):
            self._at += size
            return data[:size]
        self._held, self._at = b"", 0
        pieces, left = [data], size - len(data)
        while size < 0 or left:
            piece = self._receive(_MOST if size < 0 else min(left, _MOST_OF_MANY))
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def readline(self, limit: int = -1) -> bytes:
        """The next line with its end, or the ``limit`` bytes that it begins with."""
        while (end := self._held.find(b"\n", self._at) + 1) == 0:
            held = self._held[self._at :]
            piece = self._receive(_MOST) if not 0 <= limit <= len(held) else b""
            self._held, self._at = held + piece, 0
            if not piece:
                end = len(held)
                break
        if limit >= 0:
            end = min(end, self._at + limit)
        line, self._at = self._held[self._at : end], end
        return line

    def flush(self) -> None:
        """Nothing to do: nothing is written."""

    def close(self) -> None:
        """Let go of the socket."""
        self._file.close()
