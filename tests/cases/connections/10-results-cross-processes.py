"""What a worker (Celery, Ray, a process pool) sends back: errors, answers, and an answer that was streamed to its end.

Source: openai/openai-python#2629, meridianlabs-ai/inspect_scout#616, NVIDIA/garak#1859.
Right: every error comes back as its class with status, retry_after and text; a whole answer comes back equal, also when
it was streamed.
"""

import copy
import json
import os
import pickle
import socket
import threading

from modelhub import ModelRegistry

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


def handle(connection, request, number):
    prompt = request.prompt
    if prompt == "429":
        connection.sendall(reply(b'{"error":{"message":"slow"}}', "429 Slow", "Retry-After: 99\r\n"))
    elif request.json.get("stream"):
        connection.sendall(SSE + delta("a") + delta("b") + (b"" if prompt == "cut" else END))
        return False
    else:
        connection.sendall(reply(completion("ok")))
    return None


server = Server(handle)
hub, model = build(server.url)


def drain(prompt):
    answer = model(prompt, stream=True)
    for _ in answer:
        pass
    return answer


def fail(call, *args, **options):
    try:
        call(*args, **options)
    except Exception as error:
        return error
    raise AssertionError


def same(what, value, show):
    for how, way in (("pickle", lambda: pickle.loads(pickle.dumps(value))), ("deepcopy", lambda: copy.deepcopy(value))):
        try:
            other = way()
            check(f"{what}, {how}", show(other) == show(value), str(show(other))[:100])
        except Exception as error:
            check(f"{what}, {how}", False, tell(error))


def facts(error):
    return (type(error), str(error), error.status, error.retry_after, error.retryable, error.config_name)


same("RateLimitError", fail(model, "429"), facts)
same("ConnectionError", fail(build("http://127.0.0.1:9", retry={"max_attempts": 1})[1], "x"), facts)
same("StreamInterruptedError", fail(drain, "cut"), lambda error: (*facts(error), error.partial.text))
same("ConfigError", fail(ModelRegistry, {"config_name": "a", "model_type": "openai_chat", "temprature": 1}), str)
same("a whole answer", model("hi"), lambda answer: (answer.text, answer.raw))
same("an answer that was streamed", drain("hi"), lambda answer: (answer.text, answer.finish_reason))
verdict(minor={"ConfigError, pickle"})
