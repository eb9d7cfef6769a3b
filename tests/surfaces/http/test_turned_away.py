"""Requests that never became a call leave an entry: counted, and so seldom that nobody fills the record with them."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx2
from starlette.responses import JSONResponse
from tests.adapters.state.sqlite.ledgers import opened
from tests.faults.served import served
from tests.gateway.conftest import write_project

from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.ledger.events.names import DOOR_REFUSED
from metricgate.operations.refusal_recorders import DoorRecorder
from metricgate.state.record import EntryFilter
from metricgate.surfaces.http.turned_away import TurnedAway

REPLIES = {
    "/v1/tools/x": (401, {"code": "E_UNAUTHENTICATED"}, {}),
    "/v1/tools/y": (400, {"code": "E_MALFORMED_JSON"}, {}),
    "/v1/tools/recorded": (403, {"code": "E_NOT_GRANTED"}, {"X-Metricgate-Record": "7"}),
    "/v1/tools/well": (200, {}, {}),
    "/mcp": (401, {"jsonrpc": "2.0", "error": {"code": -32600, "data": {"code": "E_UNAUTHENTICATED"}}}, {}),
    "/mcp/other": (404, {}, {}),
    "/mcphistory": (404, {"code": "E_X"}, {}),
    "/healthz": (404, {"code": "E_X"}, {}),
    "/v1/tools/broken": (503, {"code": "E_LEDGER_UNAVAILABLE"}, {}),
    "/v1/tools/forged": (404, {"code": "E_" + "X" * 90}, {}),
}


async def ask(app, path):
    status, body, headers = REPLIES[path]

    async def inner(scope, receive, send):
        await JSONResponse(body, status, headers)(scope, receive, send)

    sent = []

    async def send(message):
        sent.append(message)

    await TurnedAway(inner, app)({"type": "http", "path": path}, None, send)
    assert sent[0]["status"] == status


def test_what_is_told():
    told = []

    async def main():
        for path in REPLIES:
            await ask(lambda door, code: told.append((door, code)), path)

    asyncio.run(main())
    assert told == [
        ("http", "E_UNAUTHENTICATED"),
        ("http", "E_MALFORMED_JSON"),
        ("mcp", "E_UNAUTHENTICATED"),
        ("http", "HTTP 404"),
    ]


def test_many_leave_few_entries_and_none_is_lost(tmp_path):
    ledger = opened(tmp_path)

    async def main():
        recorder = DoorRecorder(ledger, seconds=0.3)
        for _each in range(500):
            recorder("http", "E_UNAUTHENTICATED")
            recorder("mcp", "E_UNAUTHENTICATED")
        await asyncio.sleep(0.1)
        for _each in range(70):
            recorder("http", "E_UNAUTHENTICATED")
        await asyncio.sleep(0.5)
        recorder("http", "E_UNAUTHENTICATED")
        await recorder.close()

    asyncio.run(main())
    ledger.close()
    with LedgerReader(tmp_path / "ledger.db") as reader:
        found = list(reader.entries(EntryFilter(event=DOOR_REFUSED)))
    counts = {}
    for each in found:
        counts.setdefault(each.text("gov.door"), []).append(each.fields["gov.refused.count"])
    assert (sum(counts["http"]), sum(counts["mcp"])) == (571, 500)
    assert len(found) <= 6
    assert {each.text("error.type") for each in found} == {"E_UNAUTHENTICATED"}


def test_over_a_socket_what_was_turned_away_is_counted_at_both_doors(tmp_path):
    """A serving gateway: a wrong key, a body that is no JSON, and requests that became calls, which are not counted."""
    folder = write_project(tmp_path / "project")
    with served(folder) as gate, httpx2.Client(base_url=gate.url, timeout=30) as client:
        wrong, right = ({"authorization": f"Bearer {key}"} for key in ("mg_no.such", gate.key("omni")))
        for _each in range(7):
            assert client.post("/v1/tools/query_metrics", json={}, headers=wrong).status_code == 401
        typed = {**right, "content-type": "application/json"}
        assert client.post("/v1/tools/query_metrics", content=b"{", headers=typed).status_code == 400
        assert client.post("/mcp", json={"jsonrpc": "2.0"}, headers=wrong).status_code == 401
        assert client.post("/v1/tools/query_metrics", json={"metrics": ["nope"]}, headers=right).status_code == 404
        assert client.get("/healthz").status_code == 200
        gate.stop()
        gate.verified()
        counts = Counter()
        for each in gate.entries(DOOR_REFUSED):
            counts[each.text("gov.door"), each.text("error.type")] += each.fields["gov.refused.count"]
        assert counts.pop(("http", "E_UNAUTHENTICATED")) == 7
        assert counts.pop(("mcp", "E_UNAUTHENTICATED")) == 1
        assert list(counts.items()) == [(("http", "E_MALFORMED_JSON"), 1)]
