"""What goes out over a connection: a small request in one piece, and no header that HTTP cannot carry."""

from __future__ import annotations

from typing import Any

import pytest

from modelhub.overriding import override
from modelhub.sync.connections import Connection
from modelhub.sync.sending import Headers

FIELDS = {"Accept-Encoding": "gzip", "User-Agent": "modelhub", "X-Key": "k"}
HEAD = b"POST /v1 HTTP/1.1\r\nHost: h:8\r\nAccept-Encoding: gzip\r\nUser-Agent: modelhub\r\nX-Key: k\r\n"


class Told(Connection):
    """Keeps what it is to send."""

    def __init__(self) -> None:
        super().__init__("h", 8)
        self.pieces: list[bytes] = []

    @override
    def send(self, data: Any) -> None:
        self.pieces.append(bytes(data))


def send(body: bytes, **more: str) -> list[bytes]:
    connection = Told()
    headers = Headers({**FIELDS, **more})
    headers["Content-Length"] = str(len(body))
    connection.request("POST", "/v1", body, headers.copy())
    return connection.pieces


@pytest.mark.parametrize("time", [1, 2])  # the first writes the headers out, the second finds them written
def test_a_small_request_is_one_piece(time: int) -> None:
    assert send(b"{}") == [HEAD + b"Content-Length: 2\r\n\r\n{}"]


def test_a_large_body_is_not_copied() -> None:
    body = b"x" * 100_000
    assert send(body) == [HEAD + b"Content-Length: 100000\r\n\r\n", body]


def test_a_host_of_the_caller_is_the_only_one() -> None:
    (piece,) = send(b"{}", Host="other")
    assert b"Host: other\r\n" in piece
    assert piece.count(b"Host:") == 1


@pytest.mark.parametrize("time", [1, 2])
@pytest.mark.parametrize(("name", "value"), [("X-Bad", "a\r\nX-More: b"), (" X-Bad", "a"), ("X-Bad:", "a")])
def test_a_header_that_http_cannot_carry_is_refused(name: str, value: str, time: int) -> None:
    with pytest.raises(ValueError, match="Invalid header"):
        send(b"{}", **{name: value})
