"""Finds whether a reply is that of a job, which was handed in and then asked after until it was done."""

from __future__ import annotations

import re
from typing import Any

from modelhub.authoring.adapter.paths import Path, list_leaves, write_path, write_text
from modelhub.authoring.adapter.recorded import Recorded, Request
from modelhub.authoring.adapter.words import DONE, list_words, same_style, split_name

_JOBS = {"task", "job", "prediction", "ticket", "run", "operation", "execution", "order", "batch", "work"}
_STATES = {"status", "state", "phase", "stage", "taskstatus", "progress", "状态", "job_state", "st"}
_FAILED = ("failed", "error", "canceled", "cancelled")
_PARTS = re.compile(r"([/?=&:])")
_WAITING = frozenset(
    list_words(
        "queued pending running processing starting in_progress submitted accepted waiting created working "
        "scheduled busy received new wait started enqueued"
    )
)


def find_job(recorded: Recorded, request: Request | None) -> tuple[dict[str, Any], str] | None:
    """The config's ``poll``, and what of it is a guess; None if the reply is no job's."""
    document = recorded.document
    state = _find_state(document)
    url = request.url if request else ""
    ids = _find_ids(document)
    asked = next(((path, value) for path, value in ids if url and _holds(url, value)), None)
    if recorded.submission is not None:
        begun = _find_ids(recorded.submission)
        both = {value for _, value in ids}
        named = next(((path, value) for path, value in begun if value in both), begun[0] if begun else None)
        source: Any = recorded.submission
    elif asked is not None and request is not None and request.method in ("GET", ""):
        named, source = asked, document
    else:
        named = next(((path, value) for path, value in ids if _names_job(path, document)), None)
        source = document
    if state is None or named is None:
        return None
    path, value = named
    where, word = state
    poll: dict[str, Any] = {"id": write_path(path, source)}
    poll["url"] = _write_url(url, value) if asked is not None else f"/{_find_kind(path)}s/{{id}}"
    expression = write_path(where, document)
    poll["until"] = f"{expression} == {write_text(word)}"
    failed = [same_style(each, word) for each in _FAILED]
    poll["failed"] = " || ".join(f"{expression} == {write_text(each)}" for each in failed)
    return poll, "guessed: the reply is that of a job that was asked after until it was done"


def is_submission(document: Any) -> bool:
    """Whether a reply only says that a job was taken."""
    words = {
        str(value).lower()
        for path, value in list_leaves(document)
        if isinstance(value, str) and path and set(split_name(str(path[-1]))) & _STATES
    }
    return bool(words & _WAITING)


def _find_state(document: Any) -> tuple[Path, str] | None:
    for path, value in list_leaves(document):
        if not isinstance(value, str) or not path or any(isinstance(step, int) for step in path):
            continue
        if set(split_name(str(path[-1]))) & _STATES and "_".join(split_name(value)) in DONE - {"ok", "success"}:
            return path, value
        if set(split_name(str(path[-1]))) & _STATES and value.lower() == "success" and _find_ids(document):
            return path, value
    return None


def _find_ids(document: Any) -> list[tuple[Path, str]]:
    found = [
        (path, str(value))
        for path, value in list_leaves(document)
        if isinstance(value, str | int)
        and not isinstance(value, bool)
        and value != ""
        and path
        and not any(isinstance(step, int) for step in path)
        and _is_id(str(path[-1]))
    ]
    return sorted(found, key=lambda each: (not _names_job(each[0], document), len(each[0])))


def _is_id(name: str) -> bool:
    words = set(split_name(name))
    known = bool(words & {"id", "uuid", "ticket", "handle"} or name.lower() in _JOBS or name.lower().endswith("id"))
    return known and not words & {"request", "trace", "session", "user", "model", "log", "conversation", "message"}


def _names_job(path: Path, document: Any) -> bool:
    words = {word for step in path if isinstance(step, str) for word in split_name(step)}
    if words & _JOBS:
        return True
    keys = set(document) if isinstance(document, dict) else set()
    return path[-1] == "id" and len(path) == 1 and "urls" in keys and bool(keys & {"completed_at", "started_at"})


def _find_kind(path: Path) -> str:
    words = [word for step in path if isinstance(step, str) for word in split_name(step) if word in _JOBS]
    return words[-1] if words else "job"


def _holds(url: str, value: str) -> bool:
    return len(value) > 1 and value in _PARTS.split(url)


def _write_url(url: str, value: str) -> str:
    """The address with ``{id}`` in the place of the id."""
    steps = _PARTS.split(url)
    place = steps.index(value)
    return "".join(steps[:place]) + "{id}" + "".join(steps[place + 1 :])
