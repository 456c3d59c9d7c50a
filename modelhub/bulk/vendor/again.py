"""What is handed in again of a job that its vendor has refused as a whole, before it has worked on any of it."""

from __future__ import annotations

from modelhub.bulk.vendor.api import Job
from modelhub.bulk.vendor.handed import Handed
from modelhub.bulk.vendor.pauses import Pauses
from modelhub.bulk.vendor.talking import Talk
from modelhub.engine.effects import Flow, Sleep
from modelhub.records import Record

_CROWDED = "token_limit_exceeded"  # of OpenAI: as much waits there already as this key may have
_ROUNDS = 10  # in which lines are left out: a vendor names some of those that are wrong


class Again(Record):
    """The lines that are ``left_out``, counted from 1, and how many jobs the others become."""

    left_out: frozenset[int] = frozenset()
    parts: int = 1


def find_again(
    talk: Talk, handed: Handed, job: Job | None, turn: int, pauses: Pauses, had_company: bool
) -> Flow[Again | None]:
    """What to hand in again of a job that has ended; None for nothing.

    Where too much is waiting at the vendor, that is waited for first, longer with each ``turn``; a job that is too much
    by itself, as it is unless it ``had_company``, becomes two. Where single lines are wrong, the others go on without.
    """
    if job is None or job.end != "failed":
        return None
    wrong = frozenset(each.line for each in job.complaints if each.line is not None)
    if wrong:
        rest = handed.requests - len(wrong)
        if rest <= 0 or turn >= _ROUNDS:
            return None
        talk.tell(
            job.id, f"it was refused because of {len(wrong):,} of its requests; the other {rest:,} go without them"
        )
        return Again(wrong)
    crowded = next((each for each in job.complaints if each.code == _CROWDED), None)
    if crowded is None:
        return None
    if had_company or (yield from has_others(talk)):
        pause = pauses.find_crowded(turn)
        talk.tell(job.id, f"it has to wait until others have ended, and is handed in again in {pause:,.0f} s")
        yield Sleep(pause)
        return Again()
    if handed.requests == 1:
        return None
    talk.tell(job.id, f"it is too much at once, and is handed in again in two halves: {crowded.message}")
    return Again(parts=2)


def has_others(talk: Talk) -> Flow[bool]:
    """Whether the vendor works on jobs of this key."""
    jobs, _ = yield from talk.ask(talk.api.build_list(None), lambda reply: talk.api.parse_list(reply.json()))
    return any(job.end is None for job in jobs)
