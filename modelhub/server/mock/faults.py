"""The ways in which a mock server misbehaves: each fault turns the right reply into a wrong one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from modelhub.errors import ModelHubError
from modelhub.server.formats.format import Format
from modelhub.server.formats.replies import Failure, Reply, Stream

_Change = Callable[[Reply, Format, "Fault"], Reply]
_HTML = b"<!DOCTYPE html>\n<html><head><title>Mock gateway</title></head><body><h1>%b</h1></body></html>\n"

FAILURES: dict[str, Failure] = {
    "400": Failure(400, "bad_request", "The request is not valid."),
    "401": Failure(401, "authentication", "Incorrect API key provided."),
    "403": Failure(403, "permission", "This key may not use this model."),
    "404": Failure(404, "not_found", "The model does not exist or you do not have access to it."),
    "408": Failure(408, "timeout", "The request timed out."),
    "409": Failure(409, "conflict", "Another request holds this resource."),
    "429": Failure(429, "rate_limit", "Rate limit reached: too many requests."),
    "500": Failure(500, "server", "The server had an error while processing your request."),
    "503": Failure(503, "overloaded", "The server is overloaded, please try again later."),
    "quota": Failure(429, "quota", "You exceeded your current quota, please check your plan and billing details."),
    "context": Failure(400, "context", "This model's maximum context length is 8192 tokens; the messages are longer."),
    "filter": Failure(400, "filter", "The request was refused by the content filter."),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault by name, with the reply headers that its arguments add.

    ``after`` is how many words of a stream are sent before it goes wrong, and ``seconds`` how long a pause lasts; None
    is until the client goes away.
    """

    name: str = "ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    after: int = 2
    seconds: float | None = None


def parse_fault(text: str) -> Fault:
    """Read ``name`` or ``name;header=value;...``; an empty value means that the reply must not have the header.

    Raises ModelHubError for a name that does not exist.
    """
    name, *arguments = (part.strip() for part in text.split(";"))
    pairs = [argument.partition("=") for argument in arguments if argument]
    if name not in _CHANGES and name not in FAILURES and not (name.isdecimal() and 400 <= int(name) <= 599):
        known = ", ".join(NAMES)
        raise ModelHubError(f"there is no mock fault {name[:40]!r}; use a status from 400 to 599 or one of {known}")
    return Fault(name, {key.strip().lower(): value.strip() for key, _, value in pairs})


def build_failure(fault: Fault) -> Failure | None:
    """The failure to send instead of an answer; None for a fault that damages an answer."""
    if not fault.name.isdecimal():
        return FAILURES.get(fault.name)
    status = int(fault.name)
    other = Failure(status, "bad_request" if status < 500 else "server", f"This mock reply has status {status}.")
    return FAILURES.get(fault.name, other)


def build_spoilt(fault: Fault, reply: Reply, form: Format) -> Reply:
    """Damage a reply in the way that the fault names."""
    reply = _CHANGES[fault.name](reply, form, fault)
    return replace(reply, headers={**reply.headers, **fault.headers}) if fault.headers else reply


def _cut(reply: Reply, form: Format, fault: Fault) -> Reply:
    return replace(reply, stream=reply.stream and reply.stream.start(fault.after), ending="cut")


def _stall(reply: Reply, form: Format, fault: Fault) -> Reply:
    where = 1 if reply.stream is None else len(reply.stream.opening) + min(fault.after, len(reply.stream.deltas))
    return replace(reply, pauses={where: fault.seconds})


def _slow_start(reply: Reply, form: Format, fault: Fault) -> Reply:
    return replace(reply, pauses={0: fault.seconds})


def _truncated(reply: Reply, form: Format, fault: Fault) -> Reply:
    if reply.stream is None:
        return replace(reply, body=reply.body[: len(reply.body) // 2])
    start = reply.stream.start(fault.after)
    return replace(reply, stream=Stream(start.opening, start.deltas, (start.torn + b"\n\n",)))


def _charset(reply: Reply, form: Format, fault: Fault) -> Reply:
    kind = reply.content_type.partition(";")[0] + "; charset=utf-8"
    if reply.stream is None:
        return replace(reply, body=_to_gbk(reply.body), content_type=kind)
    opening, deltas, closing = (
        tuple(map(_to_gbk, events)) for events in (reply.stream.opening, reply.stream.deltas, reply.stream.closing)
    )
    return replace(reply, stream=Stream(opening, deltas, closing), content_type=kind)


def _to_gbk(data: bytes) -> bytes:
    """Encode JSON text as GBK, after adding a character whose GBK bytes are not valid UTF-8."""
    return data.decode().replace("{", '{"note":"你好",', 1).encode("gbk", "replace")


def _stream_error(reply: Reply, form: Format, fault: Fault) -> Reply:
    if reply.stream is None:
        return form.build_error(FAILURES["500"])
    start = reply.stream.start(fault.after)
    return replace(reply, stream=Stream(start.opening, start.deltas, (form.build_error_event(FAILURES["500"]),)))


def _page(status: int, title: bytes, padding: int = 0) -> _Change:
    def change(reply: Reply, form: Format, fault: Fault) -> Reply:
        return Reply(status, _HTML % title + b"<!-- padding -->" * (padding // 16), content_type="text/html")

    return change


_CHANGES: dict[str, _Change] = {
    "ok": lambda reply, form, fault: reply,
    "cut": _cut,
    "stall": _stall,
    "slow-start": _slow_start,
    "truncated": _truncated,
    "charset": _charset,
    "stream-error": _stream_error,
    "html": _page(200, b"Welcome"),
    "html500": _page(500, b"500 Internal Server Error"),
    "big500": _page(500, b"500 Internal Server Error", 10_000_000),
    "empty": lambda reply, form, fault: replace(reply, body=b"", stream=None),
    "error200": lambda reply, form, fault: replace(form.build_error(FAILURES["500"]), status=200),
    "hang": lambda reply, form, fault: Reply(ending="hang"),
    "reset": lambda reply, form, fault: Reply(ending="reset"),
    "close": lambda reply, form, fault: Reply(ending="close"),
    "redirect": lambda reply, form, fault: Reply(307),
}

NAMES = (*_CHANGES, *FAILURES)
"""What faults are called; a status from 400 to 599 is one, too."""

PLACED = frozenset({"cut", "stall", "truncated", "stream-error"})
"""The faults that come after some words of a stream."""

PAUSES = frozenset({"stall", "slow-start"})
"""The faults that are a pause."""

ANSWERING = frozenset({"ok", "cut", "stall", "slow-start", "truncated", "charset", "stream-error"})
"""The faults that still use up a scripted answer."""
