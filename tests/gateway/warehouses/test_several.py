"""Several warehouses behind one gateway: who answers, what is refused, and what one that is away costs the others."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.adapters.warehouses.proxy import Proxy
from tests.faults.served import command, entries_of, served
from tests.gateway.conftest import principal
from tests.gateway.warehouses.several import (
    MODELS,
    SCHEMA,
    Door,
    Hurried,
    closed_port,
    loaded_mariadb,
    loaded_postgres,
    write_three,
)

from metricgate.adapters.state.sqlite.ledger_audit import verify_file
from metricgate.bootstrap.project import open_project
from metricgate.bootstrap.running_gateway import RunningGateway, run_gateway
from metricgate.gateway.outcome import Answered, Fault, Outcome, RefusedCall
from metricgate.gateway.tool import ToolCall
from metricgate.operations.start_refusal import StartRefused
from metricgate.settings.settings import Settings, load_settings
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems


async def ask(parts: RunningGateway, tool: str, arguments: Json, agent: str = "omni") -> Outcome:
    return await parts.gateway.call(ToolCall(tool=tool, arguments=arguments, principal=principal(agent), door="python"))


def calls(folder: Path, *asked: tuple[str, Json], agent: str = "omni") -> list[Outcome]:
    settings = load_settings(folder)
    assert isinstance(settings, Settings), str(settings)

    async def main() -> list[Outcome]:
        async with run_gateway(folder, settings, watch=False, logs=False) as parts:
            return [await ask(parts, tool, arguments, agent) for tool, arguments in asked]

    return asyncio.run(main())


def answer(outcome: Outcome) -> Json:
    assert isinstance(outcome, Answered), str(outcome)
    return outcome.answer


def rows(outcome: Outcome) -> list[list[Json]]:
    return [list(row) for row in answer(outcome)["rows"]]


def refusal(outcome: Outcome) -> Problems:
    assert isinstance(outcome, RefusedCall), str(outcome)
    return outcome.problems


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_three(tmp_path)


def test_each_metric_is_asked_where_it_is(folder: Path) -> None:
    """Three engines, three dialects, one gateway; answer, record and receipt name the warehouse."""
    shop, bills, desk = calls(
        folder,
        ("query_metrics", {"metrics": ["order_total"], "group_by": ["metric_time__month"]}),
        ("query_metrics", {"metrics": ["invoiced"], "group_by": ["customer__segment"]}),
        ("query_metrics", {"metrics": ["ticket_count"], "group_by": ["ticket__state"]}),
    )
    assert rows(shop) == [["2026-01-01", 30]]
    assert rows(bills) == [["big", 307], ["small", 100]]
    assert rows(desk) == [["done", 1], ["open", 2]]
    assert [answer(each)["data"]["warehouse"] for each in (shop, bills, desk)] == ["shop", "bills", "desk"]
    ledger = folder / ".metricgate" / "ledger.db"
    released = [each for each in entries_of(ledger, "gov.call.released") if "gov.check" not in each.fields]
    assert [(each.fields["gov.warehouse"], each.fields["db.system.name"]) for each in released] == [
        ("shop", "duckdb"),
        ("bills", "postgres"),
        ("desk", "mysql"),
    ]
    [receipt] = calls(folder, ("get_receipt", {"index": released[1].index}))
    assert json.loads(answer(receipt)["leaf"])["fields"]["gov.warehouse"] == "bills"
    report = verify_file(ledger, ledger.with_suffix(".vkey").read_text())
    assert not report.findings, report


def test_the_same_question_again_stays_in_its_dialect(folder: Path) -> None:
    """What is remembered of one warehouse is not given to another: asked in turns, each statement stays as it was."""
    questions = [("query_metrics", {"metrics": [name]}) for name in ("order_total", "invoiced", "ticket_count")]
    found = calls(folder, *questions, *questions)
    first, again = found[:3], found[3:]
    assert [answer(each)["sql"] for each in first] == [answer(each)["sql"] for each in again]
    assert len({answer(each)["sql"] for each in first}) == 3


def test_a_time_spine_serves_its_own_warehouse(folder: Path) -> None:
    """Every day is in both answers: each metric reads the spine beside it."""
    days = {"group_by": ["metric_time"], "time_range": {"start": "2026-01-01", "before": "2026-01-31"}}
    shop, bills = calls(
        folder,
        ("query_metrics", {"metrics": ["orders_every_day"], **days}),
        ("query_metrics", {"metrics": ["invoices_every_day"], **days}),
    )
    assert rows(shop) == rows(bills) == [["2026-01-05", 1], ["2026-01-06", 0], ["2026-01-07", 1]]


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("query_metrics", {"metrics": ["order_total", "invoiced"]}, {"orders": "shop", "invoices": "bills"}),
        ("explain_query", {"metrics": ["order_total", "invoiced"]}, {"orders": "shop", "invoices": "bills"}),
        (
            "query_metrics",
            {"metrics": ["order_total", "ticket_count"], "group_by": ["metric_time"]},
            {"orders": "shop", "tickets": "desk"},
        ),
        (
            "query_metrics",
            {"metrics": ["order_total"], "group_by": ["customer__segment"]},
            {"orders": "shop", "customers": "bills"},
        ),
        (
            "query_metrics",
            {"metrics": ["order_total"], "where": {"member": "customer__segment", "op": "=", "value": "big"}},
            {"orders": "shop", "customers": "bills"},
        ),
        (
            "query_metrics",
            {
                "metrics": ["invoiced"],
                "where": {"metric": "order_total", "group_by": ["customer"], "op": ">", "value": 1},
            },
            {"invoices": "bills", "orders": "shop"},
        ),
        ("explain_query", {"metrics": ["order_total", "invoiced"], "dialect": "snowflake"}, {"orders": "shop"}),
    ],
)
def test_a_question_over_two_is_refused(folder: Path, tool: str, arguments: Json, named: dict[str, str]) -> None:
    """Nothing runs; the reason says which model is where."""
    [outcome] = calls(folder, (tool, arguments))
    first = refusal(outcome).first
    assert first.code.name == "E_SPANS_WAREHOUSES"
    assert named.items() <= dict(first.details["warehouses"]).items()
    assert all(f"{model} is in {home}" in first.message for model, home in named.items())
    assert entries_of(folder / ".metricgate" / "ledger.db", "gov.call.released") == []


def test_the_refusal_names_no_hidden_model(folder: Path) -> None:
    """Who may not know of a metric is told so before any warehouse is named."""
    [outcome] = calls(folder, ("query_metrics", {"metrics": ["invoiced", "order_total"]}), agent="biller")
    assert refusal(outcome).first.code.name == "E_UNKNOWN_METRIC"
    assert "shop" not in str(refusal(outcome))


def test_only_members_in_reach_are_described(folder: Path) -> None:
    """A member beyond the warehouse's border is not offered."""
    mine, theirs, listed = calls(
        folder,
        ("describe_metric", {"metric": "order_total"}),
        ("describe_metric", {"metric": "invoiced"}),
        ("list_dimension_values", {"dimension": "customer__segment"}),
    )
    assert "customer__segment" not in [each["name"] for each in answer(mine)["members"]]
    assert "order__region" in [each["name"] for each in answer(mine)["members"]]
    assert "customer__segment" in [each["name"] for each in answer(theirs)["members"]]
    assert rows(listed) == [["big"], ["small"]]


