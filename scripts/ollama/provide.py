"""See to it that an Ollama server has a model: create it from a GGUF file, or pull it by name when it is missing."""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit


class OllamaError(Exception):
    """The server refuses, in its own words."""


def main() -> None:
    parser = argparse.ArgumentParser("provide.py", allow_abbrev=False)
    parser.add_argument("url")
    parser.add_argument("model")
    parser.add_argument("--file", type=Path, help="the GGUF file to make the model of")
    parser.add_argument("--template", type=Path, help="a file with its prompt template, in Ollama's language")
    arguments = parser.parse_args()
    try:
        if arguments.file:
            create(arguments.url, arguments.model, arguments.file, arguments.template)
        elif not has_model(arguments.url, arguments.model):
            follow(arguments.url, "/api/pull", {"model": arguments.model})
    except (OSError, http.client.HTTPException, OllamaError) as error:
        sys.exit(f"Ollama at {arguments.url} cannot provide {arguments.model}: {error}")


def create(url: str, model: str, path: Path, template: Path | None) -> None:
    """Upload a GGUF file, unless the server has it, and make a model of it."""
    keys = {} if template is None else {"template": template.read_text("utf-8")}
    with path.open("rb") as file:
        digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        blob = f"/api/blobs/{digest}"
        if send(url, "HEAD", blob).status != 200:
            file.seek(0)
            print(f"uploading {path}")
            uploaded = send(url, "POST", blob, file, {"Content-Length": str(path.stat().st_size)})
            if uploaded.status != 201:
                raise OllamaError(f"the upload ends with HTTP {uploaded.status}: {uploaded.read().decode().strip()}")
    follow(url, "/api/create", {"model": model, "files": {path.name: digest}, **keys})


def has_model(url: str, model: str) -> bool:
    return send(url, "POST", "/api/show", json.dumps({"model": model}).encode()).status == 200


def follow(url: str, path: str, body: dict[str, Any]) -> None:
    """Have the server do something, and tell its progress; an error in its lines is one, though the status is 200."""
    last = None
    for line in iterate_lines(send(url, "POST", path, json.dumps(body).encode())):
        progress = json.loads(line)
        if "error" in progress:
            raise OllamaError(progress["error"])
        last, before = progress.get("status"), last
        if last != before:
            print(last)
    if last != "success":
        raise OllamaError(f"{path} stops after {last!r}, without success")


def iterate_lines(reply: http.client.HTTPResponse) -> Iterator[bytes]:
    return (line for line in reply if line.strip())


def send(
    url: str, method: str, path: str, body: bytes | BinaryIO | None = None, headers: dict[str, str] | None = None
) -> http.client.HTTPResponse:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.request(method, path, body, headers or {})
    return connection.getresponse()


if __name__ == "__main__":
    main()
