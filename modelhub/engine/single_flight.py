"""Lets equal calls that are under way at the same time ask once."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from modelhub.engine.forking import forget_in_child
from modelhub.engine.waking import Sleeper, rouse
from modelhub.locks import Lock

T = TypeVar("T")


class Seat(Sleeper, Generic[T]):
    """The part of one call in a flight: it asks itself if it ``leads``; else it waits for what the flight brings."""

    __slots__ = ("flight", "has_landed", "leads", "outcome")

    def __init__(self, flight: Flight[T], leads: bool) -> None:
        super().__init__()
        self.flight = flight
        self.leads = leads
        self.has_landed = False
        self.outcome: T | None = None


class Flight(Generic[T]):
    """The calls of one key that are under way: the one that asks, and those that wait, in the order they came."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: deque[Seat[T]] = deque()


class Flights(Generic[T]):
    """The flights of all keys. It neither waits nor looks at a clock; threads and event loops share it.

    ``board`` gives each call a seat; whatever becomes of the call, ``leave`` must end it. The one that leads says with
    ``land`` what it has brought, for all. If it leaves without, the next one leads.
    """

    __slots__ = ("__weakref__", "_flights", "_lock")

    def __init__(self) -> None:
        self._lock = Lock()
        self._flights: dict[str, Flight[T]] = {}
        forget_in_child(self)

    def __len__(self) -> int:
        return len(self._flights)

    def forget_holders(self) -> None:
        """Forget all flights, as a forked process must: the calls that ask are its parent's."""
        self._flights = {}

    def board(self, key: str) -> Seat[T]:
        """A seat in the flight of ``key``; in a new one, which it leads, if there is none."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is None:
                flight = self._flights[key] = Flight()
                return Seat(flight, True)
            seat = Seat(flight, False)
            flight.waiting.append(seat)
            return seat

    def land(self, key: str, seat: Seat[T], outcome: T) -> None:
        """Give ``outcome`` to all who wait; a call that comes from now on begins a flight of its own."""
        with self._lock:
            if self._flights.get(key) is seat.flight:
                del self._flights[key]
            waiting, seat.flight.waiting = list(seat.flight.waiting), deque()
            for other in waiting:
                other.outcome, other.has_landed = outcome, True
        for other in waiting:
            rouse(other)

    def leave(self, key: str, seat: Seat[T]) -> None:
        """Give up the seat; if it led and has not landed, the next one leads."""
        while True:
            with self._lock:
                flight = seat.flight
                if not seat.leads:
                    if seat in flight.waiting:
                        flight.waiting.remove(seat)
                    return
                seat.leads = False
                if self._flights.get(key) is not flight:
                    return
                if not flight.waiting:
                    del self._flights[key]
                    return
                seat = flight.waiting.popleft()
                seat.leads = True
            if rouse(seat):
                return
