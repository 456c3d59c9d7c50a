"""Code written by hand over requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import requests
from contestants import KEY, MESSAGES, MODEL, PACED, TEXTS


def open_blocking(url: str) -> dict[str, Callable[[], object]]:
    """What is measured, on one session."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {KEY}"
    chat, embeddings = f"{url}/chat/completions", f"{url}/embeddings"

    def call() -> Any:
        response = session.post(chat, json={"model": MODEL, "messages": MESSAGES})
        response.raise_for_status()
        return response.json()["choices"][0]["message"]["content"]

    def stream(model: str = MODEL) -> None:
        body = {"model": model, "messages": MESSAGES, "stream": True}
        with session.post(chat, json=body, stream=True) as response:
            response.raise_for_status()
            for line in response.iter_lines():
                if line.startswith(b"data: ") and line != b"data: [DONE]":
                    json.loads(line[6:])["choices"][0]["delta"].get("content")

    def numbers() -> Any:
        response = session.post(embeddings, json={"model": "e", "input": TEXTS})
        response.raise_for_status()
        return [row["embedding"] for row in response.json()["data"]]

    return {"call": call, "stream": stream, "paced": lambda: stream(PACED), "numbers": numbers}
