"""The observer ``prometheus``: counters, histograms and gauges of calls, and where they can be scraped.

The metrics are made once for the program, in the default registry of prometheus_client, whose multiprocess mode they
obey.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from modelhub import events
from modelhub.locks import Lock
from modelhub.telemetry.scraping import Scraped, find_port, serve

_SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600)
_FIRST = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60)
_STATES = {"closed": 0, "half-open": 1, "open": 2}
_TOKENS = {"prompt": "prompt_tokens", "completion": "completion_tokens", "cached": "cached_tokens"}
_WHOSE = ("config_name", "model_type")


def build_observer(text: str | None = None) -> Prometheus:
    """The observer; ``text`` is a port, with an address before it or not, where ``/metrics`` is to be served."""
    place = find_port(text) if text else None
    with _LOCK:
        metrics = _build_metrics()
    return Prometheus(metrics, serve(*place) if place is not None else None)


_LOCK = Lock()


@cache
def _build_metrics() -> Metrics:
    return Metrics()


class Prometheus:
    """Counts what it is told. The observers of several registries count in the same metrics.

    ``served`` is where they are served, None if the program does that itself.
    """

    def __init__(self, metrics: Metrics, served: Scraped | None = None) -> None:
        self.served = served
        self._metrics = metrics
        self._under_way: dict[str, _OfConfig] = {}  # by call_id
        self._in_line: set[str] = set()
        self._told: dict[type, Callable[[Any], None]] = {
            events.CallStarted: self._begin,
            events.CallEnded: self._end,
            events.RetryScheduled: lambda event: self._find(event).retries.inc(),
            events.Queued: self._line_up,
            events.Admitted: self._leave_line,
            events.CacheHit: lambda event: self._find(event).cache_hits.inc(),
            events.FellBack: lambda event: self._find(event).add_fallback(event.target),
            events.BreakerChanged: lambda event: self._find(event).breaker.set(_STATES.get(event.after, 2)),
            events.BudgetExceeded: lambda event: self._find(event).budget.inc(),
            events.Reloaded: lambda event: metrics.reloads.labels(event.error or "success").inc(),
        }

    def __call__(self, event: events.Event) -> None:
        """Count one event."""
        count = self._told.get(type(event))
        if count is not None:
            count(event)

    def close(self) -> None:
        """Stop serving, if no other observer is served there."""
        if self.served is not None:
            self.served.leave()

    def _find(self, event: events.Event) -> _OfConfig:
        return self._under_way.get(event.call_id) or self._metrics.find(event.config_name, "")

    def _begin(self, event: events.CallStarted) -> None:
        config = self._metrics.find(event.config_name, event.model_type)
        self._under_way[event.call_id] = config
        config.in_flight.inc()

    def _end(self, event: events.CallEnded) -> None:
        config = self._under_way.pop(event.call_id, None)
        if config is not None:
            config.in_flight.dec()
            if event.call_id in self._in_line:  # it was given up there
                self._leave_line(event, config)
        else:
            config = self._metrics.find(event.config_name, event.model_type)
        config.end(event)

    def _line_up(self, event: events.Queued) -> None:
        if event.call_id in self._under_way and event.call_id not in self._in_line:
            self._in_line.add(event.call_id)
            self._under_way[event.call_id].queued.inc()

    def _leave_line(self, event: events.Event, config: _OfConfig | None = None) -> None:
        if event.call_id in self._in_line:
            self._in_line.discard(event.call_id)
            (config or self._under_way[event.call_id]).queued.dec()


class Metrics:
    """All metrics of the program."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        self.calls = Counter("modelhub_calls", "Calls that have ended.", (*_WHOSE, "outcome"))
        self.seconds = Histogram(
            "modelhub_call_seconds", "Duration of calls, retries included.", (*_WHOSE, "outcome"), buckets=_SECONDS
        )
        self.first = Histogram(
            "modelhub_first_token_seconds", "Time until the first piece of a stream.", _WHOSE, buckets=_FIRST
        )
        self.attempts = Counter("modelhub_attempts", "Tries, the first ones included.", _WHOSE)
        self.retries = Counter("modelhub_retries", "Tries that follow a failed one.", _WHOSE)
        self.tokens = Counter(
            "modelhub_tokens", "Tokens; those cached are among those of the prompt.", (*_WHOSE, "kind")
        )
        self.cost = Counter("modelhub_cost", "What calls with a known price have cost.", (*_WHOSE, "currency"))
        self.cache_hits = Counter("modelhub_cache_hits", "Calls answered by the answer of another call.", _WHOSE)
        self.fallbacks = Counter(
            "modelhub_fallbacks", "How often a target was asked in place of another.", (*_WHOSE, "target")
        )
        self.budgets = Counter("modelhub_budget_exceeded", "Calls that came when a budget was used up.", _WHOSE)
        self.reloads = Counter("modelhub_reloads", "Reloads of configs.", ("outcome",))
        self.in_flight = Gauge("modelhub_in_flight", "Calls under way.", _WHOSE, multiprocess_mode="livesum")
        self.queued = Gauge("modelhub_queued", "Calls that wait in line.", _WHOSE, multiprocess_mode="livesum")
        self.breakers = Gauge(
            "modelhub_breaker_state",
            "Circuit breaker: 0 closed, 1 half-open, 2 open.",
            _WHOSE,
            multiprocess_mode="livemax",
        )
        self._configs: dict[tuple[str, str], _OfConfig] = {}

    def find(self, config_name: str, model_type: str) -> _OfConfig:
        """What counts for one config."""
        key = (config_name or "", model_type)
        found = self._configs.get(key)
        if found is None:
            found = self._configs[key] = _OfConfig(self, key)
        return found


