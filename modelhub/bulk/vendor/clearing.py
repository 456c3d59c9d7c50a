"""Deletes the files that a job has left at its vendor, once its answers are kept here."""

from __future__ import annotations

from modelhub.bulk.vendor.handed import Handed
from modelhub.bulk.vendor.ledger import Ledger
from modelhub.bulk.vendor.talking import Talk
from modelhub.engine.effects import Flow
from modelhub.errors import ModelCallError


def clear(talk: Talk, ledger: Ledger, job: Handed) -> Flow[None]:
    """Delete what remains of ``job``; a failure is told, and harms nothing."""
    left: list[str] = []
    why = ""
    for file in job.remains:
        try:
            yield from talk.ask(talk.api.build_removal(file), lambda reply: reply)
        except ModelCallError as error:
            if error.status != 404:  # otherwise it is gone already
                left.append(file)
                why = error.message
    if left:
        talk.tell(job.id or job.name, f"{', '.join(left)} cannot be deleted there, and goes on to lie there: {why}")
    ledger.note(job, remains=tuple(left))
