"""A server that sends one byte now and then: the timeout never fires, since something always comes.

Source: openai/openai-python#2599 ("timeout not respected"), #549, run-llama/llama_index#8491.
Right: ``timeout`` is the wait for the server to send something, each time, and both drivers treat a trickle alike,
whether it is one of headers or of a body.
"""

import asyncio
import time

from prelude import Server, build, check, verdict


def handle(connection, request, number):
    if where == "headers":
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 14 + b"\r\nContent-Length: 2\r\n\r\n{}":
            connection.sendall(bytes([byte]))
            time.sleep(0.03)
    else:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n")
        for _ in range(60):
            connection.sendall(b" ")
            time.sleep(0.03)
    return False


took = {}
for where in ("headers", "body"):
    for how in ("sync", "async"):
        server = Server(handle)
        hub, model = build(server.url, timeout=0.3, retry={"max_attempts": 1})
        start = time.time()
        try:
            model("hi") if how == "sync" else asyncio.run(model.acall("hi"))
        except Exception as error:
            took[where, how] = time.time() - start, type(error).__name__
    seen = {how: f"{took[where, how][0]:.1f} s, {took[where, how][1]}" for how in ("sync", "async")}
    alike = abs(took[where, "sync"][0] - took[where, "async"][0]) < 1
    check(f"a trickle of the {where}: both drivers end alike", alike, seen)
verdict()