def test_sql_runs_where_it_is_told(folder: Path) -> None:
    """Each engine in its own words: functions that only it has."""
    asked = {
        "shop": "SELECT region, STRFTIME(day, '%Y') AS y FROM orders ORDER BY id",
        "bills": "SELECT TO_CHAR(day, 'YYYY') AS y, SUM(amount) AS s FROM invoices GROUP BY 1",
        "desk": "SELECT DATE_FORMAT(day, '%Y') AS y, COUNT(*) AS n FROM tickets GROUP BY 1",
    }
    shop, bills, desk, described = calls(
        folder,
        *(("query_sql", {"sql": text, "warehouse": name}) for name, text in asked.items()),
        ("describe_dataset", {}),
    )
    assert rows(shop) == [["EU", "2026"], ["US", "2026"]]
    assert rows(bills) == [["2026", 407]]
    assert rows(desk) == [["2026", 3]]
    assert [answer(each)["data"]["warehouse"] for each in (shop, bills, desk)] == ["shop", "bills", "desk"]
    homes = {each["name"]: (each["warehouse"], each["dialect"]) for each in answer(described)["datasets"]}
    assert homes == {
        "orders": ("shop", "duckdb"),
        "invoices": ("bills", "postgres"),
        "customers": ("bills", "postgres"),
        "tickets": ("desk", "mysql"),
    }
    assert answer(described)["dialect"] is None


