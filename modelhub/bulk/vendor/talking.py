"""Asks a vendor about jobs, by requests that the engine repeats as it does those of calls."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from modelhub.bulk.vendor.api import BatchAPI
from modelhub.engine.attempts import attempts
from modelhub.engine.authorizing import sent
from modelhub.engine.call import Call
from modelhub.engine.completing import complete
from modelhub.engine.effects import READ, Flow
from modelhub.engine.parsing import read
from modelhub.engine.redirects import redirected
from modelhub.secrets.redaction import scrub
from modelhub.wire import Reply, Request

T = TypeVar("T")


class Talk:
    """What is asked of the vendor of ``model`` by its ``api``; ``tell`` is told what comes of it."""

    def __init__(self, model: Any, api: BatchAPI, tell: Callable[[str], None]) -> None:
        self.model = model
        self.api = api
        self._tell = tell
        self.going = self.worked = 0  # jobs of this run on which the vendor works, or has worked to their end

    def tell(self, id: str, text: str) -> None:
        """Tell something of the job ``id``."""
        self._tell(scrub(f"{self.api.title} batch {id}: {text}", tuple(self.model.find_secrets())))

    def ask(self, request: Request, parse: Callable[[Reply], T], *, once: bool = False) -> Flow[T]:
        """What ``parse`` makes of the reply; ``once`` where the request must not be repeated."""
        call = self._begin(request)
        if once:
            call.handed_in = request.once = True
        return attempts(call, _exchange, request, parse)

    def fetch(self, request: Request, path: Path) -> Flow[None]:
        """Write the body of the reply to a file, as it comes."""
        request.stream = True
        return attempts(self._begin(request), _download, request, path)

    def _begin(self, request: Request) -> Call:
        call = Call(self.api.model, None, {})
        complete(request, call)
        request.aside = True
        return call


def _exchange(call: Call, request: Request, parse: Callable[[Reply], T]) -> Flow[T]:
    reply = yield from _answered(call, request)
    return read(parse, reply)


def _download(call: Call, request: Request, path: Path) -> Flow[None]:
    yield from _answered(call, request)
    with path.open("wb") as file:
        while chunk := (yield READ):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _answered(call: Call, request: Request) -> Flow[Reply]:
    reply = yield from sent(call, request)
    return reply if 200 <= reply.status < 300 else (yield from redirected(call, request, reply))
