"""Counts the calls of one config: always, so that nothing but the counting may cost."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from modelhub.late import late
from modelhub.locks import Lock
from modelhub.prices.price import Price, find_cost, find_usage
from modelhub.prices.spending import Spending

if TYPE_CHECKING:
    from modelhub import response
    from modelhub.engine.call import Call
    from modelhub.engine.effects import Flow
    from modelhub.response import Usage
    from modelhub.telemetry.sums import Sums
else:
    response = late("modelhub.response")

_KEPT = 256  # ended calls that are not added up yet


class Tally:
    """What the calls of one config came to. Threads and event loops may share it.

    A call that ends is only noted; the notes are added up when somebody asks, or when there are many.
    """

    __slots__ = ("_ended", "_lock", "_started", "_sums", "queued", "retries")

    def __init__(self) -> None:
        self._started = count()
        self._ended: list[Ended] = []
        self._lock = Lock()
        self._sums: Sums | None = None
        self.queued = 0
        self.retries = 0

    def begin(self) -> None:
        """A call begins."""
        next(self._started)

    def end(self, ended: Ended) -> None:
        """A call has ended."""
        self._ended.append(ended)
        if len(self._ended) >= _KEPT:
            self.add_up()

    def add_up(self) -> Sums:
        """The sums of all calls that have ended."""
        from modelhub.telemetry.sums import Sums  # few calls need it

        with self._lock:
            sums = self._sums
            if sums is None:
                sums = self._sums = Sums()
            while self._ended:
                sums.add(*self._ended.pop())
            return sums

    def retried(self) -> None:
        """A try that failed is repeated."""
        with self._lock:
            self.retries += 1

    def line_up(self, step: int) -> None:
        """A call has joined a line (1), or left it (-1)."""
        with self._lock:
            self.queued += step

    @property
    def started(self) -> int:
        """How many calls have begun."""
        return int(repr(self._started)[len("count(") : -1])


Ended = tuple[float, "float | None", "str | None", bool, "Usage | None", int, "Price | float | None"]
"""Of a call that ended: seconds, seconds to the first token, error, cached, usage, images, and its price or cost."""


def tallied(call: Call, tally: Tally, flow: Flow[Any]) -> Flow[Any]:
    """``flow``, which ``tally`` counts; what it costs is told to the call it is a part of."""
    clock = call.clock or call.model.clock
    tally.begin()
    began = clock()
    answer: Any = None
    error: str | None = None
    try:
        answer = yield from flow
        return answer
    except GeneratorExit:
        raise
    except BaseException as failure:
        error = type(failure).__name__
        raise
    finally:
        seconds, first = clock() - began, call.arrived
        if first is not None:
            first -= began
        if answer is not None and isinstance(answer, response.ModelResponse):  # no import when the program ends
            price: Any = call.model.home.price if call.spending is None else call.spending.cost
            images = len(answer.image_urls) if answer.image_urls else 0
            tally.end((seconds, first, error, call.cached, find_usage(answer), images, price))
            if call.outer is not None:
                spend(call.outer, call, answer)
        else:
            tally.end((seconds, first, error, call.cached, None, 0, None))


def find_call_cost(call: Call, answer: response.ModelResponse) -> float | None:
    """What a call that was answered has cost; None where that is not known."""
    if call.cached:
        return 0.0
    return find_cost(call.model.home.price, answer) if call.spending is None else call.spending.cost


def find_currency(call: Call) -> str | None:
    """The currency of what a call has cost; None where that is not known."""
    if call.spending is not None:
        return call.spending.currency
    price = call.model.home.price
    return None if price is None else str(price.currency)


def spend(outer: Call, part: Call, answer: response.ModelResponse) -> None:
    """Let ``outer`` know what ``part``, which was answered, has cost and used."""
    if outer.spending is None:
        outer.spending = Spending()
    if part.cached:
        return
    if part.spending is not None:
        outer.spending.add_all(part.spending)
        return
    usage = find_usage(answer)
    tokens = 0 if usage is None else usage.total_tokens
    outer.spending.add(find_call_cost(part, answer), find_currency(part), tokens)