def test_sql_without_a_warehouse_is_asked_back(folder: Path) -> None:
    """Where there is a choice it is not guessed; who may read one warehouse only need not say which."""
    text = "SELECT COUNT(*) AS n FROM invoices"
    [open_choice] = calls(folder, ("query_sql", {"sql": text}))
    assert refusal(open_choice).first.code.name == "E_WHICH_WAREHOUSE"
    assert list(refusal(open_choice).first.details["warehouses"]) == ["shop", "bills", "desk"]
    only, hidden, unknown = calls(
        folder,
        ("query_sql", {"sql": text}),
        ("query_sql", {"sql": text, "warehouse": "shop"}),
        ("query_sql", {"sql": text, "warehouse": "bils"}),
        agent="biller",
    )
    assert rows(only) == [[3]]
    first, second = refusal(hidden).first, refusal(unknown).first
    assert first.code.name == second.code.name == "E_NO_SUCH_WAREHOUSE"
    assert "bills" in str(second.hint)
    assert "desk" not in str(first), "a warehouse without anything to read is not named"


def test_a_table_of_another_warehouse_is_unknown_here(folder: Path) -> None:
    """The hint says where it is to those who may read it, and to nobody else."""
    spanning = "SELECT o.id FROM orders o JOIN invoices i ON o.customer_id = i.customer_id"
    [told] = calls(folder, ("query_sql", {"sql": spanning, "warehouse": "shop"}))
    first = refusal(told).first
    assert first.code.name == "E_SQL_UNKNOWN_TABLE"
    assert "'invoices' is in the warehouse 'bills'" in str(first.hint)
    [untold] = calls(folder, ("query_sql", {"sql": spanning}), agent="biller")
    assert refusal(untold).first.code.name == "E_SQL_UNKNOWN_TABLE"
    assert "shop" not in str(refusal(untold))


def test_one_that_is_away_costs_only_its_own(tmp_path: Path) -> None:
    """Started while PostgreSQL is away, the others answer; it answers once it is there, and is missed again later."""
    door = Door(loaded_postgres())
    clock = Hurried()
    folder = write_three(tmp_path, bills_port=door.port)
    settings = load_settings(folder)
    assert isinstance(settings, Settings)
    invoiced = ("query_metrics", {"metrics": ["invoiced"]})
    sql = ("query_sql", {"sql": "SELECT SUM(amount) AS s FROM invoices", "warehouse": "bills"})

    async def others(parts: RunningGateway) -> None:
        assert rows(await ask(parts, "query_metrics", {"metrics": ["order_total"]})) == [[30]]
        assert rows(await ask(parts, "query_metrics", {"metrics": ["ticket_count"]})) == [[3]]

    async def missed(parts: RunningGateway) -> None:
        for each in (invoiced, sql, ("describe_dataset", {"dataset": "invoices"})):
            outcome = await ask(parts, *each)
            assert isinstance(outcome, Fault), str(outcome)
            assert outcome.problem.code.name == "E_WAREHOUSE_UNAVAILABLE"
            assert str(door.port) not in str(outcome), "the engine's words are for the record"

    async def main() -> None:
        async with run_gateway(folder, settings, watch=False, logs=False, clock=clock) as parts:
            await others(parts)
            await missed(parts)
            described = answer(await ask(parts, "describe_dataset", {}))
            assert [each["name"] for each in described["datasets"]] == ["orders", "tickets"]
            assert "'bills'" in described["notes"][0]
            await asyncio.to_thread(door.open)
            await missed(parts)
            clock.ahead = 6
            assert rows(await ask(parts, *invoiced)) == [[407]]
            assert rows(await ask(parts, *sql)) == [[407]]
            await asyncio.to_thread(door.shut)
            outcome = await ask(parts, *invoiced)
            assert isinstance(outcome, Fault), str(outcome)
            await others(parts)
            await asyncio.to_thread(door.open)
            assert rows(await ask(parts, *invoiced)) == [[407]]

    try:
        asyncio.run(main())
    finally:
        door.remove()


