"""http.client moving bytes, the least that blocking calls out of Python's own library can cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPConnection
from urllib.parse import urlsplit

from contestants import KEY, MESSAGES, MODEL, PACED, TEXTS


def open_blocking(url: str) -> dict[str, Callable[[], object]]:
    """What is measured, on one connection."""
    connection = HTTPConnection(urlsplit(url).netloc)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    path = urlsplit(url).path
    call, stream, paced = (
        json.dumps({"model": model, "messages": MESSAGES, "stream": streams}).encode()
        for model, streams in ((MODEL, False), (MODEL, True), (PACED, True))
    )
    vectors = {form: json.dumps({"input": TEXTS, "encoding_format": form}).encode() for form in ("float", "base64")}

    def post(place: str, body: bytes) -> bytes:
        connection.request("POST", f"{path}/{place}", body, headers)
        return connection.getresponse().read()

    def read(body: bytes) -> None:
        connection.request("POST", f"{path}/chat/completions", body, headers)
        response = connection.getresponse()
        while response.read1():
            pass

    return {
        "call": lambda: post("chat/completions", call),
        "stream": lambda: read(stream),
        "paced": lambda: read(paced),
        "numbers": lambda: post("embeddings", vectors["float"]),
        "base64": lambda: post("embeddings", vectors["base64"]),
    }
