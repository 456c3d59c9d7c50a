"""One event loop for each task, made and closed by hand (Celery, Flask, Streamlit); a loop in a background thread; a
registry that is closed while another loop rests.

Source: BerriAI/litellm#24230 and #13251, SuanmoSuanyangTechnology/MemoryBear#739, tya5/reyn#2787.
Right: answers, no "Unclosed client session" in the log, no connection left when its loop is closed, and hub.close()
raises nothing.
"""

import subprocess
import sys

from prelude import Server, check, completion, reply, verdict

START = """
import asyncio, sys, threading, time, os, json
from modelhub import ModelRegistry
args = {"base_url": sys.argv[1] + "/v1"}
hub = ModelRegistry({"config_name": "m", "model_type": "openai_chat", "model_name": "m", "client_args": args})
model = hub.get_model("m")
fds = lambda: len(os.listdir("/proc/self/fd"))
"""
PROGRAMS = {
    "a loop for each of 10 tasks": """
model("hi"); before = fds()
for _ in range(10):
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(model.acall("hi")).text == "ok"
    loop.close()
print("descriptors left:", fds() - before)
assert fds() - before <= 1, f"{fds() - before} descriptors left"
""",
    "a loop that is left open": """
loop = asyncio.new_event_loop()
assert loop.run_until_complete(model.acall("hi")).text == "ok"
""",
    "a loop in a daemon thread": """
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
assert asyncio.run_coroutine_threadsafe(model.acall("hi"), loop).result().text == "ok"
""",
    "hub.close() in one loop while another rests": """
resting = asyncio.new_event_loop()
resting.run_until_complete(model.acall("hi"))
async def main():
    await model.acall("hi")
    hub.close()
asyncio.run(main())
resting.close()
""",
    "asyncio.run twice": """
for _ in range(2):
    assert asyncio.run(model.acall("hi")).text == "ok"
""",
}
server = Server(lambda connection, request, number: connection.sendall(reply(completion("ok"))))
for what, program in PROGRAMS.items():
    done = subprocess.run(
        [sys.executable, "-c", START + program, server.url], capture_output=True, text=True, timeout=30
    )
    noise = done.stderr.strip().splitlines()
    first = next((line for line in noise if "Error" in line or "Unclosed" in line), noise[-1] if noise else "quiet")
    check(what, done.returncode == 0 and not noise, f"{first[:110]} ({len(noise)} lines)")
verdict()
