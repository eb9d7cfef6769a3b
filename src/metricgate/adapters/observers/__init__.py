"""Observers: spans, counters and log lines. Losing any of them loses no record and breaks no call."""

from metricgate.adapters.observers.logs import configure_logs
from metricgate.adapters.observers.telemetry import Telemetry, TelemetryOptions

__all__ = ["Telemetry", "TelemetryOptions", "configure_logs"]