def test_readiness_names_each(tmp_path: Path) -> None:
    """Through the real program: ready while one answers, and the one that is away is named; the shell asks as well."""
    folder = write_three(tmp_path, bills_port=closed_port())
    with served(folder) as gate:
        ready = gate.get("/readyz")
        text = "SELECT COUNT(*) AS n FROM tickets"
        asked = subprocess.run(
            [*command(folder, "query-sql", text, "--warehouse", "desk", "--csv")],
            env={**os.environ, "METRICGATE_API_KEY": gate.key("omni")},
            capture_output=True,
            text=True,
            check=True,
        )
        assert gate.stop() == 0
    assert ready.status_code == 200
    assert ready.json() == {
        "status": "ready",
        "checks": {
            "ledger": "ok",
            "warehouse shop": "ok",
            "warehouse bills": "E_WAREHOUSE_UNAVAILABLE",
            "warehouse desk": "ok",
        },
    }
    assert asked.stdout.split() == ["n", "3"]


def test_nothing_starts_where_none_is_there(tmp_path: Path) -> None:
    """One warehouse must open; else it is said at once."""
    bills = f"{{kind: postgres, port: {closed_port()}, database: x, user: x, tls: disable, connect_seconds: 1}}"
    away = f"warehouses: {{bills: {bills}, shop: {{kind: duckdb, file: none.duckdb}}}}\n"
    with pytest.raises(StartRefused, match="cannot be opened"):
        calls(write_three(tmp_path, settings=away))


def test_nothing_starts_where_one_cannot_do_what_the_settings_say(tmp_path: Path) -> None:
    """A server that cannot carry changes out is not taken for one that is away: nothing but the settings mends it."""
    at = loaded_mariadb()
    proxy = Proxy(at.host, at.port)
    proxy.instead = (b"-MariaDB", b"-MySQLdb")
    folder = write_three(tmp_path)
    text, desk = (folder / "metricgate.yaml").read_text(), "desk: {kind: mariadb, "
    rest = text.split(desk)[1].replace(f"port: {at.port}", f"port: {proxy.port}", 1)
    writer = f"writer: {{user: {at.user}, marker_schema: {SCHEMA}}}, "
    (folder / "metricgate.yaml").write_text(f"{text.split(desk)[0]}{desk}{writer}{rest}")
    try:
        with pytest.raises(StartRefused, match=r"changes need MariaDB 10\.6 or later"):
            calls(folder)
    finally:
        proxy.refuse()


def test_validate_looks_at_each(tmp_path: Path) -> None:
    """A table that is missing in its own warehouse is missing, though another one has such a table."""
    models = MODELS.replace("source: main.orders", "source: main.orderz").replace("wh_tickets", "wh_invoices")
    project = open_project(write_three(tmp_path, models=models))
    assert not isinstance(project, Problems)
    found = project.validate()
    assert found.counts["tables"] == 6
    assert {each.code.name for each in found.problems} == {"E_NO_SUCH_TABLE"}
    assert [each.message for each in found.problems] == [
        "the warehouse has no relation 'main.orderz'",
        f"the warehouse has no relation '{SCHEMA}.wh_invoices'",
    ]
    away = open_project(write_three(tmp_path / "away", bills_port=closed_port()))
    assert not isinstance(away, Problems)
    [only] = away.validate().problems
    assert only.code.name == "E_WAREHOUSE_CLOSED"
    assert "'bills'" in only.message


@pytest.mark.parametrize(
    ("metric", "large", "small", "number"),
    [
        ("invoiced", "metric_time__year", "metric_time__month", 407),
        ("ticket_count", "metric_time__month", "ticket__state", 3),
    ],
    ids=["postgres", "mariadb"],
)
def test_small_groups_refuse_the_whole_answer(folder: Path, metric: str, large: str, small: str, number: int) -> None:
    """Each server finds the small group before the limit leaves only a large one."""
    rule = "{id: two, roles: [everyone], on: [dataset:invoices, dataset:tickets], size: 2}"
    (folder / "policies" / "groups.yaml").write_text(f"version: 1\nminimum_groups: [{rule}]\n")
    whole, split, first = calls(
        folder,
        ("query_metrics", {"metrics": [metric], "group_by": [large]}),
        ("query_metrics", {"metrics": [metric], "group_by": [small]}),
        ("query_metrics", {"metrics": [metric], "group_by": [small], "order_by": [f"-{metric}"], "limit": 1}),
    )
    assert [row[-1] for row in rows(whole)] == [number]
    assert {refusal(each).first.code.name for each in (split, first)} == {"E_SMALL_GROUPS"}
