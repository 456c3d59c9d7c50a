"""Calls as spans and metrics of OpenTelemetry, by its conventions for generative AI."""

from modelhub.telemetry.otel.observer import build_observer as build_observer
