"""A reply with one header of 16 KB (a token, a CSP, a gateway's trace), which requests and browsers take.

Source: bentoml/BentoML#4346, aio-libs/aiohttp#2304, Rongronggg9/RSS-to-Telegram-Bot#705.
Right: the same outcome blocking and awaited; a limit, if there is one, is told without three tries.
"""

import asyncio

from prelude import Server, build, check, completion, reply, tell, verdict


def handle(connection, request, number):
    connection.sendall(reply(completion("ok"), headers="X-Trace: " + "a" * 16384 + "\r\n"))


for how in ("sync", "async"):
    server = Server(handle)
    hub, model = build(server.url, retry={"initial": 0.05})
    try:
        told = (model("hi") if how == "sync" else asyncio.run(model.acall("hi"))).text
    except Exception as error:
        told = tell(error)[:120]
    check(f"{how}: answered", told == "ok", f"{told} ({len(server.requests)} requests)")
verdict()
