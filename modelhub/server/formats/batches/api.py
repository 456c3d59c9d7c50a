"""The contract of a batch API: its endpoints, and what answers the requests of its jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from modelhub.server.formats.batches.jobs import Desk, Job
from modelhub.server.formats.format import Ask, Endpoint, Format
from modelhub.server.formats.replies import Failure, Json, Reply

Serve = Callable[[Desk, Ask], Reply]


@dataclass(frozen=True, slots=True)
class Service:
    """A method, its paths, and the function that answers there with what is on a desk.

    ``json``, ``keyed`` and ``unless`` are those of its endpoint.
    """

    method: str
    paths: tuple[str, ...]
    serve: Serve
    json: bool = True
    keyed: bool = True
    unless: str = ""

    def open(self, desk: Desk) -> Endpoint:
        """The endpoint for this desk; what scripts say of the next calls is not for it."""

        def build(ask: Ask) -> Reply:
            return self.serve(desk, ask)

        return Endpoint(
            self.method,
            self.paths,
            build,
            json=self.json,
            scripted=False,
            keyed=self.keyed,
            unless=self.unless,
        )


@dataclass(frozen=True, slots=True)
class BatchAPI:
    """One vendor's: its services, and the wire format of its errors."""

    form: Format
    services: tuple[Service, ...]


def find_build(forms: Sequence[Format], path: str) -> Callable[[Ask], Reply]:
    """The function that answers a call of ``path``."""
    endpoints = [endpoint for form in forms for endpoint in form.endpoints if endpoint.method == "POST"]
    return next(endpoint.build for endpoint in endpoints if path in endpoint.paths)


def build_lines(rows: Sequence[Json]) -> Reply:
    """A file of a JSON object in each line."""
    return Reply(body=join_lines(rows), content_type="application/x-jsonl")


def join_lines(rows: Sequence[Json]) -> bytes:
    """JSON objects as lines."""
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def parse_page(ask: Ask, default: int, most: int, key: str = "limit") -> int:
    """How many entries of a list are asked for; raises Failure for another number than from 1 to ``most``."""
    given = ask.query.get(key, str(default))
    if not given.isdecimal() or not 1 <= int(given) <= most:
        raise Failure(400, "bad_request", f"'{key}' must be an integer from 1 to {most}")
    return int(given)


def read_origin(ask: Ask) -> str:
    """The address of the server, as the client knows it."""
    return f"http://{ask.headers.get('Host', 'localhost')}"


def count_outcomes(job: Job) -> tuple[int, int, int]:
    """How many requests of a job have an answer, have failed, and are not done."""
    return len(job.outcomes) - job.failed, job.failed, len(job.lines) - len(job.outcomes)
