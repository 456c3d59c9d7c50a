"""Bodies in chunks: whatever the chunks and packets are, all that was sent is read, and nothing else."""

from __future__ import annotations

import io
from http.client import HTTPException, HTTPResponse
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelhub.sync.replies import StrictResponse

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
# The line of a size as nearly all servers write it, and as few do.
SIZES = st.sampled_from(["{:x}", "{:X}", "{:05x}", "{:x};name=value", "{:x} "])
CHUNKS = st.lists(st.tuples(SIZES, st.binary(min_size=1, max_size=60)), max_size=8)
WRONG = [b"0x2\r\nab\r\n", b"-1\r\nab\r\n", b"\r\n", b"2_0\r\nab\r\n", b"2\r\nabc\r\n", b"g\r\nab\r\n", b"2\r\nab"]


class Packets(io.RawIOBase):
    """What a socket reads: a packet at a time."""

    def __init__(self, packets: list[bytes]) -> None:
        self._packets = [packet for packet in packets if packet]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        packet = self._packets.pop(0) if self._packets else b""
        piece, rest = packet[: len(buffer)], packet[len(buffer) :]
        self._packets[:0] = [rest] if rest else []
        buffer[: len(piece)] = piece
        return len(piece)


class Socket:
    def __init__(self, packets: list[bytes]) -> None:
        self._raw = Packets(packets)

    def recv(self, size: int) -> bytes:
        return self._raw.read(size) or b""

    def makefile(self, mode: str, buffering: int = -1) -> io.RawIOBase | io.BufferedReader:
        return io.BufferedReader(self._raw) if buffering else self._raw


def open_reply(kind: type[HTTPResponse], packets: list[bytes]) -> HTTPResponse:
    response = kind(Socket(packets), method="POST")  # type: ignore[arg-type]
    response.begin()
    return response


def read_pieces(response: HTTPResponse) -> list[bytes]:
    pieces = []
    while piece := response.read1(65536):
        pieces.append(piece)
    return pieces


def write(chunks: list[tuple[str, bytes]]) -> bytes:
    return b"".join(size.format(len(data)).encode() + b"\r\n" + data + b"\r\n" for size, data in chunks)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places})
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


@given(CHUNKS, st.lists(st.integers(0, 2000), max_size=12))
@example([("{:x}", b"data: 1\n\n"), ("{:x}", b"data: 2\n\n")], [])
def test_every_body_is_read_as_it_was_sent(chunks: list[tuple[str, bytes]], places: list[int]) -> None:
    packets = cut(HEAD + write(chunks) + b"0\r\n\r\n", places)
    assert b"".join(read_pieces(open_reply(StrictResponse, packets))) == b"".join(data for _, data in chunks)


def test_the_chunks_that_have_come_are_one_piece() -> None:
    events = [("{:x}", b"data: %d\n\n" % number) for number in range(20)]
    pieces = read_pieces(open_reply(StrictResponse, [HEAD, write(events[:12]), write(events[12:]), b"0\r\n\r\n"]))
    assert pieces == [b"".join(data for _, data in come) for come in (events[:12], events[12:])]


def test_a_chunk_is_handed_over_before_its_end_has_come() -> None:
    pieces = read_pieces(open_reply(StrictResponse, [HEAD + b"9\r\ndata: 1\n\n", b"\r\n", b"0\r\n\r\n"]))
    assert pieces == [b"data: 1\n\n"]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("before", [b"", b"2\r\nok\r\n", b"2\r\nok\r\n2\r\nok\r\n"])
def test_nothing_wrong_is_read(before: bytes, wrong: bytes) -> None:
    response = open_reply(StrictResponse, [HEAD + before + wrong])
    read = b""
    with pytest.raises((HTTPException, ValueError)):
        while True:
            piece = response.read1(65536)
            assert piece, "the body is taken for whole"
            read += piece
    assert read in (before.replace(b"2\r\n", b"").replace(b"\r\n", b""), before.count(b"ok") * b"ok" + b"ab")


@pytest.mark.parametrize(
    "fields",
    ["", "A: 1\r\n", "A: 1\r\nB:2\r\na: 3\r\n", "A: 1\n", "A: 1\r\n 2\r\nB: \r\n", "A: 1\n\nC: 3\r\n", "A: \xe9\r\n"],
)
def test_however_its_head_comes_it_is_the_same(fields: str) -> None:
    reply = f"HTTP/1.1 200 OK\r\n{fields}\r\nC: 3\r\n\r\n".encode("latin-1")
    whole, slow = (open_reply(StrictResponse, packets) for packets in ([reply], cut(reply, [*range(len(reply))])))
    assert list(whole.headers.items()) == list(slow.headers.items())
    assert whole.read() == slow.read()
