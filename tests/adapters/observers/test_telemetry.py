"""The observer without a collector: ids, parents, counters, log lines."""

import asyncio
import io
import json
import re
import threading
from pathlib import Path

import pytest
from opentelemetry import trace
from prometheus_client import REGISTRY

from metricgate.adapters.observers import TelemetryObserver, TelemetryOptions
from metricgate.gateway.ports import Observer

ROOT = {"gen_ai.tool.name": "query_metrics", "gen_ai.agent.id": "copilot", "gov.door": "http"}
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
QUIET = TelemetryOptions(logs=None)
DOCS = Path(__file__).parents[3] / "docs" / "observability.md"


def test_it_is_an_observer():
    """Telemetry fits the gateway's port."""
    observer: Observer = TelemetryObserver(QUIET)
    with observer.call({}, "execute_tool x", {}) as span:
        span.set("gov.outcome", "answered")
    observer.count_call(tool="x", outcome="answered", code="", seconds=0.1)


def test_ids_are_real_without_any_export():
    """With tracing off each call still has its own trace id and span id."""
    telemetry, seen = TelemetryObserver(QUIET), set()
    for _ in range(100):
        with telemetry.call({}, "execute_tool x", {}) as root, telemetry.span("gov.parse") as stage:
            assert re.fullmatch("[0-9a-f]{32}", root.trace_id)
            assert re.fullmatch("[0-9a-f]{16}", root.span_id)
            assert stage.trace_id == root.trace_id
            assert stage.span_id != root.span_id
            seen.add(root.trace_id)
    assert len(seen) == 100
    assert "0" * 32 not in seen


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "00",
        PARENT.upper(),
        PARENT + "-extra",
        PARENT + "\n",
        " " + PARENT,
        PARENT.replace("00-", "ff-", 1),
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        PARENT + "," + PARENT,
        "00-0af7651916cd43dd8448eb211c8031٩c-b7ad6b7169203331-01",
        "' OR 1=1 --",
        "0" * 100_000,
    ],
)
def test_garbage_traceparent_is_ignored(garbage):
    """What is not exactly a traceparent starts a trace of our own and breaks nothing."""
    telemetry = TelemetryObserver(QUIET)
    with telemetry.call({"traceparent": garbage}, "execute_tool x", {}) as root:
        assert re.fullmatch("[0-9a-f]{32}", root.trace_id)
        assert root.trace_id != "0af7651916cd43dd8448eb211c80319c"


def test_later_versions_of_traceparent_are_read():
    """A version that we do not know yet is read by its first four fields, as the standard says."""
    with TelemetryObserver(QUIET).call({"traceparent": "cc" + PARENT[2:] + "-what-the-future-brings"}, "x", {}) as root:
        assert root.trace_id == "0af7651916cd43dd8448eb211c80319c"


def test_concurrent_calls_do_not_mix():
    """Stages of calls that run at the same time belong each to its own call."""
    telemetry = TelemetryObserver(QUIET)

    async def call():
        with telemetry.call({}, "execute_tool x", {}) as root:
            for _ in range(5):
                await asyncio.sleep(0)
                with telemetry.span("gov.parse") as stage:
                    await asyncio.sleep(0)
                    assert stage.trace_id == root.trace_id
            return root.trace_id

    async def many():
        return await asyncio.gather(*(call() for _ in range(50)))

    assert len(set(asyncio.run(many()))) == 50


def test_a_span_outside_a_call_has_a_trace_of_its_own():
    """Work that no call caused (start-up, reload) can be observed as well."""
    telemetry = TelemetryObserver(QUIET)
    with telemetry.span("gov.reload") as one, telemetry.span("gov.parse") as inner:
        assert inner.trace_id == one.trace_id
    with telemetry.span("gov.reload") as two:
        assert two.trace_id != one.trace_id


def test_nothing_global_is_touched():
    """Neither OpenTelemetry's global provider nor Prometheus' default registry changes."""
    before = trace.get_tracer_provider()
    telemetry = TelemetryObserver(QUIET)
    telemetry.count_call(tool="x", outcome="answered", code="", seconds=0.1)
    assert trace.get_tracer_provider() is before
    assert not [metric for metric in REGISTRY.collect() if metric.name.startswith("metricgate")]
    assert TelemetryObserver(QUIET).exposition(), "two in one process do not collide"


