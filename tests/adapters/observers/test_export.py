"""Spans on their way to a collector."""

import socket
import time

import pytest
from tests.adapters.observers.collector import Collector, attributes

from metricgate.adapters.observers import TelemetryObserver, TelemetryOptions

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ROOT = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "query_metrics", "gen_ai.agent.id": "copilot"}


def observe(url, **options):
    return TelemetryObserver(TelemetryOptions(otlp_endpoint=url, logs=None, delay_seconds=0.05, **options))


def one_call(telemetry, carrier=None, outcome="answered", name="execute_tool query_metrics", more=None):
    with telemetry.call(carrier or {}, name, ROOT) as root:
        with telemetry.span("gov.parse"):
            pass
        with telemetry.span("gov.run", {"db.system.name": "duckdb"}), telemetry.span("gov.inner"):
            pass
        root.set("gov.audit.index", 7)
        root.set("gov.outcome", outcome)
        for key, value in (more or {}).items():
            root.set(key, value)
    return root


def dead_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1/traces"


def test_spans_arrive_as_a_tree(collector):
    """Root, stages and their children arrive with their parents, kinds, attributes and times in order."""
    telemetry = observe(collector.url)
    root = one_call(telemetry)
    telemetry.shutdown()
    spans = {span.name: span for span in collector.spans}
    assert spans.keys() == {"execute_tool query_metrics", "gov.parse", "gov.run", "gov.inner"}
    top = spans["execute_tool query_metrics"]
    assert top.trace_id.hex() == root.trace_id
    assert top.span_id.hex() == root.span_id
    assert top.parent_span_id == b""
    assert spans["gov.parse"].parent_span_id == top.span_id
    assert spans["gov.run"].parent_span_id == top.span_id
    assert spans["gov.inner"].parent_span_id == spans["gov.run"].span_id
    assert {span.trace_id for span in collector.spans} == {top.trace_id}
    assert attributes(top.attributes) == {**ROOT, "gov.audit.index": 7, "gov.outcome": "answered"}
    assert attributes(spans["gov.run"].attributes) == {"db.system.name": "duckdb"}
    assert (top.kind, spans["gov.run"].kind, spans["gov.parse"].kind) == (2, 3, 1)
    assert top.start_time_unix_nano <= spans["gov.parse"].start_time_unix_nano <= spans["gov.parse"].end_time_unix_nano
    assert spans["gov.inner"].end_time_unix_nano <= top.end_time_unix_nano
    assert abs(top.end_time_unix_nano / 1e9 - time.time()) < 60


def test_resource_names_the_service(collector):
    """The resource says which service and release, and what the operator added."""
    telemetry = observe(
        collector.url, resource={"deployment.environment.name": "test"}, otlp_headers={"x-token": "abc"}
    )
    one_call(telemetry)
    telemetry.shutdown()
    resource = collector.resources[0]
    assert resource["service.name"] == "metricgate"
    assert resource["service.version"]
    assert resource["deployment.environment.name"] == "test"
    assert collector.headers[0]["x-token"] == "abc"


def test_parent_comes_from_traceparent(collector):
    """A valid traceparent makes the call a child of the caller's span, in the caller's trace."""
    telemetry = observe(collector.url)
    root = one_call(telemetry, {"traceparent": PARENT, "baggage": "user=admin", "tracestate": "x=1"})
    telemetry.shutdown()
    top = next(span for span in collector.spans if span.name.startswith("execute_tool"))
    assert root.trace_id == "0af7651916cd43dd8448eb211c80319c" == top.trace_id.hex()
    assert top.parent_span_id.hex() == "b7ad6b7169203331"
    assert "admin" not in str(top)


def test_refusals_outlive_sampling(collector):
    """With nearly nothing sampled, refused, held and failed calls still arrive; answered ones do not."""
    telemetry = observe(collector.url, sample_ratio=1e-9)
    for _ in range(20):
        one_call(telemetry, outcome="answered")
    refused = one_call(telemetry, outcome="refused", more={"error.type": "E_DENIED"})
    failed = one_call(telemetry, outcome="fault", more={"error.type": "E_INTERNAL"})
    telemetry.shutdown()
    tops = {span.trace_id.hex(): span for span in collector.spans if span.name.startswith("execute_tool")}
    assert tops.keys() == {refused.trace_id, failed.trace_id}
    assert tops[refused.trace_id].status.code == 0, "a refusal is no error of the gateway"
    assert tops[failed.trace_id].status.code == 2


