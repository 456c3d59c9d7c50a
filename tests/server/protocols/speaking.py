"""What the tests of the protocols share: their routes by path, and requests and responses as data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelhub.response import ModelResponse, ToolCall, ToolCallDelta, Usage
from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Listing, Protocol, Route, Wanted
from modelhub.server.formats.protocols import PROTOCOLS

HERE = Path(__file__).parent
ROUTES = {path: route for protocol in PROTOCOLS for route in protocol.routes for path in route.paths}


def read_cases(folder: str) -> list[tuple[str, dict[str, Any]]]:
    """The name and the content of each file below a folder."""
    files = sorted((HERE / folder).rglob("*.json"))
    return [(file.relative_to(HERE / folder).as_posix(), json.loads(file.read_text("utf-8"))) for file in files]


def find_listing(path: str, method: str, ask: Ask) -> tuple[Protocol, Listing, Mapping[str, str]]:
    """The listing that answers a path, its protocol, and the variable parts of the path."""
    for protocol in PROTOCOLS:
        for listing in protocol.listings:
            for pattern in listing.paths:
                match = re.fullmatch(re.sub(r"\{(\w+):(.+?)\}", r"(?P<\1>\2)", pattern), path)
                if match and listing.method == method and listing.fits(ask):
                    return protocol, listing, match.groupdict()
    raise LookupError(path)


def parse(path: str, body: Any, headers: Mapping[str, str] | None = None) -> Wanted:
    """What a request wants."""
    return ROUTES[path].parse(Ask(body, headers=headers or {}))


def list_fields(wanted: Wanted) -> dict[str, Any]:
    """What is wanted, as data; what is empty is left out."""
    told = {name: getattr(wanted, name) for name in ("model", "task", "input", "options", "hints", "extra", "form")}
    told |= {"stream": wanted.stream, "ready": wanted.ready is not None}
    found: dict[str, Any] = json.loads(json.dumps(told, default=sorted))
    return {name: value for name, value in found.items() if value not in ({}, False)}


def build_response(told: Mapping[str, Any], *, delta: bool = False) -> ModelResponse:
    """A response, or a delta of one."""
    fields = dict(told)
    if "usage" in fields:
        fields["usage"] = Usage(**fields["usage"])
    if "tool_calls" in fields:
        kind = ToolCallDelta if delta else ToolCall
        fields["tool_calls"] = [kind(**call) for call in fields["tool_calls"]]
    return ModelResponse(**fields)


def write_stream(route: Route, wanted: Wanted, deltas: list[Any], whole: ModelResponse) -> bytes:
    """All bytes of a stream."""
    writer = route.build_writer(wanted, "x1", 1767225600)
    pieces = [writer.build_opening()]
    pieces += [writer.build_delta(build_response(delta, delta=True)) for delta in deltas]
    return b"".join((*pieces, writer.build_closing(whole)))


def hide(text: str) -> str:
    """A reply without the times that it took."""
    return re.sub(r'(_duration": ?)\d+', r"\g<1>0", text)
