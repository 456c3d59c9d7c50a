"""One event of 6 MB (an image in base64, audio) that arrives in pieces of the size of a packet.

Source: openai/openai-python#3687, Soju06/codex-lb#1242, rexxars/eventsource-parser#19, openai/openai-node#2324.
Right: time in proportion to the size; no piece copies or searches all that came before it.
"""

import asyncio
import socket
import time

from prelude import END, SSE, Server, build, check, delta, verdict

from modelhub.wire import LineDecoder, SSEDecoder


def measure(cls, megabytes):
    event = b'{"b64":"' + b"A" * int(megabytes * (1 << 20)) + b'"}'
    event = b"data: " + event + b"\n\n" if cls is SSEDecoder else event + b"\n"
    decoder, start, count = cls(), time.process_time(), 0
    for at in range(0, len(event), 1400):
        count += len(decoder.feed(event[at : at + 1400]))
    assert count == 1
    return time.process_time() - start


for cls in (SSEDecoder, LineDecoder):
    small, large = measure(cls, 1.5), measure(cls, 6)
    check(
        f"{cls.__name__}: 4 times the size, less than 8 times the CPU",
        large < 8 * small + 0.05,
        f"{small:.2f} s, {large:.2f} s",
    )
    check(f"{cls.__name__}: 6 MB in less than a second", large < 1, f"{large:.2f} s")

# The same through a call, with a task that wants a turn of the loop every millisecond.
event = delta("A" * (4 << 20))


def handle(connection, request, number):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(SSE)
    for at in range(0, len(event), 1400):
        connection.sendall(event[at : at + 1400])
    connection.sendall(END)
    return False


async def main():
    async for _ in await model.acall("hi", stream=True):
        pass


server = Server(handle)
hub, model = build(server.url)
start = time.time()
asyncio.run(main())
check("a stream with an event of 4 MB takes less than 2 s", time.time() - start < 2, f"{time.time() - start:.1f} s")
verdict()
