"""Processes that die, calls that hang, callers that leave."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

from tests.faults.served import Served, run, served


def test_kill_between_intent_and_outcome_is_found_and_marked(gate: Served) -> None:
    """After kill -9 with a query in flight the ledger verifies, and the next start marks the intent as open."""
    asked = gate.meanwhile("sales.endless")
    gate.until_event("gov.call.released")
    intent = gate.entries("gov.call.released")[0].index
    assert gate.stop(signal.SIGKILL) == -signal.SIGKILL
    assert isinstance(asked.result(), Exception)
    with served(gate.folder, keys=gate.keys) as again:
        marked = again.entries("gov.recovery.marked")
        assert [each.fields["gov.links"] for each in marked] == [[{"index": intent, "rel": "intent"}]]
        assert marked[0].fields["gov.outcome"] == "unknown"
        assert again.ask().status_code == 200
        assert again.stop() == 0
        again.verified()
        shown = run(again.folder, "audit", "list", "--json")
        assert "gov.recovery.marked" in shown.stdout


def test_a_query_past_its_time_limit_is_stopped_and_others_are_answered(gate: Served) -> None:
    """504 within the policy's second; meanwhile others get their answers; the outcome names the time-out."""
    hanging = gate.meanwhile("sales.endless", agent="hasty")
    gate.until_event("gov.call.released")
    for _ in range(5):
        assert gate.ask().status_code == 200
    reply = hanging.result()
    assert reply.status_code == 504
    assert reply.json()["code"] == "E_WAREHOUSE_TIMEOUT"
    [failed] = gate.entries("gov.call.failed")
    assert failed.fields["error.type"] == "E_WAREHOUSE_TIMEOUT"
    assert failed.index == reply.json()["record"]["index"]
    assert gate.ask().status_code == 200
    assert gate.alive()


def test_all_threads_hanging_does_not_hang_the_gateway(gate: Served) -> None:
    """More endless queries than the warehouse has threads: all are stopped in time, and the gateway answers again."""
    hanging = [gate.meanwhile("sales.endless", agent="hasty") for _ in range(12)]
    assert {each.result().status_code for each in hanging} == {504}
    assert gate.ask().status_code == 200
    assert len(gate.entries("gov.call.failed")) == 12


def test_a_dropped_connection_stops_the_query_and_records_it(gate: Served) -> None:
    """The caller hangs up mid-query: the engine is free again, and the intent gets its outcome."""
    host, port = gate.url.removeprefix("http://").split(":")
    body = json.dumps({"metrics": ["sales.endless"]}).encode()
    head = (
        f"POST /v1/tools/query_metrics HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {gate.key('omni')}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    for number in range(6):  # more than the warehouse has threads: each must have been let go
        with socket.create_connection((host, int(port))) as caller:
            caller.sendall(head.encode() + body)
            gate.until_event("gov.call.released", count=number + 1)
    gate.until_event("gov.call.failed", count=6)
    intents = {each.index for each in gate.entries("gov.call.released")}
    failed = gate.entries("gov.call.failed")
    assert {each.fields["error.type"] for each in failed} == {"E_WAREHOUSE_CANCELLED"}
    assert {each.fields["gov.links"][0]["index"] for each in failed} == intents
    assert gate.ask().status_code == 200


def test_sigterm_lets_a_query_finish_and_records_it(gate: Served) -> None:
    """A running query gets its answer, then the gateway leaves with 0 and the ledger verifies."""
    asked = gate.meanwhile("sales.lengthy")
    gate.until_event("gov.call.released")
    assert gate.stop(signal.SIGTERM) == 0
    reply = asked.result()
    assert reply.status_code == 200
    gate.verified()
    [done] = gate.entries("gov.call.completed")
    assert done.index == reply.json()["record"]["index"]
    assert not (gate.folder / ".metricgate" / "serve.json").exists()


def test_a_second_gateway_on_the_project_is_refused(gate: Served) -> None:
    """It leaves with 1 and names the reason; the first serves on, and its address file stays."""
    second = run(gate.folder, "serve", "--port", "0")
    assert second.returncode == 1
    assert "already writes the ledger" in second.stderr
    assert str(gate.process.pid) in second.stderr
    assert "Traceback" not in second.stderr
    assert (gate.folder / ".metricgate" / "serve.json").exists()
    assert gate.ask().status_code == 200


def test_a_port_in_use_is_said(folder: Path) -> None:
    """Exit 1, with address and port in the message; nothing was recorded as opened."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(folder, "serve", "--port", str(port))
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / ".metricgate" / "ledger.db").exists()
