"""The metrics of calls that have ended, told to the meter of the program's provider."""

from __future__ import annotations

from typing import Any

from opentelemetry import metrics
from opentelemetry.context import Context
from opentelemetry.metrics import Meter, NoOpMeterProvider

from modelhub.events import CallEnded
from modelhub.telemetry.otel.served import Attributes
from modelhub.telemetry.otel.tracing import SCOPE

_SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
_TOKENS = [4**n for n in range(14)]


class Metrics:
    """The histograms of one meter, with the buckets that the conventions advise."""

    def __init__(self, meter: Meter) -> None:
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="GenAI operation duration.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._first_chunk = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            unit="s",
            description="Time to the first chunk of a streamed answer.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )

    def record(self, event: CallEnded, attributes: Attributes, context: Context) -> None:
        """Record a call that has ended; the tokens of a kept answer were recorded by the call that asked for it."""
        response, usage = event.response, event.usage
        if response is not None and response.model:
            attributes = {**attributes, "gen_ai.response.model": response.model}
        ended = attributes if event.error is None else {**attributes, "error.type": event.error}
        self._duration.record(event.seconds, ended, context)
        if event.first_token_seconds is not None:
            self._first_chunk.record(event.first_token_seconds, attributes, context)
        if usage is not None and not event.cached:
            self._tokens.record(usage.prompt_tokens, {**attributes, "gen_ai.token.type": "input"}, context)
            if event.task != "embedding":
                self._tokens.record(usage.completion_tokens, {**attributes, "gen_ai.token.type": "output"}, context)


_last: tuple[Any, Metrics | None] = (None, None)


def find_metrics() -> Metrics | None:
    """The metrics of the provider that is set just now; None where there is none, and nothing is counted."""
    global _last
    provider = metrics.get_meter_provider()
    known, found = _last
    if provider is not known:
        silent = isinstance(provider, NoOpMeterProvider) or type(provider).__name__ == "_ProxyMeterProvider"
        found = None if silent else Metrics(provider.get_meter(SCOPE))
        _last = provider, found
    return found
