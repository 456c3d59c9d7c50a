"""What happens during a call, as events of its span."""

from __future__ import annotations

from modelhub import events
from modelhub.telemetry.otel.served import Value

HAPPENINGS: dict[type[events.Event], str] = {
    events.AttemptStarted: "modelhub.attempt",
    events.AttemptFailed: "modelhub.attempt_failed",
    events.RetryScheduled: "modelhub.retry",
    events.Queued: "modelhub.queued",
    events.Admitted: "modelhub.admitted",
    events.CacheHit: "modelhub.cache_hit",
    events.FirstToken: "modelhub.first_token",
    events.FellBack: "modelhub.fallback",
    events.Routed: "modelhub.routed",
    events.BreakerChanged: "modelhub.breaker",
    events.BudgetExceeded: "modelhub.budget_exceeded",
}
_COMMON = {"config_name", "call_id", "time"}
_NAMES = {"error": "error.type", "status": "http.response.status_code"}


def describe(event: events.Event) -> dict[str, Value]:
    """The fields of ``event`` as attributes; those that are None are left out."""
    return {
        _NAMES.get(name) or f"modelhub.{name}": value
        for name in type(event).__slots__
        if name not in _COMMON and (value := getattr(event, name)) is not None
    }
