"""Interim answers (102 Processing, 103 Early Hints) before the real one, on a connection that is kept alive.

Situation: a CDN or gateway sends a 1xx first; the model answers a little later. Python's http.client skips 100 only.
Right: the final answer is returned, and every caller gets the answer to the caller's own prompt.
Source: notatallshaw/nab#1130, lalinsky/dusty#159, python/cpython#42550.
"""

import asyncio
import time

from prelude import Server, build, check, completion, reply, tell, verdict


def handle(connection, request, number):
    connection.sendall(b"HTTP/1.1 %s\r\nLink: </x>; rel=preload\r\n\r\n" % interim)
    time.sleep(0.15)
    connection.sendall(reply(completion("for " + request.prompt)))


async def ask(model, how):
    seen = []
    for who in ("alice", "bob", "carol"):
        try:
            answer = model(who) if how == "sync" else await model.acall(who)
            seen.append(answer.text)
        except Exception as error:
            seen.append(tell(error))
    return seen


for interim in (b"103 Early Hints", b"102 Processing"):
    for how in ("sync", "async"):
        for tries in (1, 3):
            server = Server(handle)
            hub, model = build(server.url, retry={"max_attempts": tries, "initial": 0.1})
            seen = asyncio.run(ask(model, how))
            right = seen == ["for alice", "for bob", "for carol"]
            check(f"{interim.decode()}, {how}, {tries} tries", right, seen)
verdict()