def test_calls_are_counted_by_closed_labels_only():
    """Calls, latencies and stages are counted; no label carries an agent, a user or a value."""
    telemetry = TelemetryObserver(QUIET)
    with telemetry.call({}, "execute_tool x", ROOT), telemetry.span("gov.record"), telemetry.span("gov.anything.else"):
        pass
    telemetry.count_call(tool="query_metrics", outcome="refused", code="E_DENIED", seconds=0.002)
    telemetry.watch_ledger(queue_depth=lambda: 3, checkpoint_age_seconds=lambda: 1.5)
    text = telemetry.exposition().decode()
    assert 'metricgate_calls_total{code="E_DENIED",outcome="refused",tool="query_metrics"} 1.0' in text
    assert 'metricgate_call_seconds_count{outcome="refused",tool="query_metrics"} 1.0' in text
    assert 'metricgate_stage_seconds_count{stage="record"} 1.0' in text
    assert 'metricgate_stage_seconds_count{stage="other"} 1.0' in text
    assert "metricgate_ledger_append_seconds_count 1.0" in text
    assert "metricgate_ledger_queue_depth 3.0" in text
    assert "metricgate_ledger_checkpoint_age_seconds 1.5" in text
    assert "metricgate_calls_running 0.0" in text
    assert "copilot" not in text
    assert set(re.findall(r'(\w+)="', text)) <= {"tool", "outcome", "code", "stage", "le", "reason"}


def test_running_calls_fall_back_to_zero_also_after_errors():
    """The gauge of running calls counts calls that raise as ended."""
    telemetry, seen = TelemetryObserver(QUIET), []

    def serve():
        with telemetry.call({}, "execute_tool x", {}):
            seen.append(telemetry.exposition().decode())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        serve()
    assert "metricgate_calls_running 1.0" in seen[0]
    assert "metricgate_calls_running 0.0" in telemetry.exposition().decode()


def test_counting_from_many_threads_loses_nothing():
    """Counters are exact under threads."""
    telemetry = TelemetryObserver(QUIET)

    def count():
        for _ in range(500):
            telemetry.count_call(tool="x", outcome="answered", code="", seconds=0.001)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 'metricgate_calls_total{code="",outcome="answered",tool="x"} 4000.0' in telemetry.exposition().decode()


def _line(more=None, form="json"):
    stream = io.StringIO()
    telemetry = TelemetryObserver(TelemetryOptions(logs=form), log_stream=stream)
    with telemetry.call({}, "execute_tool x", ROOT) as root:
        root.set("gov.outcome", "refused")
        root.set("error.type", "E_DENIED")
        root.set("gov.audit.index", 12)
        for key, value in (more or {}).items():
            root.set(key, value)
    return root, stream.getvalue()


def test_one_json_line_per_call():
    """A call leaves one line that says who, what, how it ended, how long, and where the record is."""
    root, text = _line()
    assert text.count("\n") == 1
    line = json.loads(text)
    assert line.pop("ms") >= 0
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "call",
        "level": "info",
        "trace_id": root.trace_id,
        "agent": "copilot",
        "tool": "query_metrics",
        "door": "http",
        "outcome": "refused",
        "code": "E_DENIED",
        "record": 12,
    }


def test_log_lines_hold_no_arguments_and_no_sql():
    """Attributes that are not among the line's fields do not get into it."""
    _root, text = _line({"db.query.text": "SELECT secret", "gen_ai.tool.call.arguments": "salary"})
    assert "secret" not in text
    assert "salary" not in text


def test_a_caller_cannot_forge_log_lines():
    """Line breaks and broken text in a caller's tool name stay inside one JSON line."""
    _root, text = _line({"gen_ai.tool.name": 'x\n{"event":"call","agent":"admin"}\r\u2028\ud800'})
    assert text.count("\n") == 1
    assert json.loads(text)["agent"] == "copilot"


def test_console_form_is_for_people():
    """The console form is one readable line that a caller's text cannot break out of."""
    _root, text = _line({"gen_ai.tool.name": "x\x1b[2J\nfake line"}, form="console")
    assert text.count("\n") == 1
    assert "\x1b[2J" not in text
    assert "E_DENIED" in text


def test_a_closed_log_stream_costs_a_line_not_a_call():
    """Standard error is gone: the call goes on, the loss is counted."""
    stream = io.StringIO()
    telemetry = TelemetryObserver(TelemetryOptions(), log_stream=stream)
    stream.close()
    with telemetry.call({}, "execute_tool x", ROOT):
        pass
    assert "metricgate_log_lines_lost 1.0" in telemetry.exposition().decode()


def test_every_metric_is_documented():
    """docs/observability.md names every Prometheus metric."""
    telemetry = TelemetryObserver(
        TelemetryOptions(otlp_endpoint="http://127.0.0.1:1/v1/traces"), log_stream=io.StringIO()
    )
    telemetry.watch_ledger(queue_depth=lambda: 0, checkpoint_age_seconds=lambda: 0)
    names = set(re.findall(r"^# TYPE (\w+)", telemetry.exposition().decode(), re.MULTILINE))
    telemetry.shutdown(0.1)
    documented = DOCS.read_text(encoding="utf-8")
    missing = {name for name in names if not name.endswith("_created") and f"`{name}`" not in documented}
    assert not missing
    assert len(names) > 8
