"""Shows the requests that a mock server gets, a line each when it is over, and never waits for a reader."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from modelhub.printable import printable, shorten

_LONGEST = 60  # characters of what is asked
_ASKING = ("messages", "input", "inputs", "prompt", "contents", "texts", "parts", "content", "text")


def build_shower(show: Callable[[str], object]) -> Middleware:
    """A middleware that hands ``show`` a line for each request: its status and time, its path, and what it asks."""

    @web.middleware
    async def tell(request: web.Request, handler: Handler) -> web.StreamResponse:
        began, status, body = time.monotonic(), "left", b""
        try:
            body = await request.read()
            response = await handler(request)
            status = str(response.status)
            return response
        finally:
            took = time.monotonic() - began
            show(f"{status:4} {took:6.3f} s  {request.method} {printable(request.path_qs)}{describe(body)}")

    return tell


def describe(body: bytes) -> str:
    """The model and the question of a request, as far as they are found."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(value, dict):
        return ""
    model = value.get("model")
    asked = _find_text(value)
    named = f"  {shorten(printable(model), _LONGEST)}" if isinstance(model, str) else ""
    return named + (f"  {shorten(printable(asked), _LONGEST)}" if asked else "")


def _find_text(value: Any) -> str:
    """The last text that is asked, wherever a vendor's format has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return next((text for item in reversed(value) if (text := _find_text(item))), "")
    if isinstance(value, dict):
        return next((text for key in _ASKING if (text := _find_text(value.get(key)))), "")
    return ""


class Output:
    """Writes lines to an open file, and leaves out those that its reader is not ready for."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._is_open = True

    def write(self, line: str) -> None:
        """Write a line, unless that would have to wait; nothing more is written when the reader has gone away."""
        if not self._is_open:
            return
        try:
            if not select.select([], [self._number], [], 0)[1]:
                return
            os.write(self._number, f"{line}\n".encode(errors="backslashreplace")[: select.PIPE_BUF])
        except (OSError, ValueError):
            self._is_open = False
