"""A model that is pickled, deep-copied, or given to a worker of multiprocessing or joblib.

Source: openai/openai-python#1271, NVIDIA/garak#493, HKUDS/LightRAG#21 (deepcopy inside dataclasses.asdict),
eosphoros-ai/DB-GPT#1715, langfuse/langfuse#2799.
Right: the copy works (its config travels, its connections do not), or one clear TypeError says to send the config_name
and fetch the model there. "cannot pickle '_thread.lock' object" is neither.
"""

import copy
import json
import multiprocessing
import os
import pickle
import socket
import threading

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


if __name__ == "__main__":
    server = Server(lambda connection, request, number: connection.sendall(reply(completion("ok"))))
    hub, model = build(server.url)
    plain = {"config_name": "c", "model_type": "mine"}

    from modelhub import ModelRegistry, ModelWrapperBase

    class Mine(ModelWrapperBase):
        model_type = "mine"

        def __call__(self, text, **options):
            return "ok"

    custom = ModelRegistry(plain, wrappers=[Mine]).get_model("c")

    def say(text, copied):
        return copied(text).text

    ways = {
        "pickle, not used yet": lambda: pickle.loads(pickle.dumps(model)),
        "pickle, used": lambda: (model("hi"), pickle.loads(pickle.dumps(model)))[1],
        "deepcopy": lambda: copy.deepcopy(model),
        "copy": lambda: copy.copy(model),
        "a plain Python wrapper, deepcopy": lambda: copy.deepcopy(custom),
    }
    try:
        import cloudpickle

        ways["cloudpickle of a closure (as Ray does)"] = lambda: pickle.loads(
            cloudpickle.dumps(lambda text: model(text))
        )
    except ImportError:
        pass
    for what, way in ways.items():
        try:
            told = way()("hi").text
        except Exception as error:
            told = tell(error)
        check(what, told == "ok" or "config_name" in told, told)
    context = multiprocessing.get_context("spawn")
    try:
        with context.Pool(1) as pool:
            told = pool.apply(model, ("hi",)).text
    except Exception as error:
        told = tell(error)
    check("multiprocessing, spawn", told == "ok" or "config_name" in told, told)
    try:
        hub_copy = pickle.loads(pickle.dumps(hub))
        told = hub_copy.get_model("m")("hi").text
    except Exception as error:
        told = tell(error)
    check("the registry, pickle", told == "ok" or "config" in told, told)
    verdict(minor={"the registry, pickle"})
