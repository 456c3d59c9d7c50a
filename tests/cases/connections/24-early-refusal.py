"""A prompt of 20 MB that the gateway refuses (413) before it has read it, and then closes.

Source: aio-libs/aiohttp#8191, psf/requests#2422, psf/requests#4062.
Right: the 413 with its message, once; not a reset that is tried three times with 20 MB each.
"""

import asyncio
import socket
import time

from prelude import Server, build, check, tell, verdict

BODY = b'{"error":{"message":"larger than 1 MB","code":"request_too_large"}}'
REFUSAL = (
    b"HTTP/1.1 413 Too Large\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    % len(BODY)
    + BODY
)


class Early(Server):
    lingers = True

    def serve(self, connection, number):
        self.requests.append(number)
        while b"\r\n\r\n" not in connection.recv(65536):
            pass
        connection.sendall(REFUSAL)
        if self.lingers:
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(2)
            try:
                while connection.recv(1 << 16):
                    pass
            except OSError:
                pass
        else:
            time.sleep(0.2)
        connection.close()


for lingers in (True, False):
    for how in ("sync", "async"):
        server = Early(None)
        server.lingers = lingers
        hub, model = build(server.url, retry={"initial": 0.1})
        try:
            model("x" * 20_000_000) if how == "sync" else asyncio.run(model.acall("x" * 20_000_000))
        except Exception as error:
            right = getattr(error, "status", None) == 413 and len(server.requests) == 1
            check(
                f"{how}, the server {'reads on' if lingers else 'closes'}",
                right,
                f"{tell(error)[:110]}, {len(server.requests)} requests",
            )
verdict()
