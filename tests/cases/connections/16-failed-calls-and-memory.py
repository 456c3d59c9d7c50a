"""Calls that fail (400, 500) with large prompts, in a long-running program; and hub.close() after one of them.

Source: aio-libs/aiohttp#10535 (traceback cycles), rllm-org/rllm#894, conductor-oss/python-sdk#395.
Right: a failed call leaves no reference cycle (its frames hold the prompt and the caller's locals), and hub.close()
closes the idle connections at once, whatever the garbage collector does.
"""

import asyncio
import gc
import time
from contextlib import suppress

from prelude import Server, build, check, completion, reply, verdict


def handle(connection, request, number):
    if b'"bad' in request.body:
        connection.sendall(reply(b'{"error":{"message":"no"}}', "400 Bad Request"))
    else:
        connection.sendall(reply(completion("ok")))
    server.requests.clear()


def resident():
    with open("/proc/self/status") as status:
        fields = dict(line.split(":", 1) for line in status if ":" in line)
    return int(fields["VmRSS"].split()[0]) / 1024


server = Server(handle)
hub, model = build(server.url, retry={"max_attempts": 1})


def ask(prompt):
    with suppress(Exception):
        model(prompt)


async def aask(prompt):
    with suppress(Exception):
        await model.acall(prompt)


for kind in ("good", "bad"):
    gc.collect()
    before = top = resident()
    for _ in range(100):
        ask(kind + "x" * 2_000_000)
        top = max(top, resident())
    check(f"100 {kind} calls with prompts of 2 MB grow less than 60 MB", top - before < 60, f"{top - before:.0f} MB")

gc.collect()
gc.disable()
ask("bad")
left = gc.collect()
check("a failed call leaves no garbage for the collector", left < 20, f"{left} objects")
asyncio.run(aask("bad"))
gc.enable()
gc.collect()

for kind in ("good", "bad"):
    server = Server(handle)
    hub, model = build(server.url, retry={"max_attempts": 1})
    gc.disable()
    ask("good")
    ask(kind)
    hub.close()
    time.sleep(0.2)
    check(f"hub.close() after a {kind} call closes its connections", server.open == 0, f"{server.open} open")
    gc.enable()
    gc.collect()
verdict()
