"""Finished spans on their way to an OTLP/HTTP collector, behind a queue that never makes a call wait.

The queue, the batches and the wire are the OpenTelemetry SDK's. A full queue drops its oldest spans; how many were
lost, and why, can be asked.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from metricgate.adapters.observers.spans import LiveSpan
from metricgate.gateway.ports import SpanValue
from metricgate.ledger.events import names

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_UNSET = Status(StatusCode.UNSET)
_ERROR = Status(StatusCode.ERROR)
_LAST_WAIT_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """Where spans go.

    Attributes:
        endpoint: full URL, e.g. ``http://localhost:4318/v1/traces``.
        headers: sent with each request; more come from ``OTEL_EXPORTER_OTLP_HEADERS``.
        queue: spans kept while the collector is away or slow.
        batch: spans per request.
        delay_seconds: longest time a span waits for its batch to fill.
        timeout_seconds: for one request and its retries.
    """

    endpoint: str
    headers: Mapping[str, str]
    queue: int
    batch: int
    delay_seconds: float
    timeout_seconds: float


class _NumberedSpan(ReadableSpan):
    """A span that knows how many were handed over before it: gaps are what the queue dropped."""

    position: int = 0


class _Counting(SpanExporter):
    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self.exported = 0
        self.failed = 0
        self.overflowed = 0
        self._taken = 0
        self._stopped = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; count what arrived and what was lost before it."""
        self._taken += len(spans)
        newest = max((span.position for span in spans if isinstance(span, _NumberedSpan)), default=0)
        self.overflowed = max(self.overflowed, newest - self._taken)
        result = self._inner.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.exported += len(spans)
        else:
            self.failed += len(spans)
        return result

    def shutdown(self) -> None:
        """Stop, also in the middle of a retry. A second call does nothing."""
        if not self._stopped:
            self._stopped = True
            self._inner.shutdown()


class SpanExport:
    """Takes finished spans; never blocks, never raises for what a collector does."""

    def __init__(self, options: ExportOptions, *, resource: Mapping[str, str], scope: InstrumentationScope) -> None:
        self._counting = _Counting(
            OTLPSpanExporter(
                endpoint=options.endpoint,
                headers=dict(options.headers) or None,
                timeout=options.timeout_seconds,
            )
        )
        self._processor = BatchSpanProcessor(
            self._counting,
            max_queue_size=options.queue,
            max_export_batch_size=min(options.batch, options.queue),
            schedule_delay_millis=options.delay_seconds * 1000,
        )
        self._resource = Resource.create(dict(resource))
        self._scope = scope
        self._positions = itertools.count(1)

    @property
    def exported(self) -> int:
        """Spans that a collector accepted."""
        return self._counting.exported

    @property
    def failed(self) -> int:
        """Spans given up because the collector refused them or stayed away."""
        return self._counting.failed

    @property
    def overflowed(self) -> int:
        """Spans that a full queue dropped, as far as later batches have shown it."""
        return self._counting.overflowed

    def hand_over(self, spans: Iterable[LiveSpan]) -> None:
        """Queue finished spans."""
        for span in spans:
            self._processor.on_end(self._readable(span))

    def shutdown(self, seconds: float) -> None:
        """Send what is queued, but return after ``seconds`` (and a moment) whatever the collector does."""
        closing = threading.Thread(target=self._processor.shutdown, name="metricgate-telemetry-shutdown", daemon=True)
        closing.start()
        closing.join(seconds)
        if closing.is_alive():
            self._counting.shutdown()
            closing.join(_LAST_WAIT_SECONDS)

    def _readable(self, span: LiveSpan) -> ReadableSpan:
        trace = span.trace
        parent = None
        if span.parent is not None:
            parent = SpanContext(trace.trace_id, span.parent, is_remote=span.is_root, trace_flags=_SAMPLED)
        readable = _NumberedSpan(
            name=str(_encodable(span.name)),
            context=SpanContext(trace.trace_id, span.number, is_remote=False, trace_flags=_SAMPLED),
            parent=parent,
            resource=self._resource,
            attributes={name: _encodable(value) for name, value in span.attributes.items()},
            kind=_span_kind(span),
            status=_ERROR if _has_failed(span) else _UNSET,
            start_time=trace.unix_nano(span.begin_nano),
            end_time=trace.unix_nano(span.end_nano),
            instrumentation_scope=self._scope,
        )
        readable.position = next(self._positions)
        return readable


def _span_kind(span: LiveSpan) -> SpanKind:
    if span.is_root:
        return SpanKind.SERVER
    return SpanKind.CLIENT if "db.system.name" in span.attributes else SpanKind.INTERNAL


def _has_failed(span: LiveSpan) -> bool:
    """A refusal is the gateway working as it should; only faults and exceptions are errors."""
    if names.ERROR_TYPE not in span.attributes:
        return False
    return span.attributes.get(names.OUTCOME, "fault") == "fault"


def _encodable(value: SpanValue) -> SpanValue:
    """Replace lone surrogates: one caller's broken text must not spoil the batch that carries other callers' spans."""
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "replace").decode("utf-8")
