"""Gathers inputs that are asked about at about the same time, so that they are sent together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelhub.engine.forking import forget_in_child
from modelhub.engine.waking import Sleeper, rouse
from modelhub.locks import Lock


class Place(Sleeper):
    """The part of one call in a batch: it sends the batch if it ``leads``; else it waits for its ``outcome``.

    ``inputs`` are its own. It is ``done`` when it has an outcome.
    """

    __slots__ = ("batch", "done", "inputs", "leads", "outcome")

    def __init__(self, batch: Batch, inputs: Sequence[Any], leads: bool) -> None:
        super().__init__()
        self.batch = batch
        self.inputs = inputs
        self.leads = leads
        self.done = False
        self.outcome: Any = None


class Batch:
    """Calls whose inputs go together: those that come until ``until``, or until there are enough; then it is closed."""

    __slots__ = ("closed", "key", "places", "until")

    def __init__(self, key: str, until: float) -> None:
        self.key = key
        self.until = until
        self.places: list[Place] = []
        self.closed = False

    def count(self) -> int:
        """How many inputs it has."""
        return sum(len(place.inputs) for place in self.places)


class Batches:
    """The batches of one model that are being gathered; only calls of equal options, which ``key`` tells, go together.

    It neither waits nor looks at a clock. Whatever becomes of a call, ``leave`` must end its place.
    """

    __slots__ = ("__weakref__", "_lock", "_open", "max_size", "max_wait")

    def __init__(self, max_size: int = 64, max_wait: float = 0.01) -> None:
        self.max_size = max_size
        self.max_wait = max_wait
        self._lock = Lock()
        self._open: dict[str, Batch] = {}
        forget_in_child(self)

    def forget_holders(self) -> None:
        """Forget what is being gathered, as a forked process must: the calls are its parent's."""
        self._open = {}

    def join(self, key: str, inputs: Sequence[Any], now: float) -> Place:
        """A place for ``inputs``; in a new batch, which it leads, where they do not fit into the open one."""
        full: list[Batch] = []
        with self._lock:
            batch = self._open.get(key)
            if batch is not None and batch.count() + len(inputs) > self.max_size:
                full.append(batch)
                batch = None
            is_new = batch is None
            if batch is None:
                batch = self._open[key] = Batch(key, now + self.max_wait)
            place = Place(batch, inputs, is_new)
            batch.places.append(place)
            if batch.count() >= self.max_size:
                full.append(batch)
            for each in full:
                self._close(each)
        for each in full:
            self._wake_leader(each)
        return place

    def close(self, batch: Batch) -> list[Place]:
        """Take no more calls; those that it has, in order: what the leader sends, and whom it gives the outcomes."""
        with self._lock:
            self._close(batch)
            return list(batch.places)

    def deliver(self, places: Sequence[Place], outcomes: Sequence[Any]) -> None:
        """Give each of ``places`` its outcome; one that has left does not mind."""
        for place, outcome in zip(places, outcomes, strict=True):
            place.outcome, place.done = outcome, True
            rouse(place)

    def leave(self, place: Place) -> None:
        """Give up a place; if it led and has delivered nothing, the next one leads, and sends what is left."""
        batch = place.batch
        with self._lock:
            if place in batch.places:
                batch.places.remove(place)
            led, place.leads = place.leads and not place.done, False
            if led:
                self._close(batch)
        while led and batch.places:
            successor = batch.places[0]
            successor.leads = True
            if rouse(successor):
                return
            with self._lock:
                batch.places.remove(successor)

    def _close(self, batch: Batch) -> None:
        batch.closed = True
        if self._open.get(batch.key) is batch:
            del self._open[batch.key]

    def _wake_leader(self, batch: Batch) -> None:
        for place in list(batch.places):
            if place.leads:
                rouse(place)
