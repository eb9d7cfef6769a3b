"""Three real engines behind one ``metricgate serve``: one value is one text at every door, and nothing runs away."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import time
from collections.abc import Iterator

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from tests.faults.served import Later, Served, run, served
from tests.surfaces.typed import NOT_COMPARED, TYPES, grouped, write_typed

ENDLESS = (
    "SELECT SUM(a.n * b.n + c.n * d.n) AS s FROM {0} AS a CROSS JOIN {0} AS b CROSS JOIN {0} AS c CROSS JOIN {0} AS d"
)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(write_typed(tmp_path_factory.mktemp("typed") / "project")) as running:
        yield running


@pytest.fixture(params=TYPES)
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


def answer_of(envelope: bytes) -> bytes:
    return re.fullmatch(rb'\{"verdicts":\{\},"answer":(.*),"record":\{[^{}]*\}\}\s*', envelope, re.DOTALL)[1]


async def over_mcp(gate: Served, arguments: dict[str, str]) -> bytes:
    headers = {"Authorization": f"Bearer {gate.key('omni')}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{gate.url}/mcp", http_client=http)) as session,
    ):
        return (await session.call_tool("query_sql", arguments)).content[0].text.encode()


def test_every_type_is_one_text_at_every_door(gate: Served, engine: str):
    """Decimals, dates, zones, JSON, lists, intervals, NaN, large integers, bytes: byte for byte, with their NULLs."""
    names = [name for name, *_ in TYPES[engine]]
    sql = f"SELECT {', '.join(names)} FROM typed_{engine} ORDER BY n"
    arguments = {"sql": sql, "warehouse": engine}
    reply = gate.post("query_sql", arguments)
    assert reply.status_code == 200, reply.text
    answer = reply.json()["answer"]
    expected = [(kind, wire) for *_, kind, wire in TYPES[engine]]
    kinds = [column["type"] for column in answer["columns"]]
    first, second = answer["rows"]
    assert list(zip(names, kinds, first, strict=True)) == [
        (name, *pair) for name, pair in zip(names, expected, strict=True)
    ]
    assert [type(value) for value in first] == [type(wire) for _, wire in expected]
    assert second == [None] * len(names)
    beside = run(gate.folder, "query-sql", sql, "--warehouse", engine, "--json", METRICGATE_API_KEY=gate.key("omni"))
    bodies = {
        "http": answer_of(reply.content),
        "mcp": answer_of(asyncio.run(over_mcp(gate, arguments))),
        "cli": answer_of(beside.stdout.encode()),
    }
    assert {door for door, body in bodies.items() if body != bodies["http"]} == set()
    assert json.loads(bodies["cli"])["rows"] == answer["rows"]


def test_every_type_through_metrics_and_lists_of_values(gate: Served, engine: str):
    """As a group beside a metric, and as a value of a list: the form is the same."""
    names = grouped(engine, "typed")
    wires = {name: (kind, wire) for name, _, _, kind, wire in TYPES[engine]}
    members = [f"{engine}_typed__v_{name}" for name in names]
    for some in (slice(0, 12), slice(12, None)):
        reply = gate.post("query_metrics", {"metrics": [f"{engine}_typed_count"], "group_by": members[some]})
        assert reply.status_code == 200, reply.text
        rows = reply.json()["answer"]["rows"]
        assert [*(wires[name][1] for name in names[some]), 1] in rows
        assert [*(None for _ in names[some]), 1] in rows
    for name, member in zip(names, members, strict=True):
        reply = gate.post("list_dimension_values", {"dimension": member})
        assert reply.status_code == 200, (name, reply.text)
        assert wires[name][1] in [row[0] for row in reply.json()["answer"]["rows"]], name


def test_least_and_greatest_of_every_type(gate: Served, engine: str):
    """The same form for every type that the engine sorts: also where it has no MIN of it."""
    for name, _, _, _kind, wire in TYPES[engine]:
        if (engine, name) in NOT_COMPARED:
            continue
        reply = gate.post("query_metrics", {"group_by": [f"{engine}_typed__v_{name}"], "min_max_only": True})
        assert reply.status_code == 200, (name, reply.text)
        assert reply.json()["answer"]["rows"] == [[wire, wire]], name


def test_every_type_is_one_text_in_csv(gate: Served, engine: str):
    """Structures as JSON, booleans as JSON has them, NULL as nothing."""
    names = [name for name, *_ in TYPES[engine]]
    sql = f"SELECT {', '.join(names)} FROM typed_{engine} ORDER BY n"
    told = run(gate.folder, "query-sql", sql, "--warehouse", engine, "--csv", METRICGATE_API_KEY=gate.key("omni"))
    header, first, second = csv.reader(io.StringIO(told.stdout, newline=""))
    assert header == names
    for (name, *_, wire), text in zip(TYPES[engine], first, strict=True):
        assert (text if isinstance(wire, str) else json.loads(text)) == wire, name
    assert second == [""] * len(names)


def test_sql_that_runs_away_ends_in_time_and_others_are_answered(gate: Served, engine: str):
    """Cross joins without an end: each ends within its second and two more."""

    def runaway() -> httpx2.Response:
        began = time.perf_counter()
        reply = gate.post("query_sql", {"sql": ENDLESS.format(f"many_{engine}"), "warehouse": engine}, agent="hasty")
        assert time.perf_counter() - began < 3
        return reply

    running = [Later(runaway) for _ in range(2)]
    time.sleep(0.3)
    began = time.perf_counter()
    for other in TYPES:
        reply = gate.post("query_sql", {"sql": f"SELECT MAX(n) AS n FROM many_{other}", "warehouse": other})
        assert reply.json()["answer"]["rows"] == [[7999]]
    assert time.perf_counter() - began < 2
    replies = [each.result() for each in running]
    assert [reply.json()["code"] for reply in replies] == ["E_WAREHOUSE_TIMEOUT"] * 2
    assert {reply.status_code for reply in replies} == {504}
    reply = gate.post(
        "query_sql", {"sql": f"SELECT MIN(n) AS n FROM many_{engine}", "warehouse": engine}, agent="hasty"
    )
    assert reply.json()["answer"]["rows"] == [[0]]
