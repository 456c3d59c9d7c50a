"""64 threads with 200 calls each, 1,000 and 2,000 awaited calls at once, 20,000 in a row, and 500 cancelled streams.

Source: BerriAI/litellm#13251 (connections left after 1,000 calls), BerriAI/litellm#13220 (one orphaned socket a call).
Right: no call fails; connections opened are the greatest number in use at once; descriptors and memory do not grow;
cancelled streams give their connections back.
"""

import asyncio
import gc
import json
import os
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from prelude import build, check, completion, reply, verdict

SERVER = r"""
import asyncio, json, sys
count = dict(connections=0, open=0, requests=0)
ANSWER = sys.argv[1].encode()
async def serve(reader, writer):
    count["connections"] += 1; count["open"] += 1
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            size = next((int(l[15:]) for l in head.lower().split(b"\r\n") if l.startswith(b"content-length:")), 0)
            body = await reader.readexactly(size)
            if head.startswith(b"GET"):
                told = json.dumps(count).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(told) + told)
                await writer.drain()
                return
            count["requests"] += 1
            if b'"stream":true' in body:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
                for _ in range(500):
                    writer.write(b'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n')
                    await writer.drain()
                    await asyncio.sleep(0.1)
                return
            if b"slow" in body:
                await asyncio.sleep(0.4)
            writer.write(ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        count["open"] -= 1
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def start():
    command = [sys.executable, "-c", SERVER, reply(completion("ok")).decode()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    return process, f"http://127.0.0.1:{int(process.stdout.readline())}"


def counts(url):
    with urllib.request.urlopen(url + "/") as answer:
        return json.load(answer)


def resident():
    with open("/proc/self/status") as lines:
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(fields["VmRSS"].split()[0]) / 1024


def descriptors():
    return len(os.listdir("/proc/self/fd"))


process, url = start()
hub, model = build(url)
begin = time.time()
with ThreadPoolExecutor(64) as threads:
    texts = list(threads.map(lambda n: [model("hi").text for _ in range(200)], range(64)))
seen = counts(url)
seen["connections"] -= 1
check(
    "64 threads x 200 calls",
    seen["requests"] == 12800 and seen["connections"] <= 64,
    f"{time.time() - begin:.1f} s, {seen}",
)
hub.close()
time.sleep(0.2)
check("after hub.close() none is open", counts(url)["open"] == 1, counts(url))

hub, model = build(url)


async def crowd():
    for size in (1000, 2000):
        before, begin = counts(url), time.time()
        answers = await asyncio.gather(*(model.acall("slow") for _ in range(size)), return_exceptions=True)
        after = counts(url)
        wrong = [a for a in answers if isinstance(a, BaseException)]
        opened = after["connections"] - before["connections"] - 1
        check(
            f"{size} awaited calls at once",
            not wrong and opened <= 1000,
            f"{time.time() - begin:.1f} s, {opened} opened, {wrong[:1]}",
        )


asyncio.run(crowd())
time.sleep(0.2)
check("after asyncio.run none is open", counts(url)["open"] == 1, counts(url))


async def row():
    for _ in range(1000):
        await model.acall("hi")
    gc.collect()
    memory, before = resident(), descriptors()
    for _ in range(10000):
        await model.acall("hi")
    gc.collect()
    grown = resident() - memory
    check(
        "10,000 awaited calls in a row",
        grown < 5 and descriptors() == before,
        f"{grown:+.1f} MB, {descriptors() - before:+d} descriptors",
    )


for _ in range(1000):
    model("hi")
gc.collect()
memory, before = resident(), descriptors()
for _ in range(10000):
    model("hi")
gc.collect()
grown = resident() - memory
check(
    "10,000 blocking calls in a row",
    grown < 5 and descriptors() == before,
    f"{grown:+.1f} MB, {descriptors() - before:+d} descriptors",
)
asyncio.run(row())


async def cancel():
    async def read():
        async for _ in await model.acall("hi", stream=True):
            pass

    tasks = [asyncio.ensure_future(read()) for _ in range(500)]
    await asyncio.sleep(2)
    during = counts(url)["open"]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.5)
    left = counts(url)["open"] - 1
    check(
        "500 cancelled streams", left <= 1, f"{during - 1} open before, {left} after, {len(asyncio.all_tasks())} tasks"
    )
    answer = await model.acall("hi")
    check("a call afterwards", answer.text == "ok", "")


asyncio.run(cancel())
process.kill()
verdict()
