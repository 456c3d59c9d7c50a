"""The rules of a shared limiter, once more in Python: what the script is compared with, where there is no Redis."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from modelhub.locks import Lock

AT_ONCE = 1e-5
LONGEST = 2.0


@dataclass
class Place:
    """What somebody asks for, and until when it is believed to be there."""

    most: float
    request: float
    request_room: float
    token: float
    token_room: float
    until: float = math.inf
    began: float = math.nan


@dataclass
class Model:
    """One limiter. ``clock`` is that of the server, in seconds."""

    clock: Callable[[], float]
    leases: dict[str, Place] = field(default_factory=dict)
    line: dict[str, Place] = field(default_factory=dict)  # in the order in which they came
    real: float = math.nan
    now: float = math.nan
    requests: float = math.nan
    tokens: float = math.nan
    held: float = math.nan
    stay: float = 1.0
    lock: Lock = field(default_factory=Lock)

    def run(self, verb: str, lease: str, patience: str, *words: str) -> float:
        """What the script answers."""
        with self.lock:
            return self.step(verb, lease, patience, *words)

    def step(self, verb: str, lease: str, patience: str, *words: str) -> float:
        self.pass_time()
        match verb:
            case "acquire":
                return self.acquire(words[0], Place(*map(float, words[1].split())), float(lease), float(patience))
            case "place":
                return self.place_in(words[0], Place(*map(float, words[1].split())))
            case "release":
                self.release(words[0], float(words[1]), words[2] == "1")
            case "renew":
                for name in words:
                    if name in self.leases:
                        self.leases[name].until = self.now + float(lease)
            case _:
                self.held = max(self.held, self.now + float(words[0]))
        return 0.0

    def pass_time(self) -> None:
        real = self.clock()
        if math.isnan(self.now):
            self.now = self.requests = self.tokens = self.held = real
        elif real > self.real:
            self.now += real - self.real
        self.real = real
        for places in (self.leases, self.line):
            for name in [name for name, place in places.items() if place.until <= self.now]:
                del places[name]

    def acquire(self, name: str, place: Place, lease: float, patience: float) -> float:
        if name in self.leases:
            self.leases[name].until = self.now + lease
            return 0.0
        place.until = self.now + patience
        self.line[name] = place  # one that stands there stays where it is
        wait = self.look(list(self.line).index(name))
        if wait > AT_ONCE:
            return min(wait, LONGEST)
        del self.line[name]
        place.until, place.began = self.now + lease, self.now
        self.leases[name] = place
        self.requests = max(self.requests, self.now) + place.request
        self.tokens = max(self.tokens, self.now) + place.token
        return 0.0

    def look(self, rank: int) -> float:
        requests, tokens = max(self.requests - self.now, 0.0), max(self.tokens - self.now, 0.0)
        wait = self.held - self.now
        for index, place in enumerate(list(self.line.values())[: rank + 1], 1):
            if len(self.leases) + index > place.most:
                ends = len(self.leases) + rank + 1 - place.most
                return max(wait, (ends + rank) * max(self.stay, 0.1) / (place.most + 1) / 4, 0.01)
            wait = max(wait, requests - place.request_room, tokens - place.token_room)
            if wait > LONGEST:
                return LONGEST
            requests += place.request
            tokens += place.token
        return wait

    def place_in(self, name: str, place: Place) -> float:
        ahead = len(self.line) - (name in self.line)
        taken = len(self.leases) + ahead
        requests, tokens = max(self.requests - self.now, 0.0), max(self.tokens - self.now, 0.0)
        wait = max(self.held - self.now, requests + ahead * place.request - place.request_room, 0.0)
        wait = max(wait, tokens + ahead * place.token - place.token_room)
        return wait if taken < place.most else max(wait, taken // place.most * self.stay)

    def release(self, name: str, used: float, sent: bool) -> None:
        self.line.pop(name, None)
        place = self.leases.pop(name, None)
        if place is None:
            return
        if sent:
            self.stay += (self.now - place.began - self.stay) * 0.2
        else:
            self.requests -= place.request
        if used > place.token:
            self.tokens = max(self.tokens, self.now) + used - place.token
        elif used >= 0:
            self.tokens -= place.token - used


class ModelScript:
    """Runs the model as a limiter runs its script; ``fault`` is raised instead, or called before and ``after``."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.fault: BaseException | None = None
        self.before: Callable[[], object] = bool
        self.after: Callable[[], object] = bool  # what it raises is a reply that is lost
        self.said: list[tuple[str, ...]] = []
        self.dropped = 0
        self.closed = False

    def run(self, *words: str) -> object:
        self.before()
        if self.fault is not None:
            raise self.fault
        self.said.append((words[0], *words[3:]))
        answer = self.model.run(*words)
        self.after()
        return repr(answer).encode()

    def drop_idle(self) -> None:
        self.dropped += 1

    def close(self) -> None:
        self.closed = True
