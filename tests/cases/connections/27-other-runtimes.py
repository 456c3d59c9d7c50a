"""gevent with everything patched, uvloop, nest_asyncio in a running loop, asyncio's debug mode.

Source: pydantic/pydantic-ai#3014 (Jupyter), openai/openai-python#835 and googleapis/python-aiplatform#2937 (gevent).
Right: calls, streams, timeouts and cancellations work in each; a runtime that is not installed is left out.
"""

import importlib.util
import subprocess
import sys
import time

from prelude import END, SSE, Server, check, completion, delta, reply, verdict

COMMON = """
import sys, time, asyncio
from modelhub import ModelRegistry, errors
def build(**more):
    args = {"base_url": sys.argv[1] + "/v1"}
    config = {"config_name": "m", "model_type": "openai_chat", "model_name": "m", "client_args": args, **more}
    return ModelRegistry(config).get_model("m")
model, brief = build(), build(timeout=0.4, retry={"max_attempts": 1})
async def main():
    assert {a.text for a in await asyncio.gather(*(model.acall("hi") for _ in range(50)))} == {"ok"}
    assert (await (await model.acall("hi", stream=True)).complete()).text == "ab"
    async for _ in await model.acall("hi", stream=True):
        break
    try:
        await brief.acall("mute")
        raise AssertionError
    except errors.TimeoutError:
        pass
    task = asyncio.ensure_future(model.acall("mute"))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
"""
PROGRAMS = {
    "gevent": "from gevent import monkey; monkey.patch_all()\n"
    + COMMON
    + """
import gevent
jobs = [gevent.spawn(model, "hi") for _ in range(50)]
jobs += [gevent.spawn(lambda: model("hi", stream=True)) for _ in range(10)]
gevent.joinall(jobs)
assert [j.value.text for j in jobs] == ["ok"] * 50 + ["ab"] * 10
try:
    with gevent.Timeout(0.2):
        model("mute")
    raise AssertionError
except gevent.Timeout:
    pass
asyncio.run(main())
""",
    "uvloop": COMMON + "import uvloop\nfor _ in range(2):\n    uvloop.run(main())\n",
    "nest_asyncio": COMMON
    + """
import nest_asyncio
async def cell():
    nest_asyncio.apply()
    for _ in range(2):
        asyncio.run(main())
    assert model("hi").text == "ok"
    model.transports.close()
asyncio.run(cell())
""",
    "asyncio": COMMON + "asyncio.run(main(), debug=True)\n",
}


def handle(connection, request, number):
    if request.prompt == "mute":
        time.sleep(1)
        return False
    if request.json.get("stream"):
        connection.sendall(SSE + delta("a") + delta("b") + END)
        return False
    time.sleep(0.05)
    connection.sendall(reply(completion("ok")))
    return True


server = Server(handle)
for what, program in PROGRAMS.items():
    if importlib.util.find_spec(what) is None:
        print(f"  left out: {what} is not installed")
        continue
    done = subprocess.run([sys.executable, "-c", program, server.url], capture_output=True, text=True, timeout=60)
    noise = [line for line in done.stderr.splitlines() if "seconds" not in line]
    check(what, done.returncode == 0 and not noise, noise[-1] if noise else "quiet")
verdict()
