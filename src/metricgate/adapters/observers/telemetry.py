"""The observer: spans for each stage, counters, one log line per call.

Spans are kept in a light form while a call runs and become OpenTelemetry spans only where they are exported. Trace ids
are real in every case, because the record carries them. Nothing here is set globally: the OpenTelemetry provider and
Prometheus' default registry of the process stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import version
from time import time_ns
from typing import TYPE_CHECKING, TextIO

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from metricgate.adapters.observers.logs import CallLog, LogForm
from metricgate.adapters.observers.meters import CONTENT_TYPE, Meters
from metricgate.adapters.observers.spans import CURRENT, MOST_SPANS, LiveSpan, Trace
from metricgate.adapters.observers.traceparent import remote_parent
from metricgate.gateway.ports import Span, SpanValue
from metricgate.ledger.events import names

if TYPE_CHECKING:
    from metricgate.adapters.observers.export import SpanExport

_SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"
_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryOptions:
    """What to observe and where to send it.

    Attributes:
        otlp_endpoint: full URL for OTLP/HTTP traces; None exports nothing (trace ids are still made).
        otlp_headers: sent to the collector, e.g. its API key; also ``OTEL_EXPORTER_OTLP_HEADERS`` is read.
        sample_ratio: share of traces to export, 0 to 1, decided by the trace id alone; a caller's sampled flag is not
            obeyed. (A caller may still choose its trace ids: sampling thins traces, it controls nothing.)
        export_refusals: export refused, held and failed calls also where sampling would leave them out (ratio above 0).
        queue: spans kept for a slow collector; beyond it the oldest are dropped and counted.
        batch: spans per request.
        delay_seconds: longest wait for a batch to fill.
        export_timeout_seconds: for one request with its retries.
        service_name: ``service.name`` of the resource.
        resource: further resource attributes.
        logs: form of the log lines, or None for none.
    """

    otlp_endpoint: str | None = None
    otlp_headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)
    sample_ratio: float = 1.0
    export_refusals: bool = True
    queue: int = 8_192
    batch: int = 512
    delay_seconds: float = 1.0
    export_timeout_seconds: float = 5.0
    service_name: str = "metricgate"
    resource: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)
    logs: LogForm | None = "json"


class TelemetryObserver:
    """Implements ``gateway.ports.Observer``."""

    content_type = CONTENT_TYPE

    def __init__(self, options: TelemetryOptions, *, log_stream: TextIO | None = None) -> None:
        self._ids = RandomIdGenerator()
        self._meters = Meters()
        self._log = None if options.logs is None else CallLog(options.logs, log_stream)
        self._export = _export(options)
        # The bound is the SDK's own, so that all services that sample by ratio pick the same traces.
        self._bound = TraceIdRatioBased(options.sample_ratio).bound
        self._keep_refusals = options.export_refusals and options.sample_ratio > 0
        if self._log is not None:
            log = self._log
            self._meters.watch_log(lost=lambda: log.lost)
        if self._export is not None:
            export = self._export
            self._meters.watch_spans(
                exported=lambda: export.exported, failed=lambda: export.failed, overflowed=lambda: export.overflowed
            )

    def call(
        self, carrier: Mapping[str, str], name: str, attributes: Mapping[str, SpanValue]
    ) -> AbstractContextManager[Span]:
        """Start a call's root span. Its trace id is the caller's where the carrier has a valid ``traceparent``."""
        parent = remote_parent(carrier) if carrier else None
        self._meters.began()
        return LiveSpan(
            name=name,
            trace=Trace(self._ids.generate_trace_id() if parent is None else parent.trace_id, time_ns()),
            number=self._ids.generate_span_id(),
            parent=None if parent is None else parent.span_id,
            is_root=True,
            attributes=dict(attributes),
            ended=self._call_ended,
        )

    def span(self, name: str, attributes: Mapping[str, SpanValue] | None = None) -> AbstractContextManager[Span]:
        """Start a child of the running span, or a trace of its own where none runs."""
        parent = CURRENT.get()
        return LiveSpan(
            name=name,
            trace=Trace(self._ids.generate_trace_id(), time_ns()) if parent is None else parent.trace,
            number=self._ids.generate_span_id(),
            parent=None if parent is None else parent.number,
            is_root=False,
            attributes={} if attributes is None else dict(attributes),
            ended=self._stage_ended if parent is not None else self._lone_stage_ended,
        )

    def count_call(self, *, tool: str, outcome: str, code: str, seconds: float) -> None:
        """Count one finished call. ``tool`` must be a known tool's name or ``unknown``."""
        self._meters.call(tool=tool, outcome=outcome, code=code, seconds=seconds)

    def watch_ledger(self, *, queue_depth: Callable[[], float], checkpoint_age_seconds: Callable[[], float]) -> None:
        """Show the ledger's queue depth and the age of its last checkpoint among the counters. Call once."""
        self._meters.watch_ledger(queue_depth=queue_depth, checkpoint_age_seconds=checkpoint_age_seconds)

    def exposition(self) -> bytes:
        """Return the counters as Prometheus text; its media type is ``content_type``."""
        return self._meters.exposition()

    def shutdown(self, seconds: float = 2.0) -> None:
        """Send what is queued and stop, within ``seconds`` (plus a moment) whatever the collector does."""
        if self._export is not None:
            self._export.shutdown(seconds)

    def _stage_ended(self, span: LiveSpan) -> None:
        self._meters.stage(span.name, span.seconds)
        if self._export is not None and len(span.trace.finished) < MOST_SPANS:
            span.trace.finished.append(span)

    def _lone_stage_ended(self, span: LiveSpan) -> None:
        self._stage_ended(span)
        self._hand_over(span)

    def _call_ended(self, span: LiveSpan) -> None:
        self._meters.count_end()
        if self._log is not None:
            self._log.call(trace_id=span.trace_id, milliseconds=span.seconds * 1000, attributes=span.attributes)
        if self._export is not None:
            span.trace.finished.append(span)
            self._hand_over(span)

    def _hand_over(self, root: LiveSpan) -> None:
        if self._export is None:
            return
        sampled = root.trace.trace_id & _LOW_64_BITS < self._bound
        if sampled or (self._keep_refusals and root.attributes.get(names.OUTCOME) != "answered"):
            self._export.hand_over(root.trace.finished)


_LOW_64_BITS = TraceIdRatioBased.TRACE_ID_LIMIT


def _export(options: TelemetryOptions) -> SpanExport | None:
    if options.otlp_endpoint is None:
        return None
    from metricgate.adapters.observers.export import ExportOptions, SpanExport  # noqa: PLC0415 - protobuf, for few

    release = version("metricgate")
    return SpanExport(
        ExportOptions(
            endpoint=options.otlp_endpoint,
            headers=options.otlp_headers,
            queue=options.queue,
            batch=options.batch,
            delay_seconds=options.delay_seconds,
            timeout_seconds=options.export_timeout_seconds,
        ),
        resource={"service.name": options.service_name, "service.version": release, **options.resource},
        scope=InstrumentationScope("metricgate", release, _SCHEMA_URL),
    )
