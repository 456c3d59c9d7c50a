"""A long answer that is not streamed, behind a NAT that forgets idle connections after 60 to 350 seconds.

Source: openai/openai-python#3269, googleapis/python-genai#2705, anthropics/claude-code#82822.
Right: SO_KEEPALIVE with an idle time of about a minute while a call waits, so that the path stays open, or the dead
connection is noticed long before the 600 s of the default timeout.
"""

import asyncio
import os
import socket
import threading
import time

from prelude import Server, build, check, completion, reply, verdict


def handle(connection, request, number):
    time.sleep(0.5)
    connection.sendall(reply(completion("ok")))


def options(port):
    """SO_KEEPALIVE and TCP_KEEPIDLE of this process's connections to ``port``."""
    found = []
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            with socket.socket(fileno=os.dup(number)) as copy:
                if copy.family == socket.AF_INET and copy.getpeername()[1] == port:
                    idle = copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
                    found.append((copy.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), idle))
        except OSError:
            continue
    return found


server = Server(handle)
hub, model = build(server.url)
thread = threading.Thread(target=model, args=("hi",))
thread.start()
while not server.requests:
    time.sleep(0.01)
seen = options(server.port)
thread.join()
check("sync: keepalive within two minutes", seen and all(on and idle <= 120 for on, idle in seen), seen)
hub.close()


async def main():
    task = asyncio.ensure_future(build(server.url)[1].acall("hi"))
    while len(server.requests) < 2:
        await asyncio.sleep(0.01)
    seen = options(server.port)
    check("async: keepalive within two minutes", seen and all(on and idle <= 120 for on, idle in seen), seen)
    await task


asyncio.run(main())
verdict()
