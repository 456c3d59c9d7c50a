"""What the servers of the protocols share: they read a request, think, and write an answer or a refusal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from ...serving import serving
from .thinking import SLOW, Answer, Broken, Question, Refusal, think

FOLDER = Path(__file__).parent
KEY = "k3y-of-the-tests"


@dataclass
class Got:
    """A request as it came; ``path`` and ``query`` are still encoded."""

    method: str
    path: str
    query: str
    headers: Any
    body: bytes

    def json(self, charset: str = "utf-8") -> Any:
        """The body, if it is JSON."""
        try:
            return json.loads(self.body.decode(charset))
        except ValueError:
            raise Refusal(400, f"the body is no JSON in {charset}") from None

    def fields(self) -> dict[str, str]:
        """The body, if it is a form."""
        return dict(parse_qsl(self.body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(self.body)))

    def parameters(self) -> dict[str, str]:
        """The query."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass
class Sent:
    """A reply; a body in pieces is sent piece by piece."""

    body: bytes | Sequence[bytes]
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Server:
    """A server of one protocol. ``seen`` are its requests, ``exchanges`` those that it has answered, and its replies;
    ``routes`` are the methods and paths that it has.

    A protocol gives ``check`` (is the sender known?), ``read``, ``write``, ``write_stream`` and ``refuse``. Those that
    are no chat give ``answer`` in their place.
    """

    routes: tuple[tuple[str, str], ...] = ()
    broken = b'{"unheard": "of"}'

    def __init__(self) -> None:
        self.seen: list[Got] = []
        self.exchanges: list[tuple[Got, Sent]] = []

    def check(self, got: Got) -> None:
        """Refuse a request whose sender is not known."""

    def read(self, got: Got) -> Question:
        """What is asked."""
        raise NotImplementedError

    def write(self, answer: Answer) -> Sent:
        """A whole reply."""
        raise NotImplementedError

    def write_stream(self, answer: Answer) -> Sent:
        """A streamed reply."""
        raise NotImplementedError

    def refuse(self, refusal: Refusal) -> Sent:
        """A reply that tells why there is no answer."""
        raise NotImplementedError

    async def answer(self, got: Got) -> Sent:
        """The reply to a request."""
        question = self.read(got)
        if question.order == "please wait":
            await asyncio.sleep(SLOW)
        answer = think(question)
        return self.write_stream(answer) if question.stream else self.write(answer)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request from its beginning to its end."""
        path, _, query = request.raw_path.partition("?")
        got = Got(request.method, path, query, request.headers, await request.read())
        self.seen.append(got)
        try:
            if not any(got.method == method and path.startswith(start) for method, start in self.routes):
                raise Refusal(404, f"there is no {got.method} {path}")
            self.check(got)
            sent = await self.answer(got)
        except Refusal as refusal:
            sent = self.refuse(refusal)
        except Broken:
            sent = Sent(self.broken)
        self.exchanges.append((got, sent))
        return await _send(request, sent)


async def _send(request: web.Request, sent: Sent) -> web.StreamResponse:
    headers = {"Content-Type": sent.kind, **sent.headers}
    if isinstance(sent.body, bytes):
        return web.Response(body=sent.body, status=sent.status, headers=headers)
    response = web.StreamResponse(status=sent.status, headers=headers)
    await response.prepare(request)
    for piece in sent.body:
        await response.write(piece)
    await response.write_eof()
    return response


def dump(value: Any, charset: str = "utf-8") -> bytes:
    """JSON as a server writes it; characters that the charset lacks are escapes."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        return text.encode(charset)
    except UnicodeEncodeError:
        return b"".join(dump_character(character, charset) for character in text)


def dump_character(character: str, charset: str) -> bytes:
    """One character of a JSON text."""
    try:
        return character.encode(charset)
    except UnicodeEncodeError:
        return json.dumps(character)[1:-1].encode()


def write_events(*events: Any, last: str | None = None, name: Callable[[Any], str] | None = None) -> list[bytes]:
    """Server-sent events of these values."""
    head = (lambda event: f"event: {name(event)}\n".encode()) if name is not None else (lambda event: b"")
    written = [head(event) + b"data: " + dump(event) + b"\n\n" for event in events]
    return [*written, *([f"data: {last}\n\n".encode()] if last is not None else [])]


def list_protocols() -> list[str]:
    """The names of all protocols."""
    return sorted(path.parent.name for path in FOLDER.glob("*/server.py"))


@contextmanager
def running(name: str) -> Iterator[tuple[Any, str]]:
    """The server of a protocol, and its address."""
    server = import_module(f"{__package__}.{name}.server").Protocol()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    with serving(app) as url:
        yield server, url
