"""A call that times out in a task that was cancelled before: the error is a TimeoutError, not a bare CancelledError.

Situation: clean-up after a cancellation (a summary is saved when a client has gone away), a shielded anyio scope, or
an agent loop that goes on after a TaskGroup has failed (Python 3.11 and 3.12 leave Task.cancelling() at 1).
Source: python/cpython#102780 (asyncio.timeout had the fault and now counts from where it began), #102815.
Right: modelhub's TimeoutError; an agent's ``except Exception`` catches it.
"""

import asyncio
import time

from prelude import Server, build, check, tell, verdict

from modelhub import errors


def handle(connection, request, number):
    time.sleep(5)


server = Server(handle)
hub, model = build(server.url, timeout=0.3, retry={"max_attempts": 1})
seen = {}


async def ask(what, **options):
    try:
        await model.acall("hi", **options)
    except BaseException as error:
        seen[what] = error


async def cleaner():
    try:
        await asyncio.sleep(9)
    except asyncio.CancelledError:
        await ask("clean-up after a cancel")
        await ask("clean-up after a cancel, streamed", stream=True)
        raise


async def fail():
    await asyncio.sleep(0.05)
    raise KeyError("a tool failed")


async def main():
    task = asyncio.ensure_future(cleaner())
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            group.create_task(fail())
    except* KeyError:
        pass
    await ask("the next call after a TaskGroup failed")
    await ask("and every call after that")


asyncio.run(main())
try:
    import anyio

    async def shielded():
        with anyio.move_on_after(0.05):
            try:
                await anyio.sleep(9)
            finally:
                with anyio.CancelScope(shield=True):
                    await ask("a shielded anyio scope")

    anyio.run(shielded)
except ImportError:
    pass
for what, error in seen.items():
    check(what, isinstance(error, errors.TimeoutError), tell(error))
verdict()
