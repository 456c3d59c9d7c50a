"""Hands jobs in, asks until they have ended, and cancels those that nobody waits for any more."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from modelhub.engine.attempts import attempts, describe
from modelhub.engine.authorizing import conceal, sent
from modelhub.engine.call import Call
from modelhub.engine.completing import complete
from modelhub.engine.connection_errors import out_of_time, took_too_long
from modelhub.engine.effects import Flow, Sleep
from modelhub.engine.job import Begun, Job
from modelhub.engine.parsing import read, settle_calls
from modelhub.engine.redirects import redirected
from modelhub.engine.refusals import accepted
from modelhub.engine.retry_after import parse_retry_after
from modelhub.errors import ModelCallError, TimeoutError
from modelhub.response import ModelResponse
from modelhub.wire import Deadline, Reply, Request

if TYPE_CHECKING:
    from modelhub.trail import Outcome

CANCELLING = 5.0
"""Seconds that cancelling a job may take: whoever gives a call up waits no longer than that."""
_SHORTEST = 0.01  # seconds between two questions, also where a server asks for none


def done(call: Call, job: Job, request: Request) -> Flow[ModelResponse]:
    """The answer of a job that ``request`` hands in.

    To hand it in, to ask after it and to read its answer is one attempt: it has one place within the limits of its
    model from its beginning to its end, the pauses between two questions included, since the server works on it all
    the while; its requests and tokens are counted once, and a circuit breaker is told how the job has ended, not its
    questions. A question that fails is repeated within that attempt.
    """
    return attempts(call, _work, request, job, _Tries(call))


def _work(call: Call, request: Request, job: Job, tries: _Tries) -> Flow[ModelResponse]:
    call.handed_in = False
    tries.begin()
    try:
        reply = yield from sent(call, request)
        if not 200 <= reply.status < 300:
            reply = yield from accepted(call, request, reply)
        call.status = reply.status
        begun = read(job.begin, reply)
        call.handed_in = True
        response = yield from _Watch(call, job, begun, tries).until_end(reply)
    except ModelCallError as error:
        tries.end("failed", error)
        raise
    tries.end("answered")
    return response


class _Watch:
    """Asks after one job, and knows until when."""

    __slots__ = ("_begun", "_call", "_clock", "_end", "_is_over", "_job", "_tries")

    def __init__(self, call: Call, job: Job, begun: Begun, tries: _Tries) -> None:
        self._call = call
        self._job = job
        self._begun = begun
        self._tries = tries
        self._clock = call.clock or call.model.clock
        self._end = self._clock() + job.max
        self._is_over = False  # the time for the job

    def until_end(self, reply: Reply) -> Flow[ModelResponse]:
        """The answer of the job, once it has ended; ``reply`` is what it was handed in with.

        Whoever is interrupted, or whose time is over, cancels the job before the error goes on.
        """
        call, outcome = self._call, None
        try:
            while outcome is None:
                asked = parse_retry_after(reply.headers)
                yield from self._pause(max(self._job.every if asked is None else asked, _SHORTEST))
                reply, outcome = yield from self._ask()
        except GeneratorExit:  # nothing more can be sent
            raise
        except BaseException as error:
            if self._is_over or not isinstance(error, ModelCallError):
                yield from self._cancel()
            raise
        if isinstance(outcome, ModelCallError):
            call.handed_in = not outcome.retryable
            raise outcome
        if outcome.tool_calls:
            settle_calls(call, outcome, reply.status)
        return outcome

    def _ask(self) -> Flow[tuple[Reply, ModelResponse | ModelCallError | None]]:
        """What the server says of the job; the question is repeated as the model's policy says."""
        call, count = self._call, 0
        policy = call.retry_policy or call.model.retry_policy
        while True:
            count += 1
            try:
                return (yield from self._ask_once())
            except ModelCallError as error:
                conceal(call, error)
                self._is_over = isinstance(error, TimeoutError) and error.bound in ("total", "max")
                wait = policy.wait_before(count + 1, error) if not self._is_over else None
                if wait is not None and self._clock() + wait >= self._find_end():
                    wait, self._is_over = None, True
                if wait is None:
                    raise
                self._tries.repeat(error, wait)
            yield from self._pause(wait)
            self._tries.begin_again()

    def _ask_once(self) -> Flow[tuple[Reply, ModelResponse | ModelCallError | None]]:
        call, look, request = self._call, self._job.look, self._begun.ask.replace()
        complete(request, call)
        request.deadline = Deadline(self._find_end(), self._clock)
        call.status = None
        try:
            reply = yield from sent(call, request)
            call.status = reply.status
            outcome = read(look, reply)
            if outcome is None and not 200 <= reply.status < 300:
                reply = yield from redirected(call, request, reply)
                call.status = reply.status
                outcome = read(look, reply)
        except TimeoutError as error:
            if error.bound == "total":
                raise self._late() from None
            raise
        return reply, outcome

    def _pause(self, seconds: float) -> Flow[None]:
        """Wait so long, or until the time for the job is over: then TimeoutError is raised."""
        left = self._find_end() - self._clock()
        yield Sleep(min(seconds, max(left, 0.0)))
        if seconds > left:
            self._is_over = True
            raise self._late()

    def _find_end(self) -> float:
        deadline = self._call.deadline
        return self._end if deadline is None else min(self._end, deadline.at)

    def _late(self) -> ModelCallError:
        return took_too_long(self._job.max) if self._find_end() == self._end else out_of_time()

    def _cancel(self) -> Flow[None]:
        """Tell the server, once and for a short time, that nobody waits; what becomes of that is not told."""
        request = self._begun.cancel
        if request is None:
            return
        request.timeout = request.connect_timeout = CANCELLING
        request.aside = True
        complete(request, self._call)
        request.deadline = Deadline(self._clock() + CANCELLING, self._clock)
        with suppress(Exception):
            yield from sent(self._call, request)


class _Tries:
    """What the trail of a call tells of its job: a record for each time that it was handed in or had to be asked anew.

    Questions that found the job at work are no attempts of their own.
    """

    __slots__ = ("_began", "_call", "_ended", "_waited")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._began = 0.0
        self._ended: float | None = None
        self._waited = 0.0

    def begin(self) -> None:
        """A try begins, after a pause if one was before it."""
        self._began = self._now()
        self._waited = self._call.lined if self._ended is None else self._began - self._ended

    def begin_again(self) -> None:
        """The pause after a question that has failed is over."""
        self.begin()
        call = self._call
        call.attempts += 1
        call.repeats += 1
        if call.listener is not None:
            call.listener.attempt_started(call, call.attempts)

    def end(self, outcome: Outcome, error: ModelCallError | None = None) -> None:
        """It has ended; the engine adds the ``error`` that is raised to its record."""
        call, self._ended = self._call, self._now()
        status = (error.status if error is not None else None) or call.status
        facts = describe(call, call.attempts, status, self._waited, self._ended - self._began, outcome)
        call.parts = (*call.parts, (facts, None))

    def repeat(self, error: ModelCallError, wait: float) -> None:
        """It has failed with ``error``, and the question is repeated in ``wait`` seconds."""
        call = self._call
        self.end("failed", error)
        *before, (facts, _) = call.parts
        call.parts = (*before, (facts, error.with_traceback(None)))  # its frames hold this call
        if call.listener is not None:
            call.listener.attempt_failed(call, call.attempts, error, wait)

    def _now(self) -> float:
        return (self._call.clock or self._call.model.clock)()
