"""A worker's soft time limit (Celery, RQ, signal.alarm) raises its exception inside a blocking call.

Source: openai/openai-python#2737, the same fault in OpenAI's SDK.
Right: the exception comes out as it is, at once, and the request is not sent again.
"""

import signal
import time

from prelude import SSE, Server, build, check, completion, delta, reply, tell, verdict


class SoftTimeLimitExceeded(Exception):
    """As Celery's and RQ's: an Exception that a signal handler raises."""


def handle(connection, request, number):
    if request.prompt == "body":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    elif request.json.get("stream"):
        connection.sendall(SSE + delta("a"))
    time.sleep(2)
    if request.prompt != "body" and not request.json.get("stream"):
        connection.sendall(reply(completion("late")))
    return False


for kind in (SoftTimeLimitExceeded, RuntimeError, ValueError, KeyboardInterrupt):
    for where in ("head", "body", "stream"):
        server = Server(handle)
        hub, model = build(server.url)

        def limit(number, frame, kind=kind):
            raise kind("soft time limit")

        signal.signal(signal.SIGALRM, limit)
        signal.setitimer(signal.ITIMER_REAL, 0.4)
        start = time.time()
        try:
            answer = model(where, stream=where == "stream")
            told = "answered " + repr(answer.text)
            right = False
        except BaseException as error:
            told, right = tell(error), type(error) is kind
        took = time.time() - start
        check(
            f"{kind.__name__} while waiting for the {where}",
            right and took < 1,
            f"{took:.1f} s, {len(server.requests)} requests, {told}",
        )
verdict()