class _OfConfig:
    """The metrics of one config, with its labels."""

    def __init__(self, metrics: Metrics, whose: tuple[str, str]) -> None:
        self._metrics = metrics
        self._whose = whose
        self._ends: dict[str, tuple[Any, Any]] = {}  # by outcome
        self._tokens = {field: metrics.tokens.labels(*whose, kind) for kind, field in _TOKENS.items()}
        self._first = metrics.first.labels(*whose)
        self._attempts = metrics.attempts.labels(*whose)
        self.retries = metrics.retries.labels(*whose)
        self.cache_hits = metrics.cache_hits.labels(*whose)
        self.budget = metrics.budgets.labels(*whose)
        self.in_flight = metrics.in_flight.labels(*whose)
        self.queued = metrics.queued.labels(*whose)

    @property
    def breaker(self) -> Any:
        """Its gauge, which only configs with a breaker have."""
        return self._metrics.breakers.labels(*self._whose)

    def add_fallback(self, target: str) -> None:
        """A target was asked in place of one that failed."""
        self._metrics.fallbacks.labels(*self._whose, target).inc()

    def end(self, event: events.CallEnded) -> None:
        """A call has ended."""
        left = event.error is None and event.stream and event.response is None
        outcome = event.error or ("left" if left else "success")
        ends = self._ends.get(outcome)
        if ends is None:
            metrics, labels = self._metrics, (*self._whose, outcome)
            ends = self._ends[outcome] = metrics.calls.labels(*labels), metrics.seconds.labels(*labels)
        calls, seconds = ends
        calls.inc()
        seconds.observe(event.seconds)
        if event.first_token_seconds is not None:
            self._first.observe(event.first_token_seconds)
        if event.attempts:
            self._attempts.inc(event.attempts)
        if event.usage is not None and not event.cached:
            for field, tokens in self._tokens.items():
                amount = getattr(event.usage, field)
                if type(amount) is int and amount > 0:  # servers write what they like
                    tokens.inc(amount)
        if event.cost:
            self._metrics.cost.labels(*self._whose, event.currency or "USD").inc(event.cost)
