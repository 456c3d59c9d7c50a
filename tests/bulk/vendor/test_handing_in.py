"""How often a job is handed in where that fails: the flow of it, served by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelhub.bulk.vendor import Pauses
from modelhub.bulk.vendor.drafts import find_lines
from modelhub.bulk.vendor.following import Following
from modelhub.bulk.vendor.handed import Handed
from modelhub.bulk.vendor.ledger import Ledger
from modelhub.bulk.vendor.talking import Talk
from modelhub.engine.effects import Sleep
from modelhub.errors import AuthenticationError, ConnectionError, ModelCallError, RateLimitError
from modelhub.wire import Reply, Request

from .models import build_api

BATCH = {"id": "batch_1", "status": "validating", "input_file_id": "file-1"}
UPLOADED = Reply(200, {}, b'{"id": "file-1"}')
HANDED_IN = Reply(200, {}, json.dumps(BATCH).encode())
NOTHING = Reply(200, {}, b'{"data": [], "has_more": false}')
LISTED = Reply(200, {}, json.dumps({"data": [{"id": "batch_0", "input_file_id": "other"}, BATCH]}).encode())
OTHERS = Reply(200, {}, b'{"data": [{"id": "batch_0", "status": "in_progress"}], "has_more": false}')
MORE = Reply(200, {}, b'{"data": [{"id": "batch_9"}], "has_more": true}')
LOST = ConnectionError("the server closed the connection before it answered")
BROKEN, BUSY, WRONG = (Reply(status, {}, b'{"error": {"message": "no"}}') for status in (502, 429, 401))
UPLOAD, SUBMIT, LIST = "POST /v1/files", "POST /v1/batches", "GET /v1/batches?limit=100"


@pytest.mark.parametrize(
    ("state", "replies", "asked"),
    [
        ("ready", [UPLOADED, HANDED_IN], [UPLOAD, SUBMIT]),
        ("ready", [UPLOADED, LOST, LISTED], [UPLOAD, SUBMIT, LIST]),
        ("ready", [UPLOADED, LOST, NOTHING, HANDED_IN], [UPLOAD, SUBMIT, LIST, SUBMIT]),
        ("ready", [UPLOADED, BROKEN, LISTED], [UPLOAD, SUBMIT, LIST]),
        ("ready", [UPLOADED, BUSY, NOTHING, HANDED_IN], [UPLOAD, SUBMIT, LIST, SUBMIT]),
        (
            "ready",
            [UPLOADED, *[BUSY, NOTHING] * 2, BUSY, OTHERS, OTHERS, HANDED_IN],
            [UPLOAD, *[SUBMIT, LIST] * 3, LIST, SUBMIT],
        ),
        ("ready", [LOST, UPLOADED, HANDED_IN], [UPLOAD, UPLOAD, SUBMIT]),
        ("sent", [LISTED], [LIST]),
        ("sent", [NOTHING, HANDED_IN], [LIST, SUBMIT]),
        ("sent", [MORE, LISTED], [LIST, f"{LIST}&after=batch_9"]),
    ],
)
def test_a_job_is_looked_for_before_it_is_handed_in_again(
    state: Any, replies: list[Any], asked: list[str], tmp_path: Path
) -> None:
    following = build_following(tmp_path, state)
    assert serve(following, replies) == asked
    assert (following.handed.state, following.handed.id) == ("running", "batch_1")


@pytest.mark.parametrize(
    ("replies", "error", "state"),
    [
        ([UPLOADED, WRONG], AuthenticationError, "ready"),
        ([UPLOADED, *[BUSY, NOTHING] * 3], RateLimitError, "sent"),
        ([UPLOADED, LOST, NOTHING, LOST, NOTHING, LOST], ConnectionError, "sent"),
    ],
)
def test_what_cannot_be_handed_in_is_raised(replies: list[Any], error: Any, state: str, tmp_path: Path) -> None:
    following = build_following(tmp_path, "ready")
    with pytest.raises(error):
        serve(following, replies)
    assert following.handed.state == state


def build_following(folder: Path, state: Any) -> Following:
    api = build_api("openai", origin="http://server", retry={"max_attempts": 3})
    ledger = Ledger(folder / "vendor.db")
    job = Handed(1, "modelhub-run-1", "ready", 1, {})
    ledger.add_job(job)
    if state == "sent":
        job = ledger.note(job, state="sent", file="file-1", began=1.0)
    find_lines(folder, 1).write_bytes(b"{}\n")
    return Following(Talk(api.model, api, lambda text: None), ledger, folder, job, Pauses())


def serve(following: Following, replies: list[Any]) -> list[str]:
    """Serve the flow with ``replies``; the requests that it made."""
    flow, asked, outcome = following.hand_in(), [], None
    left = iter(replies)
    try:
        while True:
            if isinstance(outcome, ModelCallError):
                effect = flow.throw(ConnectionError(outcome.message))
            else:
                effect = flow.send(outcome)
            outcome = None
            if isinstance(effect, Request):
                asked.append(f"{effect.method} {effect.url.removeprefix('http://server')}")
                outcome = next(left)
            else:
                assert isinstance(effect, Sleep)
    except StopIteration:
        assert next(left, None) is None
        return asked
