"""One event of 6 MB (an image in base64, audio) that arrives in pieces of the size of a packet.

Source: openai/openai-python#3687, Soju06/codex-lb#1242, rexxars/eventsource-parser#19, openai/openai-node#2324.
Right: time in proportion to the size. Now each piece copies and searches all that came before.
"""

import asyncio
import json
import os
import socket
import threading
import time

from modelhub.wire import LineDecoder, SSEDecoder

for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.endswith("_CA_BUNDLE")]:
    del os.environ[name]


def completion(text):
    """The body of a chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return json.dumps({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice]}).encode()


def reply(body, status="200 OK", headers=""):
    """A whole HTTP reply."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def delta(text):
    """One event of a stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return b"data: " + json.dumps({"id": "c", "choices": [choice]}).encode() + b"\n\n"


END = b'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


class Request:
    def __init__(self, line, headers, body):
        self.line, self.headers, self.body = line, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def prompt(self):
        return self.json["messages"][-1]["content"]


class Server:
    """A raw HTTP server: ``handle(connection, request, number of the connection)`` returns False to close."""

    def __init__(self, handle, host="127.0.0.1"):
        self.handle, self.connections, self.open, self.requests = handle, 0, 0, []
        self.lock = threading.Lock()
        self.listener = socket.create_server((host, 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            with self.lock:
                self.connections += 1
                self.open += 1
                number = self.connections
            threading.Thread(target=self.serve, args=(connection, number), daemon=True).start()

    def serve(self, connection, number):
        file = connection.makefile("rb")
        try:
            while True:
                line = file.readline()
                if not line:
                    break
                headers = {}
                while (field := file.readline()) not in (b"\r\n", b""):
                    name, _, value = field.partition(b":")
                    headers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")
                body = file.read(int(headers.get("content-length", 0)))
                request = Request(line.decode("latin-1").strip(), headers, body)
                with self.lock:
                    self.requests.append(request)
                if self.handle(connection, request, number) is False:
                    break
        except OSError:
            pass
        finally:
            file.close()
            connection.close()
            with self.lock:
                self.open -= 1


def build(url, **config):
    """A registry and its one model, served at ``url``."""
    from modelhub import ModelRegistry

    args = {"base_url": url + "/v1", **config.pop("client_args", {})}
    given = {"config_name": "m", "model_type": "openai_chat", "model_name": "m", "api_key": "sk-1"}
    hub = ModelRegistry({**given, "client_args": args, **config})
    return hub, hub.get_model("m")


def tell(error):
    return f"{type(error).__module__}.{type(error).__name__}: {error}"


CHECKS = []


def check(what, right, observed):
    """Note one expectation: whether it held, and what was seen."""
    CHECKS.append((what, bool(right)))
    print(("  ok    " if right else "  WRONG ") + f"{what}: {observed}", flush=True)


def verdict(minor=()):
    """Print the verdict; what fails only among ``minor`` makes it partial."""
    wrong = [what for what, right in CHECKS if not right]
    word = "pass" if not wrong else "partial" if set(wrong) <= set(minor) else "FAIL"
    told = f"{len(CHECKS) - len(wrong)} of {len(CHECKS)} right" + (f"; wrong: {'; '.join(wrong)}" if wrong else "")
    print(f"VERDICT {word} {os.path.basename(__file__)[:-3]}: {told}", flush=True)
    os._exit(0)


def measure(cls, megabytes):
    event = b'{"b64":"' + b"A" * int(megabytes * (1 << 20)) + b'"}'
    event = b"data: " + event + b"\n\n" if cls is SSEDecoder else event + b"\n"
    decoder, start, count = cls(), time.process_time(), 0
    for at in range(0, len(event), 1400):
        count += len(decoder.feed(event[at : at + 1400]))
    assert count == 1
    return time.process_time() - start


for cls in (SSEDecoder, LineDecoder):
    small, large = measure(cls, 1.5), measure(cls, 6)
    check(
        f"{cls.__name__}: 4 times the size, less than 8 times the CPU",
        large < 8 * small + 0.05,
        f"{small:.2f} s, {large:.2f} s",
    )
    check(f"{cls.__name__}: 6 MB in less than a second", large < 1, f"{large:.2f} s")

# The same through a call, with a task that wants a turn of the loop every millisecond.
event = delta("A" * (4 << 20))


def handle(connection, request, number):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(SSE)
    for at in range(0, len(event), 1400):
        connection.sendall(event[at : at + 1400])
    connection.sendall(END)
    return False


async def main():
    async for _ in await model.acall("hi", stream=True):
        pass


server = Server(handle)
hub, model = build(server.url)
start = time.time()
asyncio.run(main())
check("a stream with an event of 4 MB takes less than 2 s", time.time() - start < 2, f"{time.time() - start:.1f} s")
verdict()
