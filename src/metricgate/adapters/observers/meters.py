"""Prometheus counters and histograms, in a registry of their own.

Labels are few and closed: tool, outcome, code, stage, and why a span was lost; never an agent, a user or a value.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from metricgate.gateway import span_names

CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"
"""Media type of ``Meters.exposition``."""

STAGES = ("parse", "resolve", "decide", "compile", "record", "run")
"""Stages of a call that have a latency; a span ``gov.<stage>`` feeds each. Others count as ``other``."""

_FAST = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0, 30.0)
_CALL = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Meters:
    """What is counted. Every method is cheap and safe from any thread."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry(auto_describe=True)
        self._calls = Counter(
            "metricgate_calls",
            "Finished calls, by tool, outcome and error code.",
            ("tool", "outcome", "code"),
            registry=registry,
        )
        self._latency = Histogram(
            "metricgate_call_seconds",
            "Whole time of a call, from the gateway's door to its outcome.",
            ("tool", "outcome"),
            buckets=_CALL,
            registry=registry,
        )
        self._stages = Histogram(
            "metricgate_stage_seconds", "Time of one stage of a call.", ("stage",), buckets=_FAST, registry=registry
        )
        self._append = Histogram(
            "metricgate_ledger_append_seconds",
            "Time until an appended ledger entry is durable.",
            buckets=_FAST,
            registry=registry,
        )
        self._running = Gauge("metricgate_calls_running", "Calls that are being served now.", registry=registry)
        self._stage_of = {span_names.PREFIX + stage: self._stages.labels(stage) for stage in STAGES}
        self._other = self._stages.labels("other")
        self._call_children: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}

    def began(self) -> None:
        """Count a call that starts."""
        self._running.inc()

    def count_end(self) -> None:
        """Count a call that is over, however it ended."""
        self._running.dec()

    def call(self, *, tool: str, outcome: str, code: str, seconds: float) -> None:
        """Count a finished call. All three labels come from closed sets: known tools, outcomes, codes."""
        key = (tool, outcome, code)
        children = self._call_children.get(key)
        if children is None:
            children = (self._calls.labels(tool, outcome, code), self._latency.labels(tool, outcome))
            self._call_children[key] = children
        children[0].inc()
        children[1].observe(seconds)

    def stage(self, span_name: str, seconds: float) -> None:
        """Record the time of a stage by its span's name; ``gov.record`` is the ledger's append."""
        self._stage_of.get(span_name, self._other).observe(seconds)
        if span_name == span_names.RECORD:
            self._append.observe(seconds)

    def watch_ledger(self, *, queue_depth: Callable[[], float], checkpoint_age_seconds: Callable[[], float]) -> None:
        """Show the ledger's queue and how old its last signed checkpoint is; both are asked at each exposition."""
        Gauge(
            "metricgate_ledger_queue_depth", "Ledger entries waiting to be made durable.", registry=self._registry
        ).set_function(queue_depth)
        Gauge(
            "metricgate_ledger_checkpoint_age_seconds",
            "Seconds since the ledger's last signed checkpoint.",
            registry=self._registry,
        ).set_function(checkpoint_age_seconds)

    def watch_spans(
        self, *, exported: Callable[[], float], failed: Callable[[], float], overflowed: Callable[[], float]
    ) -> None:
        """Show how many spans arrived and how many were lost, by reason."""
        Gauge("metricgate_spans_exported", "Spans that the collector accepted.", registry=self._registry).set_function(
            exported
        )
        lost = Gauge("metricgate_spans_lost", "Spans lost, by reason.", ("reason",), registry=self._registry)
        lost.labels("collector").set_function(failed)
        lost.labels("queue_full").set_function(overflowed)

    def watch_log(self, *, lost: Callable[[], float]) -> None:
        """Show how many log lines could not be written."""
        Gauge(
            "metricgate_log_lines_lost", "Log lines that could not be written.", registry=self._registry
        ).set_function(lost)

    def exposition(self) -> bytes:
        """Return the text that a Prometheus server scrapes."""
        return generate_latest(self._registry)
