"""The tracer of the program's provider, as long as there is one."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import NoOpTracerProvider, ProxyTracerProvider, Tracer

SCOPE = "modelhub"
_SILENT = (ProxyTracerProvider, NoOpTracerProvider)  # the first stands in where no provider was set

_last: tuple[Any, Tracer | None] = (None, None)


def find_tracer() -> Tracer | None:
    """The tracer of the provider that is set just now; None where there is none, and nothing is traced."""
    global _last
    provider = trace.get_tracer_provider()
    known, tracer = _last
    if provider is not known:
        silent = isinstance(provider, _SILENT)
        tracer = None if silent else provider.get_tracer(SCOPE)
        _last = provider, tracer
    return tracer
