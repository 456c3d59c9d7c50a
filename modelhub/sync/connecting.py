"""Connects to the addresses of a host, so that a dead one costs a moment and not the whole timeout."""

from __future__ import annotations

import os
import selectors
import socket
from contextlib import suppress
from time import monotonic
from typing import Any

from modelhub.network.tcp import keep_alive

HEAD_START = 0.25  # seconds of an address before the next is tried beside it, as RFC 8305 advises

Address = tuple[int, int, int, str, Any]


def connect(host: str, port: int, timeout: float | None) -> socket.socket:
    """A connected socket, to whichever address of ``host`` answers first; raises OSError when none does."""
    addresses = interleave(socket.getaddrinfo(host.strip("[]"), port, 0, socket.SOCK_STREAM))
    deadline = None if timeout is None else monotonic() + timeout
    if len(addresses) == 1:
        family, kind, protocol, _, place = addresses[0]
        sock = _open(family, kind, protocol)
        try:
            sock.settimeout(timeout)
            sock.connect(place)
        except BaseException:
            sock.close()
            raise
        return sock
    sock = _race(addresses, deadline)
    sock.settimeout(timeout)
    return sock


def _open(family: int, kind: int, protocol: int) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    keep_alive(sock)
    with suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def interleave(addresses: list[Any]) -> list[Address]:
    """The addresses, those of the two families in turn, beginning with the family that stands first."""
    first = [address for address in addresses if address[0] == addresses[0][0]]
    others = [address for address in addresses if address[0] != addresses[0][0]]
    pairs = [pair for both in zip(first, others, strict=False) for pair in both]
    shorter = min(len(first), len(others))
    return pairs + first[shorter:] + others[shorter:]


def _race(addresses: list[Address], deadline: float | None) -> socket.socket:
    """Connect to all addresses, each begun a moment after the one before or once that has failed."""
    waiting = addresses[::-1]
    failure: OSError = OSError("the host has no address")
    with selectors.DefaultSelector() as pending:
        winner: socket.socket | None = None
        next_start = 0.0
        try:
            while winner is None and (waiting or pending.get_map()):
                now = monotonic()
                if deadline is not None and now >= deadline:
                    raise TimeoutError
                if waiting and (now >= next_start or not pending.get_map()):
                    winner, error = _begin(waiting.pop(), pending)
                    failure = error or failure
                    next_start = now if error else now + HEAD_START
                    continue
                ends = [end for end in (next_start if waiting else None, deadline) if end is not None]
                for key, _ in pending.select(max(0.0, min(ends) - now) if ends else None):
                    sock: socket.socket = key.fileobj  # type: ignore[assignment]
                    number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    pending.unregister(sock)
                    if number == 0 and winner is None:
                        winner = sock
                        continue
                    sock.close()
                    if number:
                        failure, next_start = OSError(number, os.strerror(number)), 0.0
            if winner is None:
                raise failure
            return winner
        finally:
            for key in list(pending.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]


def _begin(address: Address, pending: selectors.BaseSelector) -> tuple[socket.socket | None, OSError | None]:
    """Begin to connect: the socket if that is done at once, or the error if it cannot be done; else it is pending."""
    family, kind, protocol, _, place = address
    try:
        sock = _open(family, kind, protocol)
    except OSError as error:  # a family that this machine does not have
        return None, error
    sock.setblocking(False)
    try:
        sock.connect(place)
    except BlockingIOError:
        pending.register(sock, selectors.EVENT_WRITE)
        return None, None
    except OSError as error:
        sock.close()
        return None, error
    return sock, None
