"""Options of TCP: a peer that is gone is noticed within two minutes, and a waiting connection is not forgotten."""

from __future__ import annotations

import socket

IDLE, INTERVAL, PROBES = 60, 15, 4  # seconds before the first probe, seconds between probes, probes without an answer

_OPTIONS = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
for _name, _value in (
    ("TCP_KEEPIDLE", IDLE),
    ("TCP_KEEPALIVE", IDLE),  # what macOS calls it
    ("TCP_KEEPINTVL", INTERVAL),
    ("TCP_KEEPCNT", PROBES),
):
    if hasattr(socket, _name):
        _OPTIONS.append((socket.IPPROTO_TCP, getattr(socket, _name), _value))


def open_socket(family: int, kind: int, protocol: int) -> socket.socket:
    """A socket to connect to a server with."""
    sock = socket.socket(family, kind, protocol)
    for option in _OPTIONS:
        try:
            sock.setsockopt(*option)
        except OSError:  # a platform that has the name only
            continue
    return sock
