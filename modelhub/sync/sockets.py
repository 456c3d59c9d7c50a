"""The open sockets of a pool, so that another thread can end what waits for one of them."""

from __future__ import annotations

import os
import socket
import threading
import weakref
from contextlib import suppress
from typing import Any


class Sockets:
    """Knows the sockets of a pool while they are open. What a process inherited from its parent is left alone."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._open: weakref.WeakSet[Any] = weakref.WeakSet()
        self._closed = False

    def add(self, sock: Any) -> None:
        """Take in a socket that has just been connected."""
        with self._lock:
            self._open.add(sock)
            closed = self._closed
        if closed:
            self.shut(sock)

    def close(self) -> None:
        """Shut every socket, and those that are still to come."""
        with self._lock:
            self._closed = True
            sockets = list(self._open)
        for sock in sockets:
            self.shut(sock)

    def shut(self, sock: Any) -> None:
        """End both directions: a thread that waits for data wakes up, and closes the socket as at the end of it."""
        if os.getpid() != self._pid:
            return
        with suppress(OSError, AttributeError):
            if isinstance(sock, socket.socket):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # that of ssl would pull TLS from under the other thread
            else:
                sock.shutdown(socket.SHUT_RDWR)
