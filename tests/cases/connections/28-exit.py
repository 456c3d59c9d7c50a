"""A program that ends while things are open, with -X dev -W error: nothing on stderr, exit code 0.

Source: BerriAI/litellm#13251 ("Unclosed client session" at exit), inpefess/isabelle-client#39.
Right: quiet, whatever was left half-read. (Loops that are never closed are in case 12.)
"""

import subprocess
import sys
import textwrap
import time

from prelude import SSE, Server, check, completion, delta, reply, verdict

START = """
import asyncio, atexit, sys, threading, time
from modelhub import ModelRegistry
args = {"base_url": sys.argv[1] + "/v1"}
hub = ModelRegistry({"config_name": "m", "model_type": "openai_chat", "model_name": "m", "client_args": args})
model = hub.get_model("m")
"""
PROGRAMS = {
    "a blocking stream is held half-read": """
        r = model('hi', stream=True)
        it = iter(r)
        next(it)
    """,
    "a blocking stream is held half-read until modules are gone": """
        def build(url): return {"config_name": "n", "model_type": "openai_chat", "client_args": {"base_url": url}}
        model = ModelRegistry(build(args["base_url"])).get_model("n")
        r = model('hi', stream=True)
        it = iter(r)
        next(it)
    """,
    "a daemon thread reads a stream": """
        threading.Thread(target=lambda: list(model('hi', stream=True)), daemon=True).start()
        time.sleep(0.3)
    """,
    "an awaited stream is held half-read": """
        async def main():
            global r
            r = await model.acall('hi', stream=True)
            async for d in r: break
        asyncio.run(main())
    """,
    "an awaited stream is never read": """
        async def main():
            global r
            r = await model.acall('hi', stream=True)
        asyncio.run(main())
    """,
    "a task still reads when the loop ends": """
        async def main():
            async def read():
                async for d in await model.acall('hi', stream=True): pass
            global t
            t = asyncio.ensure_future(read())
            await asyncio.sleep(0.3)
        asyncio.run(main())
    """,
    "a call in atexit": "atexit.register(lambda: print(model('hi').text))",
    "an awaited call in atexit": "atexit.register(lambda: print(asyncio.run(model.acall('hi')).text))",
    "sys.exit in a stream": "for d in model('hi', stream=True): sys.exit(0)",
    "two runs, never closed": "asyncio.run(model.acall('hi')); asyncio.run(model.acall('hi')); model('hi')",
}


def handle(connection, request, number):
    if request.json.get("stream"):
        connection.sendall(SSE)
        for _ in range(60):
            connection.sendall(delta("x"))
            time.sleep(0.05)
        return False
    connection.sendall(reply(completion("ok")))
    return True


server = Server(handle)
for what, program in PROGRAMS.items():
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", START + textwrap.dedent(program), server.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    noise = [line for line in done.stderr.splitlines() if not ("Executing" in line and "seconds" in line)]
    check(what, done.returncode == 0 and not noise, noise[-1][:100] if noise else "quiet")
verdict()
