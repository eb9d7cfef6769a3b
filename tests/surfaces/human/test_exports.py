"""An export is everything that the filter matches, in columns, with its manifest, and the same at every door."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from dataclasses import replace

import httpx2
import pyarrow.parquet as pq
import pyotp
import pytest
from starlette.testclient import TestClient
from tests.faults.served import served
from tests.gateway.changes.shop import AUDRA, opened, write_shop
from typer.testing import CliRunner

from metricgate.adapters.state.sqlite.ledger_export import COLUMNS
from metricgate.adapters.state.sqlite.ledger_files import verify_ledger
from metricgate.bootstrap.project import open_project
from metricgate.ledger.note import open_checkpoint, parse_key
from metricgate.state.record import EntryFilter
from metricgate.surfaces.cli import build_app
from metricgate.surfaces.human.record_exports import MANIFEST, export_response
from metricgate.vocabulary.problem import Problems

MANY = 620
"""More than any page has."""


@pytest.fixture(scope="module")
def doors(tmp_path_factory):
    """A shop with many entries: what the API says to each query, and its folder."""
    folder = write_shop(tmp_path_factory.mktemp("exports") / "shop")
    queries = ["", "agent=other", "agent=desk&outcome=refused", "code=E_X", "person=sten", "dataset=orders", "user=ana"]
    queries += [
        "event=gov.call.completed",
        "action=act_1",
        "trace=" + "a" * 32,
        "rule=r1",
        "tool=query_sql",
        "verdict=deny",
    ]

    async def play():
        async with opened(folder) as shop:
            who = {"gen_ai.agent.id": "desk", "gen_ai.tool.name": "query_sql", "gov.datasets": ["orders"]}
            appending = [
                shop.parts.ledger.append(
                    "gov.call.refused" if number % 2 else "gov.call.completed",
                    {
                        **who,
                        "gov.outcome": "refused" if number % 2 else "answered",
                        "gov.decision.verdict": "deny" if number % 2 else "allow",
                        "gov.decision.rules": [f"r{number % 3}"],
                        **({"error.type": "E_X"} if number % 5 == 0 else {}),
                        "gov.action.id": f"act_{number % 7}",
                        "trace_id": "ab"[number % 2] * 32,
                    },
                    bodies={
                        "gov.user.id": "ana" if number % 3 else "=HYPERLINK()",
                        "gov.decision.person": "sten" if number % 4 else "stella",
                        "text": 'a "quoted", text\nwith lines',
                    },
                )
                for number in range(MANY)
            ]
            await asyncio.gather(*appending)
            found = {}
            for form in ("csv", "jsonl", "parquet", "manifest"):
                for query in queries:
                    found[form, query] = await asyncio.to_thread(asked, shop, f"format={form}&{query}")
            listed = await shop.office.entries(AUDRA, limit=5)
            refused = await shop.office.export(replace(AUDRA, id="nobody"), EntryFilter(), "csv")
            assert isinstance(refused, Problems)
            return found, listed, {part: await asyncio.to_thread(asked, shop, part) for part in ("format=csv&limit=5",)}

    return folder, queries, *asyncio.run(play())


def asked(shop, query):
    async def app(scope, receive, send):
        from starlette.requests import Request

        request = Request(scope)
        response = await export_response(request, AUDRA, shop.office, request.query_params["format"])
        await response(scope, receive, send)

    return TestClient(app).get(f"/?{query}")


def test_it_is_everything_that_matches_in_every_form(doors):
    folder, queries, found, _listed, _wrong = doors
    for query in queries:
        rows = list(csv.DictReader(io.StringIO(found["csv", query].text)))
        lines = [json.loads(line) for line in found["jsonl", query].text.splitlines()]
        table = pq.read_table(io.BytesIO(found["parquet", query].content))
        indexes = [int(row["index"]) for row in rows]
        assert indexes == [each["index"] for each in lines] == table["index"].to_pylist() == sorted(indexes)
        assert query == "agent=other" or len(rows) > 50, query
        manifests = [json.loads(found[form, query].headers[MANIFEST]) for form in ("csv", "jsonl", "parquet")]
        manifests.append(found["manifest", query].json())
        for manifest in manifests:
            assert (manifest["count"], manifest["columns"]) == (len(rows), list(COLUMNS.names))
            assert (manifest["first"], manifest["last"]) == ((indexes[0], indexes[-1]) if indexes else (None, None))
            key = parse_key((folder / ".metricgate" / "ledger.vkey").read_text())
            head = open_checkpoint(manifest["checkpoint"], key)
            assert (head.size, head.root.hex()) == (manifest["size"], manifest["root"])
    assert len(found["csv", ""].text.splitlines()) > MANY
    assert list(csv.DictReader(io.StringIO(found["csv", ""].text)).fieldnames) == list(COLUMNS.names)


def test_cells_are_columns_and_no_formulas(doors):
    _folder, _queries, found, _listed, _wrong = doors
    rows = list(csv.DictReader(io.StringIO(found["csv", "tool=query_sql"].text)))
    [row, *_rest] = [each for each in rows if each["code"] == "E_X"]
    assert (row["agent"], row["tool"], row["datasets"], row["event_name"][:9]) == (
        "desk",
        "query_sql",
        "orders",
        "gov.call.",
    )
    assert {each["user"] for each in rows} == {"ana", "'=HYPERLINK()"}
    assert json.loads(row["bodies"])["text"] == 'a "quoted", text\nwith lines'


def test_the_command_line_writes_the_same(doors, tmp_path):
    folder, queries, found, listed, _wrong = doors
    app = build_app(open_project, verify_ledger)
    for query in ("", "agent=desk&outcome=refused", "person=sten", "action=act_1"):
        for form in ("csv", "jsonl", "parquet"):
            file = tmp_path / f"{queries.index(query)}.{form}"
            options = [
                part for pair in query.split("&") if pair for part in ("--" + pair.split("=")[0], pair.split("=")[1])
            ]
            done = CliRunner().invoke(app, ["audit", "export", str(file), *options, "--project", str(folder)])
            assert done.exit_code == 0, done.output
            manifest = json.loads(file.with_name(file.name + ".manifest.json").read_text())
            earlier = json.loads(found[form, query].headers[MANIFEST])
            same = ("format", "columns", "filter", "order", "count", "first", "last")
            assert {name: manifest[name] for name in same} == {name: earlier[name] for name in same}
            if form != "parquet":
                assert file.read_bytes() == found[form, query].content
    done = CliRunner().invoke(app, ["audit", "list", "--limit", "9", "--json", "--project", str(folder)])
    lines = {json.loads(line)["index"]: json.loads(line) for line in done.output.splitlines() if line.startswith("{")}
    assert all(lines[each["index"]] == each for each in json.loads(json.dumps(listed)))


def test_an_export_has_no_pages(doors):
    *_rest, wrong = doors
    answer = wrong["format=csv&limit=5"]
    assert (answer.status_code, "there are no pages" in answer.text) == (400, True)


def test_over_a_socket_it_comes_whole_as_a_stream(doors):
    """A gateway that serves, and an auditor who logs in: more than a page, in pieces, with the manifest before."""
    folder, *_rest = doors
    made = open_project(folder).people().add("audra", ())
    code = pyotp.parse_uri(made.otpauth).now()
    words = {"name": "audra", "password": made.one_time_password, "new_password": "correct horse battery"}
    with served(folder) as gate, httpx2.Client(base_url=gate.url, timeout=60) as client:
        session = client.post("/v1/people/login", json={**words, "code": code, "channel": "cli"})
        assert session.status_code == 200, session.text
        client.headers["authorization"] = f"Bearer {session.json()['token']}"
        assert client.get("/v1/audit?format=csv", headers={"authorization": ""}).status_code == 401
        for form, lines in (("csv", lambda text: list(csv.DictReader(io.StringIO(text)))), ("jsonl", str.splitlines)):
            with client.stream("GET", f"/v1/audit?format={form}&tool=query_sql") as answer:
                manifest = json.loads(answer.headers[MANIFEST])
                pieces = list(answer.iter_raw())
            assert answer.headers["transfer-encoding"] == "chunked"
            assert len(pieces) > 1
            assert len(lines(b"".join(pieces).decode())) == manifest["count"] == MANY
