"""``validate --data``: what the definitions declare, checked on each engine, for the operator or for one caller."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from tests.faults.served import entries_of
from tests.gateway.test_broken_keys import folder as broken  # noqa: F401 - a fixture
from tests.gateway.warehouses.several import SCHEMA, write_three

from metricgate.bootstrap.project import OpenedProject
from metricgate.gateway.data_checks.result import CheckResult, CheckState
from metricgate.settings.settings import Settings, load_settings
from metricgate.surfaces.cli.data_checks import exit_of
from metricgate.surfaces.cli.project import Exit
from metricgate.vocabulary.problem import Problems

THREE = f"""
semantic_models:
  - {{name: orders, source: main.orders, entities: [{{name: customer, type: primary, expr: region}}]}}
  - name: invoices
    source: {SCHEMA}.wh_invoices
    warehouse: bills
    entities: [{{name: invoice, type: primary, expr: id}}, {{name: bad, type: unique, expr: customer_id}},
               {{name: buyer, type: foreign, expr: amount}}]
  - name: customers
    source: {SCHEMA}.wh_customers
    warehouse: bills
    entities: [{{name: buyer, type: primary, expr: id}}]
  - name: tickets
    source: {SCHEMA}.wh_tickets
    warehouse: desk
    entities: [{{name: ticket, type: primary, expr: id}}, {{name: state, type: natural, expr: state}}]
    dimensions:
      - {{name: since, type: time, granularity: day, expr: day, validity: start}}
      - {{name: until, type: time, granularity: day, expr: "CAST(NULL AS DATE)", validity: end}}
time_spines:
  - {{name: days, source: main.days, column: day, granularity: day}}
  - {{name: bills_days, source: {SCHEMA}.wh_invoices, warehouse: bills, column: day, granularity: day}}
  - {{name: desk_days, source: {SCHEMA}.wh_tickets, warehouse: desk, column: day, granularity: day}}
