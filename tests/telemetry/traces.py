"""A tracer and a meter of OpenTelemetry's SDK for this process, whose spans and points the tests look at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

ASKED = trace.get_tracer("the program's own")


class Traces:
    """What was told since it was last cleared."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._spans))
        trace.set_tracer_provider(provider)
        self._points = InMemoryMetricReader({Histogram: AggregationTemporality.DELTA})
        metrics.set_meter_provider(MeterProvider([self._points]))

    def clear(self) -> None:
        """Forget what was told."""
        self._spans.clear()
        self._points.get_metrics_data()

    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended, the first to end first."""
        return list(self._spans.get_finished_spans())

    def span(self, name: str) -> ReadableSpan:
        """The one span of that name."""
        (span,) = [span for span in self.spans() if span.name == name]
        return span

    def points(self) -> dict[str, list[Any]]:
        """The points of each metric."""
        told = self._points.get_metrics_data()
        scopes = [scope for resource in told.resource_metrics for scope in resource.scope_metrics] if told else []
        return {each.name: list(each.data.data_points) for scope in scopes for each in scope.metrics}


@cache
def find_traces() -> Traces:
    """Those of the process, which has one provider for ever."""
    return Traces()


def told(span: ReadableSpan) -> Mapping[str, Any]:
    """The attributes of a span."""
    return span.attributes or {}


def parent(span: ReadableSpan) -> int | None:
    """The id of the span that it is a part of."""
    return None if span.parent is None else span.parent.span_id


def ident(span: ReadableSpan) -> int:
    """The id of a span."""
    return span.get_span_context().span_id


def happened(span: ReadableSpan) -> list[str]:
    """The names of its events."""
    return [event.name.removeprefix("modelhub.") for event in span.events]
