"""urllib3 moving bytes, the least that calls over requests can cost."""

from __future__ import annotations

import json
from collections.abc import Callable

import urllib3
from contestants import KEY, MESSAGES, MODEL, PACED, TEXTS


def open_blocking(url: str) -> dict[str, Callable[[], object]]:
    """What is measured, on one pool."""
    pool = urllib3.PoolManager(headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"})
    chat, embeddings = f"{url}/chat/completions", f"{url}/embeddings"
    call, stream, paced = (
        json.dumps({"model": model, "messages": MESSAGES, "stream": streams}).encode()
        for model, streams in ((MODEL, False), (MODEL, True), (PACED, True))
    )
    vectors = {form: json.dumps({"input": TEXTS, "encoding_format": form}).encode() for form in ("float", "base64")}

    def read(body: bytes) -> None:
        response = pool.request("POST", chat, body=body, preload_content=False)
        for _ in response.stream():
            pass
        response.release_conn()

    return {
        "call": lambda: pool.request("POST", chat, body=call).data,
        "stream": lambda: read(stream),
        "paced": lambda: read(paced),
        "numbers": lambda: pool.request("POST", embeddings, body=vectors["float"]).data,
        "base64": lambda: pool.request("POST", embeddings, body=vectors["base64"]).data,
    }
