"""What a worker (Celery, Ray, a process pool) sends back: errors, answers, and an answer that was streamed to its end.

Source: openai/openai-python#2629, meridianlabs-ai/inspect_scout#616, NVIDIA/garak#1859.
Right: every error comes back as its class with status, retry_after and text; a whole answer comes back equal, also when
it was streamed.
"""

import copy
import pickle

from prelude import END, SSE, Server, build, check, completion, delta, reply, tell, verdict

from modelhub import ModelRegistry


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