def test_ratio_thins_and_the_callers_flag_does_not_count(collector):
    """Half of the traces are exported, whatever the sampled flag of the caller says."""
    telemetry = observe(collector.url, sample_ratio=0.5, queue=100_000)
    for number in range(1, 401):
        one_call(telemetry, {"traceparent": f"00-{number * 0x9E3779B97F4A7C15 % 2**128:032x}-b7ad6b7169203331-01"})
    telemetry.shutdown(5)
    arrived = {span.trace_id for span in collector.spans}
    assert 120 < len(arrived) < 280


def test_nothing_is_exported_at_ratio_zero(collector):
    """Ratio 0 exports nothing, refusals included."""
    telemetry = observe(collector.url, sample_ratio=0.0)
    one_call(telemetry, outcome="refused")
    telemetry.shutdown()
    assert collector.spans == []


def test_exception_ends_the_span_and_goes_on(collector):
    """An exception inside a stage is told on the span and not swallowed."""
    telemetry = observe(collector.url)
    with pytest.raises(ZeroDivisionError), telemetry.call({}, "execute_tool x", ROOT), telemetry.span("gov.compile"):
        _ = 1 / 0
    telemetry.shutdown()
    stage = next(span for span in collector.spans if span.name == "gov.compile")
    assert attributes(stage.attributes) == {"error.type": "ZeroDivisionError"}
    assert stage.status.code == 2


def test_broken_text_does_not_spoil_the_batch(collector):
    """A caller's lone surrogate in a name or value loses neither its own span nor others'."""
    telemetry = observe(collector.url)
    one_call(telemetry)
    one_call(telemetry, name="execute_tool \ud800", more={"gen_ai.tool.name": "\ud800 naïve \x00"})
    one_call(telemetry)
    telemetry.shutdown()
    tops = [span for span in collector.spans if span.name.startswith("execute_tool")]
    assert len(tops) == 3
    assert "execute_tool ?" in {span.name for span in tops}


def test_dead_collector_costs_no_call(capfd):
    """Nobody listens: calls go on at their speed, nothing raises, shutting down is bounded, losses are counted."""
    telemetry = observe(dead_port(), queue=512, batch=64, export_timeout_seconds=0.5)
    begin = time.perf_counter()
    for _ in range(2_000):
        one_call(telemetry)
    took = time.perf_counter() - begin
    begin = time.perf_counter()
    telemetry.shutdown(0.5)
    assert time.perf_counter() - begin < 2
    assert took < 4, f"{took / 2_000 * 1e6:.0f} µs a call"
    assert b'metricgate_spans_lost{reason="collector"}' in telemetry.exposition()


def test_slow_collector_costs_no_call():
    """A collector that takes its time delays no call; what does not fit the queue is dropped and counted exactly."""
    slow = Collector(delay=0.2)
    telemetry = observe(slow.url, queue=64, batch=32)
    slowest = 0.0
    for _ in range(500):
        begin = time.perf_counter()
        one_call(telemetry)
        slowest = max(slowest, time.perf_counter() - begin)
    telemetry.shutdown(3)
    slow.close()
    text = telemetry.exposition().decode()
    counts = {
        line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line.startswith("metricgate_spans")
    }
    assert slowest < 0.15, "no call waited for the collector"
    lost = counts['metricgate_spans_lost{reason="queue_full"}']
    assert lost > 0
    assert counts["metricgate_spans_exported"] == len(slow.spans)
    assert counts["metricgate_spans_exported"] + lost == 4 * 500


def test_hanging_collector_bounds_shutdown():
    """A collector that never answers does not keep the program from stopping."""
    hanging = Collector(delay=30)
    telemetry = observe(hanging.url)
    one_call(telemetry)
    time.sleep(0.2)
    begin = time.perf_counter()
    telemetry.shutdown(0.3)
    assert time.perf_counter() - begin < 1.5


def test_refusing_collector_is_counted():
    """A collector that refuses what it gets loses spans, not calls."""
    refusing = Collector(status=400)
    telemetry = observe(refusing.url)
    one_call(telemetry)
    telemetry.shutdown(2)
    refusing.close()
    assert 'metricgate_spans_lost{reason="collector"} 4.0' in telemetry.exposition().decode()


def test_a_call_with_endless_stages_stays_bounded(collector):
    """A call that makes very many spans keeps the first thousand and its root."""
    telemetry = observe(collector.url)
    with telemetry.call({}, "execute_tool x", ROOT):
        for _ in range(3_000):
            with telemetry.span("gov.decide"):
                pass
    telemetry.shutdown(3)
    assert len(collector.spans) == 1_001
    assert sum(span.name == "execute_tool x" for span in collector.spans) == 1
