"""Observers: spans, counters and log lines. Losing any of them loses no record and breaks no call."""

from metricgate.adapters.observers.logs import configure_logs
from metricgate.adapters.observers.telemetry import TelemetryObserver, TelemetryOptions

__all__ = ["TelemetryObserver", "TelemetryOptions", "configure_logs"]
