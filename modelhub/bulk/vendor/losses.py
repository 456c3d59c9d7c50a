"""Why a request has no answer although its job has ended."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from modelhub.bulk.vendor.api import Complaint, Job, Loss
from modelhub.bulk.vendor.drafts import find_key
from modelhub.engine.classify import build_error
from modelhub.errors import ModelCallError, ResponseParsingError, TimeoutError

_AGAIN = "start again to ask it again"


def explain_end(end: Loss) -> ModelCallError:
    """The error for a request that a vendor has given up."""
    if end == "expired":
        text = f"the batch ran out of time before this request was answered; {_AGAIN}"
        return TimeoutError(text, code="batch_expired", retryable=True)
    text = f"the batch was cancelled before this request was answered; {_AGAIN}"
    return ModelCallError(text, code="batch_cancelled", retryable=True)


def explain_loss(job: Job | None, complaint: Complaint | None) -> ModelCallError:
    """The error for a request of which the results say nothing; ``job`` is None if it was never handed in.

    ``complaint`` is what the vendor complains of in its line, None if that is of another one or of the whole job.
    """
    if job is None or job.end == "cancelled":
        return explain_end("cancelled")
    if job.end == "expired":
        return explain_end("expired")
    if complaint is not None:
        return _build_error(complaint, complaint.message)
    if job.complaints:
        why = job.complaints[0]
        about = "" if why.line is None else f" because of its line {why.line}"
        return _build_error(why, f"the vendor refused the whole batch{about}: {why.message}")
    return ResponseParsingError(f"batch {job.id} is {job.state} without an answer to this request; {_AGAIN}")


def raise_loss(loss: ModelCallError) -> NoReturn:
    """Raise it."""
    raise loss


def find_complaints(job: Job | None, lines: Path) -> Mapping[str, Complaint]:
    """What the vendor complains of in single lines, by the keys of their requests."""
    wanted = {each.line: each for each in (job.complaints if job is not None else ()) if each.line is not None}
    found: dict[str, Complaint] = {}
    if wanted and lines.exists():
        with lines.open("rb") as file:
            for n, line in enumerate(file, 1):
                if n in wanted:
                    found[find_key(line)] = wanted[n]
    return found


def _build_error(complaint: Complaint, message: str) -> ModelCallError:
    limited = "limit" in (complaint.code or "")  # OpenAI's token_limit_exceeded: too much is waiting there already
    return build_error(429 if limited else 400, message, code=complaint.code)
