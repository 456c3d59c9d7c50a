"""Options of TCP: a peer that is gone is noticed within two minutes, and a waiting connection is not forgotten."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

IDLE, INTERVAL, PROBES = 60, 15, 4  # seconds before the first probe, seconds between probes, probes without an answer

_OPTIONS = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
for _name, _value in (
    ("TCP_KEEPIDLE", IDLE),
    ("TCP_KEEPALIVE", IDLE),  # what macOS calls it
    ("TCP_KEEPINTVL", INTERVAL),
    ("TCP_KEEPCNT", PROBES),
):
    if hasattr(socket, _name):
        _OPTIONS.append((socket.IPPROTO_TCP, getattr(socket, _name), _value))


def keep_alive(sock: Any) -> None:
    """Have the system probe the peer of ``sock`` while it is silent."""
    for option in _OPTIONS:
        with suppress(OSError):  # a platform may have the name only
            sock.setsockopt(*option)
