"""A proxy that refuses the tunnel: the error must not print the password that HTTPS_PROXY holds.

Source: aio-libs/aiohttp#5399, Soju06/codex-lb#2053, pulp/pulpcore#1956.
Right: no part of the credentials in the error, its arguments, its repr or its traceback text; and a refused proxy
login (407) is not tried three times.
"""

import asyncio
import os
import traceback

from prelude import Server, build, check, tell, verdict


def handle(connection, request, number):
    connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    return False


for how in ("sync", "async"):
    proxy = Server(handle)
    os.environ["HTTPS_PROXY"] = proxy.url.replace("//", "//corpuser:hunter2secret@")
    hub, model = build("https://models.example", retry={"initial": 0.05})
    try:
        model("hi") if how == "sync" else asyncio.run(model.acall("hi"))
    except Exception as error:
        told = tell(error) + repr(error) + repr(error.args) + "".join(traceback.format_exception(error))
        check(f"{how}: no password in the error", "hunter2secret" not in told, str(error))
        check(f"{how}: the error says it is the proxy", "proxy" in str(error).lower(), type(error).__name__)
        check(f"{how}: a refused login is tried once", len(proxy.requests) == 1, f"{len(proxy.requests)} tries")
verdict()
