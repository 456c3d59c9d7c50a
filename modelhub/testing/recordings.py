"""Recorded exchanges: what a model was asked, what the server replied, and what is to come of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelhub.diagnostics.wording import suggest_name
from modelhub.errors import ModelHubError

_TOP = ("config", "description", "request", "replies", "expect", "sent")
_REPLY = ("status", "headers", "body", "chunks", "timeout", "end")
_EXPECT = (
    *("text", "reasoning", "finish_reason", "usage", "tool_calls", "embedding", "image_urls", "parsed"),
    *("request_id", "model", "error"),
)
_SENT = ("method", "path", "query", "headers", "body")
_ENDS = ("abrupt", "reset_before")


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded call, named like its file.

    ``request`` holds the ``input`` of the call, ``stream``, and its other options. ``replies`` are what the server
    sent, one for each request: ``status``, ``headers``, and ``body`` (a text, or anything that is written as JSON) or
    ``chunks`` (texts, as they came); or ``timeout``, where it sent nothing. ``end`` is "abrupt" for one that broke off,
    "reset_before" for none at all. ``expect`` is what the call gives, and ``sent`` what the server was sent, one for
    each request; only what they say is compared.
    """

    name: str
    request: Mapping[str, Any]
    replies: Sequence[Mapping[str, Any]]
    expect: Mapping[str, Any] = field(default_factory=dict)
    sent: Sequence[Mapping[str, Any]] = ()
    config: str | None = None

    @property
    def input(self) -> Any:
        """What the model is asked."""
        return self.request.get("input")

    @property
    def stream(self) -> bool:
        """Whether the answer is asked for in pieces."""
        return bool(self.request.get("stream"))

    @property
    def options(self) -> dict[str, Any]:
        """The options of the call, but for ``stream``."""
        return {name: value for name, value in self.request.items() if name not in ("input", "stream")}

    @property
    def fails(self) -> bool:
        """Whether the call is to raise an error."""
        return "error" in self.expect


def read_recordings(folder: str | Path) -> list[Recording]:
    """The recordings of a folder, by name; raises ModelHubError for a file that is none, which says why."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ModelHubError(f"there is no folder {folder}: put recordings there, one JSON file for each call")
    return [read_recording(path) for path in sorted(folder.glob("*.json"))]


def read_recording(path: Path) -> Recording:
    """The recording of one file; raises ModelHubError, which says what is wrong with it."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelHubError(f"{path}: not a recording: {error}") from None
    return build_recording(path.stem, value, str(path))


def build_recording(name: str, value: Any, where: str) -> Recording:
    """The recording that ``value`` describes; ModelHubError, which begins with ``where``, for one that is wrong."""
    _check(value, _TOP, where, "a recording")
    request, replies = value.get("request"), value.get("replies")
    if not isinstance(request, dict) or "input" not in request:
        raise ModelHubError(f'{where}: "request" has to be an object with "input", which is what the model is asked')
    if not isinstance(replies, list):
        raise ModelHubError(f'{where}: "replies" has to be a list with one reply for each request')
    for n, reply in enumerate(replies):
        _check(reply, _REPLY, f"{where}: replies[{n}]", "a reply")
        if reply.get("end") not in (None, *_ENDS):
            raise ModelHubError(f"{where}: replies[{n}].end is one of {', '.join(_ENDS)}, not {reply['end']!r}")
    expect = value.get("expect") or {}
    _check(expect, _EXPECT, f"{where}: expect", "what is expected")
    sent = value.get("sent") or []
    for each in sent if isinstance(sent, list) else [sent]:
        _check(each, _SENT, f"{where}: sent", "what was sent")
    return Recording(name, request, replies, expect, sent if isinstance(sent, list) else [sent], value.get("config"))


def _check(value: Any, known: Sequence[str], where: str, what: str) -> None:
    if not isinstance(value, dict):
        raise ModelHubError(f"{where}: {what} is an object, not {type(value).__name__}")
    for key in value:
        if key not in known:
            hint = suggest_name(key, known, "keys")
            raise ModelHubError(f"{where}: {what} has no key {key!r}; {hint}")


def encode_pieces(reply: Mapping[str, Any]) -> list[bytes]:
    """The body of a recorded reply in the pieces in which it came; half characters are surrogate escapes."""
    body = reply.get("body")
    texts = reply.get("chunks", [body if body is not None else ""])
    written = [text if isinstance(text, str) else json.dumps(text, ensure_ascii=False) for text in texts]
    return [text.encode("utf-8", "surrogateescape") for text in written]


def build_headers(reply: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a recorded reply; a body that is written as JSON says so."""
    headers = {str(name): str(value) for name, value in (reply.get("headers") or {}).items()}
    body = reply.get("body")
    if body is not None and not isinstance(body, str) and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = "application/json"
    return headers
