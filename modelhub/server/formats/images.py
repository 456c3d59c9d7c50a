"""OpenAI's images: one pixel as base64, or a URL that leads nowhere (platform.openai.com/docs/api-reference/images)."""

from __future__ import annotations

from base64 import b64encode
from hashlib import blake2b
from struct import pack
from zlib import compress, crc32

import orjson

from modelhub.response import Usage
from modelhub.server.formats.answers import count_tokens
from modelhub.server.formats.format import Ask, Endpoint, Format
from modelhub.server.formats.openai import build_error, build_error_event, parse_count
from modelhub.server.formats.openai_limits import build_limit_headers
from modelhub.server.formats.replies import Failure, Json, Reply, build_json
from modelhub.server.formats.writers.images import build_images as write_images

_CREATED = 1767225600


def build_images(ask: Ask) -> Reply:
    """Answer ``/images/generations``: URLs, or base64 if the request asks for it or for a GPT image model."""
    body = ask.body
    rows = build_rows(ask)
    told, drawn = count_tokens(body["prompt"]), 64 * len(rows)
    usage = Usage(told, drawn) if "b64_json" in rows[0] else None
    return build_json(write_images(_CREATED, rows, body.get("output_format"), usage), tokens=told + drawn)


def build_rows(ask: Ask) -> list[Json]:
    """The images of a request; raises Failure when it has no prompt."""
    body = ask.body
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise Failure(400, "bad_request", "you must provide a prompt")
    if given := ask.draw():
        return [_build_row(url) for url in given]
    names = [
        blake2b(orjson.dumps([ask.seed, body, index]), digest_size=8).digest()
        for index in range(parse_count(body, "n", 1, 10))
    ]
    packed = body.get("response_format") == "b64_json" or str(body.get("model")).startswith("gpt-image")
    if packed:
        return [{"b64_json": b64encode(build_pixel(name[:3])).decode()} for name in names]
    return [{"url": f"https://images.example/{name.hex()}.png", "revised_prompt": prompt} for name in names]


def _build_row(url: str) -> Json:
    """The image at an address, which may be a data URI."""
    head, _, data = url.partition(";base64,")
    return {"b64_json": data} if head.startswith("data:") else {"url": url}


def build_pixel(colour: bytes) -> bytes:
    """A PNG of one pixel."""
    chunks = {b"IHDR": pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0), b"IDAT": compress(b"\0" + colour), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data)) for kind, data in chunks.items()
    )


FORMAT = Format(
    (Endpoint("POST", ("/v1/images/generations", "/images/generations"), build_images, "image"),),
    build_error,
    build_error_event,
    build_limit_headers,
)