"""


def checked(
    folder: Path, parties: tuple[str, str | None] | None = None, told: list | None = None
) -> dict[str, CheckResult]:
    settings = load_settings(folder)
    assert isinstance(settings, Settings), str(settings)
    heard = [] if told is None else told
    found = OpenedProject(folder, settings).check_data(parties, lambda *each: heard.append(each))
    assert not isinstance(found, Problems), str(found)
    return {f"{each.kind} {each.subject}": each for each in found}


def states(results: dict[str, CheckResult]) -> dict[str, str]:
    return {name: str(each.state) for name, each in results.items() if each.state is not CheckState.HOLDS}


def test_each_engine_is_asked_for_its_own(tmp_path):
    """Keys, histories, references and spines of DuckDB, PostgreSQL and MariaDB, in one go."""
    folder = write_three(tmp_path / "three", models=THREE)
    (folder / "policies" / "p.yaml").write_text("version: 1\n")
    results = checked(folder)
    assert states(results) == {
        "key invoices.bad": "broken",
        "reference invoices.buyer -> customers": "warns",
        "history tickets.state": "broken",
        "spine bills_days": "broken",
        "spine desk_days": "broken",
    }
    said = {name: each.message for name, each in results.items()}
    assert said["key invoices.bad"] == "1 key in several rows (2 of 3 rows)"
    assert said["reference invoices.buyer -> customers"] == "3 rows without a partner of 3 rows with a key"
    assert said["history tickets.state"] == "1 key with 1 window that the next begins before it ends, of 3 rows"
    assert said["spine bills_days"] == "25 days missing: 3 days from 2026-01-05 to 2026-02-01"
    assert said["spine desk_days"] == "1 row too many: 2 days from 2026-01-05 to 2026-01-06"
    assert said["spine days"] == "3 days from 2026-01-05 to 2026-01-07"


def test_a_reference_into_another_warehouse_is_said_not_to_be_checked(tmp_path):
    """No statement reads both. It is no fault of the data; where the key has a partner at home, that one is meant."""
    folder = write_three(tmp_path / "three")
    found = {name: (str(each.state), each.message) for name, each in checked(folder).items() if "reference" in name}
    apart = "orders is in the warehouse shop, customers in bills: no statement reads both"
    assert found == {
        "reference orders.customer -> customers": ("not_checked", apart),
        "reference invoices.customer -> customers": ("holds", "3 rows with a key"),
    }
    assert exit_of(tuple(checked(folder).values())) is Exit.ANSWERED


def test_windows_turned_round_and_rows_without_a_start_are_told(broken):  # noqa: F811 - the fixture
    """The first never hold and are a mistake; the others never hold either."""
    with duckdb.connect(str(broken / "data.duckdb")) as connection:
        connection.execute("UPDATE products SET vf = NULL WHERE pid = 2")
    assert checked(broken)["windows products"].message == "1 row without a start of 3 rows: they never hold"
    with duckdb.connect(str(broken / "data.duckdb")) as connection:
        connection.execute("INSERT INTO products VALUES (9, DATE '2026-02-01', DATE '2026-01-01', 'D')")
    found = checked(broken)["windows products"]
    assert (found.state, found.message) == (CheckState.BROKEN, "1 row that ends before it starts, of 4 rows")


def test_a_caller_is_told_of_what_it_may_see(broken):  # noqa: F811 - the fixture
    """Counts of the rows that its filters leave; nothing at all of datasets that it may not query."""
    everything = checked(broken)
    assert everything["key custs.cust"].state is CheckState.BROKEN
    west = checked(broken, ("west", None))["key custs.cust"]
    assert (west.state, west.counts["rows_read"]) == (CheckState.WARNS, 4)
    few = checked(broken, ("few", None))["key custs.cust"]
    assert (few.state, few.counts) == (CheckState.BROKEN, {})
    nobody = checked(broken, ("nobody", None))
    assert {each.state for each in nobody.values()} == {CheckState.NOT_ALLOWED}
    assert not any(each.counts for each in nobody.values())


def test_progress_and_record(broken):  # noqa: F811 - the fixture
    """Each result is told as it comes; every statement is in the record before one runs, and so is what came of it."""
    told: list[tuple[CheckResult, int, int]] = []
    results = checked(broken, told=told)
    assert [(done, total) for _result, done, total in told] == [(n, len(results)) for n in range(1, len(results) + 1)]
    ledger = broken / ".metricgate" / "ledger.db"
    (intent,) = entries_of(ledger, "gov.call.released")
    (outcome,) = entries_of(ledger, "gov.call.completed")
    assert intent.fields["gen_ai.agent.id"] == "operator"
    assert len(intent.fields["gov.checks"]) == len(results) == len(outcome.fields["gov.checks"])
    assert all("SELECT" in each["db.query.text"] for each in intent.fields["gov.checks"])
    assert outcome.fields["gov.links"] == [{"index": intent.index, "rel": "intent"}]


@pytest.mark.parametrize(
    ("granularity", "rows", "said"),
    [
        ("hour", "'2026-01-01 00:00', '2026-01-01 03:00'", "2 hours missing: 2 hours from 2026-01-01T00:00:00 to "),
        ("week", "'2026-01-05', '2026-01-19'", "1 week missing: 2 weeks from 2026-01-05 to 2026-01-19"),
        ("month", "'2025-12-31', '2026-01-02', '2026-01-30'", "1 row too many: 2 months from 2025-12-01 to 2026-01-01"),
        ("quarter", "'2025-12-31', '2026-07-02'", "2 quarters missing: 2 quarters from 2025-10-01 to 2026-07-01"),
        ("year", "'2025-12-31', '2026-07-02'", "2 years from 2025-01-01 to 2026-01-01"),
        ("day", "NULL, '2026-07-02'", "1 row without a time beside 1 day from 2026-07-02 to 2026-07-02"),
        ("day", "NULL", "no moment at all"),
    ],
)
def test_spines_of_any_grain(broken, granularity, rows, said):  # noqa: F811 - the fixture
    """Months are as long as they are."""
    values = ", ".join(f"({each})" for each in rows.split(", "))
    with duckdb.connect(str(broken / "data.duckdb")) as connection:
        connection.execute(f"CREATE TABLE steps AS SELECT x::TIMESTAMP AS x FROM (VALUES {values}) t(x)")
    with (broken / "semantic_models" / "m.yaml").open("a") as model:
        model.write(f"time_spines: [{{name: steps, source: steps, column: x, granularity: {granularity}}}]\n")
    assert checked(broken)["spine steps"].message.startswith(said)
