"""A reply that is no HTTP, from an address whose query holds a key: the error must not print the query.

Situation: gateways that take the key as ?subscription-key=; the reply is malformed (SSH banner, bad chunk, bad header).
Source: maximdanilchenko/aiochclient#79, encode/httpx#2760.
Right: scheme, host and port at most, as modelhub's own outages module promises; short, and no raw control characters.
"""

import asyncio

from prelude import Server, build, check, verdict

REPLIES = {
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
    "bad header": b"HTTP/1.1 200 OK\r\nX Foo : 1\r\nContent-Length: abc\r\n\r\n{}",
    "control characters": b"\x1b[2J\x1b]0;owned\x07\r\n\r\n",
    "a long line": b"x" * 30000 + b"\r\n\r\n",
}


def handle(connection, request, number):
    connection.sendall(REPLIES[what])
    return False


for what in REPLIES:
    for how in ("sync", "async"):
        server = Server(handle)
        query = {"default_query": {"subscription-key": "QUERYSECRET"}}
        hub, model = build(server.url, client_args=query, retry={"max_attempts": 1})
        try:
            answer = model("hi") if how == "sync" else asyncio.run(model.acall("hi"))
            told = "answered " + repr(answer)
        except Exception as error:
            told = str(error)
        check(f"{what}, {how}: no key", "QUERYSECRET" not in told, told[:160].encode("unicode_escape").decode())
        check(f"{what}, {how}: short and printable", len(told) < 600 and told.isprintable(), f"{len(told)} characters")
verdict()
