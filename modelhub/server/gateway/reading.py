"""Reads the body of a request, within bounds of size and time."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from aiohttp import web

from modelhub.server.formats.replies import Failure

LARGEST = 32 * 1024 * 1024  # bytes of a body
PATIENCE = 120.0  # seconds in which a body must have come
_PAUSE = 15.0  # seconds that a sender may pause in the middle of it


async def read_json(request: web.BaseRequest, largest: int = LARGEST) -> dict[str, Any]:
    """The JSON object that a request holds; raises Failure for what is none, too large, or too slow to come."""
    body = await read_body(request, largest)
    try:
        data = orjson.loads(body)
    except ValueError as error:
        text = "it is empty" if not body else str(error)
        raise Failure(400, "bad_request", f"the body is not JSON: {text}") from None
    if not isinstance(data, dict):
        raise Failure(400, "bad_request", "the body is not a JSON object")
    return data


async def read_body(request: web.BaseRequest, largest: int = LARGEST) -> bytes:
    """The body of a request; raises Failure, without having read what is too large."""
    headers, content = request.headers, request.content
    if (request.content_length or 0) > largest:
        raise _build_too_large(largest)
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Failure(415, "bad_request", "the body is compressed: send it as it is")
    if "Expect" in headers:
        await _answer_expectation(request)
    if content.is_eof():  # all of it has come, as is usual
        body = content.read_nowait()
        if len(body) > largest:
            raise _build_too_large(largest)
        return body
    parts: list[bytes] = []
    size = 0
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    try:
        while True:
            async with asyncio.timeout_at(min(end, loop.time() + _PAUSE)):
                part = await content.readany()
            if not part:
                return b"".join(parts)
            size += len(part)
            if size > largest:
                raise _build_too_large(largest)
            parts.append(part)
    except TimeoutError:
        raise Failure(408, "timeout", "the body of the request did not come in time") from None
    except (web.RequestPayloadError, web.HTTPException, ValueError):
        raise Failure(400, "bad_request", "the body of the request broke off, or is no HTTP") from None


async def _answer_expectation(request: web.BaseRequest) -> None:
    if request.headers["Expect"].lower() != "100-continue":
        raise Failure(417, "bad_request", "only Expect: 100-continue is known")
    if request.transport is not None and not request.content.is_eof():
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _build_too_large(largest: int) -> Failure:
    return Failure(413, "bad_request", f"the body is larger than {largest // 1024 // 1024} MB")
