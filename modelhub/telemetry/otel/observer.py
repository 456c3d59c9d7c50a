"""The observer that makes a span of each call, and tells the metrics of its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from opentelemetry import context as contexts
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from modelhub import events
from modelhub.telemetry.otel import answers, asked
from modelhub.telemetry.otel.content import Content, find_content
from modelhub.telemetry.otel.happenings import HAPPENINGS, describe
from modelhub.telemetry.otel.metrics import Metrics, find_metrics
from modelhub.telemetry.otel.served import Served, find_served
from modelhub.telemetry.otel.tracing import find_tracer

_ERROR = Status(StatusCode.ERROR)


def build_observer(text: str | None = None) -> OTelObserver:
    """The observer ``otel``; raises ValueError for a text, since the program's providers know where spans go."""
    if text:
        raise ValueError(f"it takes no text, and is given {text!r}: OTEL_EXPORTER_OTLP_ENDPOINT says where spans go")
    return OTelObserver()


class OTelObserver:
    """Tells the global providers of OpenTelemetry, as they are when a call begins, of each call."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        self._models: dict[str, Any] = {}  # of calls that are about to begin

    def meet(self, call_id: str, model: Any) -> None:
        """A call of ``model`` is about to begin."""
        self._models[call_id] = model

    def __call__(self, event: events.Event) -> None:
        """Something has happened to a call."""
        if isinstance(event, events.CallStarted):
            self._begin(event, self._models.pop(event.call_id))
        elif isinstance(event, events.CallEnded):
            call = self._calls.pop(event.call_id, None)
            if call is not None:
                call.end(event)
        elif (call := self._calls.get(event.call_id)) is not None and call.span is not None:
            call.add(event)

    def enter(self, call_id: str) -> _Current:
        """What surrounds the code of a model: in it the span of its call is current."""
        call = self._calls.get(call_id)
        return _Current(None if call is None or call.span is None else call.context)

    def carry(self, call_id: str) -> Mapping[str, str]:
        """The headers of the configured propagators, such as ``traceparent``, for the requests of a call."""
        call = self._calls.get(call_id)
        headers: dict[str, str] = {}
        propagate.inject(headers, None if call is None else call.context)
        return headers

    def _begin(self, event: events.CallStarted, model: Any) -> None:
        """The span of a call is a child of the one that is current where it begins."""
        context = contexts.get_current()
        tracer, metrics = find_tracer(), find_metrics()
        if tracer is None and metrics is None:
            self._calls[event.call_id] = _Call(context)
            return
        served = find_served(event, model)
        began = time.time_ns()
        if tracer is None:
            self._calls[event.call_id] = _Call(context, metrics=metrics, served=served)
            return
        span = tracer.start_span(
            served.span_name,
            context,
            SpanKind.INTERNAL if served.is_composite else SpanKind.CLIENT,
            {**served.attributes, **served.own, **asked.describe(event, served.is_composite)},
            start_time=began,
        )
        content = find_content(model) if span.is_recording() and not served.is_composite else None
        self._calls[event.call_id] = _Call(
            trace.set_span_in_context(span, context), span, metrics, served, content, began - int(event.time * 1e9)
        )
        if content is not None:
            span.set_attributes(content.build_input(event, served.attributes["gen_ai.provider.name"]))


class _Call:
    """A call under way: its span, where there is one, and the context that is current for the code of its model."""

    __slots__ = ("_content", "_metrics", "_offset", "_served", "context", "span")

    def __init__(
        self,
        context: Context,
        span: Span | None = None,
        metrics: Metrics | None = None,
        served: Served | None = None,
        content: Content | None = None,
        offset: int = 0,
    ) -> None:
        self.context = context
        self.span = span
        self._metrics = metrics
        self._served = served
        self._content = content
        self._offset = offset  # nanoseconds from the clock of events to that of spans

    def add(self, event: events.Event) -> None:
        """Let the span tell of ``event``, if it is told of."""
        name = HAPPENINGS.get(type(event))
        if name is not None and self.span is not None and self.span.is_recording():
            self.span.add_event(name, describe(event), self._find_time(event))

    def end(self, event: events.CallEnded) -> None:
        """The call is over."""
        span, served = self.span, self._served
        if served is None:
            return
        if span is not None:
            if span.is_recording():
                span.set_attributes(answers.describe(event, served.is_composite))
                if event.error is not None:
                    span.set_status(_ERROR)
                if self._content is not None:
                    span.set_attributes(self._content.build_output(event))
            span.end(self._find_time(event))
        if self._metrics is not None and not served.is_composite:
            self._metrics.record(event, served.attributes, self.context)

    def _find_time(self, event: events.Event) -> int:
        return self._offset + int(event.time * 1e9)


class _Current:
    """While code runs inside it, ``context`` is the current one."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: Context | None) -> None:
        self._context = context

    def __enter__(self) -> None:
        self._token = None if self._context is None else contexts.attach(self._context)

    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        if self._token is not None:
            contexts.detach(self._token)
