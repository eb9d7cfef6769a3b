"""Looking back by the periods of calendars on PostgreSQL and MariaDB: the oracles of the cases, in DuckDB, agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import pytest
import yaml
from tests.planning.engines import Engine, opened
from tests.planning.test_over_time import FOLDER, planner, question, rows, warehouse

from metricgate.planning.plan import Plan

CASES = [
    pytest.param(case, id=case["name"])
    for case in yaml.safe_load((FOLDER / "calendars.yaml").read_text())
    if "sql" in case
]
TABLES = {
    "days": "day DATE, fiscal_month DATE, fiscal_quarter DATE, season VARCHAR(20)",
    "orders": "id INTEGER, user_id INTEGER, ordered_on DATE, amount INTEGER, country VARCHAR(20)",
    "balances": "account_id INTEGER, user_id INTEGER, counted_on DATE, kind VARCHAR(20), amount INTEGER",
    "clicks": "id INTEGER, clicked_at TIMESTAMP",
}


@pytest.fixture(scope="module", params=["postgres", "mysql"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The shop's tables in an engine's own schema."""
    with opened(request.param) as found:
        for name, columns in TABLES.items():
            names = ", ".join(each.split()[0] for each in columns.split(", "))
            found.execute(f"CREATE TABLE {name} ({columns})")
            values = warehouse().execute(f"SELECT {names} FROM {name}").fetchall()
            found.execute(f"INSERT INTO {name} VALUES {', '.join(map(_row, values))}")
        yield found
        for name in TABLES:
            found.execute(f"DROP TABLE {name}")


def _row(values: tuple[object, ...]) -> str:
    return f"({', '.join(map(_value, values))})"


def _value(value: object) -> str:
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, (str, date, datetime)) else str(value)


@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_that_of_the_oracle(engine: Engine, case):
    """The same rows, whatever the engine's own words for them."""
    plan = planner().plan(question(**case["ask"]))
    assert isinstance(plan, Plan), str(plan)
    assert rows(engine.rows_of(plan)) == rows(warehouse().execute(case["sql"]).fetchall())


@pytest.mark.parametrize(
    ("metric", "note"),
    [
        ("fiscal_before", "1 fiscal_month before a day is the day at the same place in that period"),
        ("fiscal_window", "2 fiscal_month up to a day begin after the day at the same place"),
        ("season_to_date", "season begins with the first day that the time spine has of it"),
        ("fiscal_start", "fiscal_month begins with the first day"),
    ],
)
def test_the_answer_says_which_rule_was_taken(metric: str, note: str):
    """For each way of looking back by a calendar."""
    plan = planner().plan(question([metric], ("metric_time__day",)))
    assert isinstance(plan, Plan), str(plan)
    assert [each for each in plan.explanation.notes if note in each]
