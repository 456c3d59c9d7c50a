"""A stop button: another thread closes a stream that waits for the server; a server shuts its registry down meanwhile.

Source: gradio-app/gradio#13133, langgenius/dify#36227, google/adk-python#4823.
Right: response.close() and hub.close() raise nothing, the reader ends soon with an error of modelhub (or a quiet end),
and the server sees the connections close.
"""

import asyncio
import select
import threading
import time

from prelude import SSE, Server, build, check, delta, tell, verdict

import modelhub


def handle(connection, request, number):
    connection.sendall(SSE + delta("a"))
    select.select([connection], [], [], 3)  # until the other side closes it
    return False


def read(response, seen):
    try:
        for piece in response:
            seen.append(piece.text)
        seen.append("END")
    except BaseException as error:
        seen.append(tell(error))


def attempt(what, stop, server, thread, seen, left):
    try:
        stop()
        check(f"{what} raises nothing", True, "")
    except BaseException as error:
        check(f"{what} raises nothing", False, tell(error))
    thread.join(1)
    check(f"{what}: the reader ends within a second", not thread.is_alive(), seen)
    until = time.time() + 1
    while server.open > left and time.time() < until:
        time.sleep(0.01)  # the server's own thread has to see it
    check(f"{what}: the connections are closed", server.open <= left, f"{server.open} open")
    thread.join(5)


for what in ("response.close()", "hub.close()"):
    server = Server(handle)
    hub, model = build(server.url)
    response, seen = model("hi", stream=True), []
    other = model("hi", stream=True) if what == "hub.close()" else None
    thread = threading.Thread(target=read, args=(response, seen), daemon=True)
    thread.start()
    time.sleep(0.3)
    attempt(what, response.close if other is None else hub.close, server, thread, seen, 0)


class Slow(modelhub.ModelWrapperBase):
    model_type = "slow"

    def __call__(self, text, **options):
        for n in range(10):
            time.sleep(0.3)
            yield f"{n} "


slow = modelhub.ModelRegistry({"config_name": "s", "model_type": "slow"}, wrappers=[Slow]).get_model("s")


async def custom():
    response = await slow.acall("hi")

    async def drain():
        async for _ in response:
            pass

    task = asyncio.ensure_future(drain())
    await asyncio.sleep(0.4)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    try:
        response.close()
        check("a cancelled stream of a custom wrapper is closed", True, "")
    except BaseException as error:
        check("a cancelled stream of a custom wrapper is closed", False, tell(error))


asyncio.run(custom())

# An awaited stream, closed from a thread that is not its loop's.
server = Server(handle)
hub, model = build(server.url)
loop = asyncio.new_event_loop()
loop.set_debug(True)
threading.Thread(target=loop.run_forever, daemon=True).start()
response = asyncio.run_coroutine_threadsafe(model.acall("hi", stream=True), loop).result(5)
try:
    response.close()
    told = "no error"
except BaseException as error:
    told = tell(error)
time.sleep(0.5)
check(
    "an awaited stream is closed from another thread",
    told == "no error" and not server.open,
    f"{told}, {server.open} open",
)
verdict()
