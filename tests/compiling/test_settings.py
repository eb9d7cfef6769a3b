"""``settings`` of the definitions: weeks that begin on Sunday, and the zone of stored timestamps."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import duckdb
import psycopg
import pytest
from tests.contracts import servers

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.compiling.compiler import compile_plan
from metricgate.compiling.statement import Statement
from metricgate.dialects.adaptation import mysql_marks
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.obligation import NO_OBLIGATIONS
from metricgate.vocabulary.problem import Problems

MODEL = """
semantic_models:
  - name: visits
    source: visits_of_the_new_year
    agg_time_dimension: at
    entities: [{name: visit, type: primary, expr: id}]
    dimensions:
      - {name: at, type: time, granularity: second, expr: seen}
      - {name: noted_on, type: time, granularity: day, expr: noted}
    metrics:
      - {name: visits_count, type: simple, agg: count}
      - {name: noted_count, type: simple, agg: count, agg_time_dimension: noted_on}
"""
# 2023-12-31 and 2024-01-07 are Sundays, 2024-01-01 is a Monday, 2024-01-06 a Saturday.
DAYS = ("2023-12-30", "2023-12-31", "2024-01-01", "2024-01-06", "2024-01-07")
BY_MONDAY = [(date(2023, 12, 25), 2), (date(2024, 1, 1), 3)]
BY_SUNDAY = [(date(2023, 12, 24), 1), (date(2023, 12, 31), 3), (date(2024, 1, 7), 1)]


def catalog(settings: str = "") -> Catalog:
    found = load([("a.yaml", MODEL), ("s.yaml", settings)] if settings else [("a.yaml", MODEL)])
    assert isinstance(found, Catalog), str(found)
    return found


def planned(found: Catalog, metric: str, grain: Grain, zone: str | None = None) -> Plan:
    asked = Question(metrics=(metric,), group_by=(GroupBy(member="metric_time", grain=grain),), time_zone=zone)
    plan = Planner(found).plan(asked)
    assert not isinstance(plan, Problems), str(plan)
    return plan


def compiled(plan: Plan, dialect: str) -> Statement:
    statement = compile_plan(plan, NO_OBLIGATIONS, dialect)
    assert not isinstance(statement, Problems), str(statement)
    return statement


def rows_on(engine: str, statement: Statement) -> list[tuple[object, ...]]:
    values = ", ".join(f"({at}, '{day} 12:00:00', '{day}')" for at, day in enumerate(DAYS))
    table = "visits_of_the_new_year (id INT, seen TIMESTAMP NULL, noted DATE)"
    if engine == "duckdb":
        with duckdb.connect() as own:
            own.execute(f"CREATE TABLE {table}")
            own.execute(f"INSERT INTO visits_of_the_new_year VALUES {values}")
            return own.execute(statement.sql, list(statement.parameters)).fetchall()
    if engine == "postgres":
        with servers.postgres_connection(servers.postgres()) as connection:
            connection.execute(f"CREATE TEMP TABLE {table}")
            connection.execute(f"INSERT INTO visits_of_the_new_year VALUES {values}")
            return psycopg.RawCursor(connection).execute(statement.sql, statement.parameters).fetchall()
    with servers.mariadb_connection(servers.mariadb()) as connection, connection.cursor() as cursor:
        cursor.execute(f"USE {servers.SCHEMA}")
        cursor.execute(f"CREATE OR REPLACE TEMPORARY TABLE {table}")
        cursor.execute(f"INSERT INTO visits_of_the_new_year VALUES {values}")
        sql, _values = mysql_marks(statement.sql, statement.parameters)
        cursor.execute(sql)
        return list(cursor.fetchall())


@pytest.mark.parametrize("metric", ["visits_count", "noted_count"])
@pytest.mark.parametrize(("engine", "dialect"), [("duckdb", "duckdb"), ("postgres", "postgres"), ("mariadb", "mysql")])
def test_weeks_around_the_new_year(engine: str, dialect: str, metric: str) -> None:
    """Monday's weeks by default; Sunday's where the settings say so; the answer says it then, and only then."""
    monday = planned(catalog(), metric, Grain.WEEK)
    assert rows_on(engine, compiled(monday, dialect)) == BY_MONDAY
    assert not any("Sunday" in note for note in monday.explanation.notes)
    sunday = planned(catalog("settings: {week_start: sunday}"), metric, Grain.WEEK)
    assert rows_on(engine, compiled(sunday, dialect)) == BY_SUNDAY
    assert any("Sunday" in note for note in sunday.explanation.notes)


@pytest.mark.parametrize(
    "dialect", ["snowflake", "bigquery", "databricks", "clickhouse", "trino", "redshift", "mysql8"]
)
def test_the_other_dialects_move_their_weeks_too(dialect: str) -> None:
    """Every kind can say it, and says something else than for Monday."""
    monday = compiled(planned(catalog(), "noted_count", Grain.WEEK), dialect).sql
    sunday = compiled(planned(catalog("settings: {week_start: sunday}"), "noted_count", Grain.WEEK), dialect).sql
    assert monday != sunday


def test_only_what_the_settings_change_gets_another_version() -> None:
    """The default said aloud is the default; Sunday and a zone change what the numbers mean."""
    version = catalog().metrics["visits_count"].header.definition_version
    assert catalog("settings: {week_start: monday}").metrics["visits_count"].header.definition_version == version
    for other in ("settings: {week_start: sunday}", "settings: {time_zone: Europe/Berlin}"):
        assert catalog(other).metrics["visits_count"].header.definition_version != version


def test_days_of_23_and_25_hours(tmp_path: Path) -> None:
    """Stored in the settings' zone, asked in another: Berlin's short and long days of 2026 hold their hours."""
    found = catalog("settings: {time_zone: UTC}")
    plan = planned(found, "visits_count", Grain.DAY, "Europe/Berlin")
    statement = compiled(plan, "duckdb")
    with duckdb.connect(str(tmp_path / "d.duckdb")) as connection:
        series = " UNION ALL ".join(
            f"SELECT unnest(generate_series(TIMESTAMP '{first}', TIMESTAMP '{last}', INTERVAL 1 HOUR)) AS t"
            for first, last in (("2026-03-28", "2026-03-31"), ("2026-10-24", "2026-10-27"))
        )
        connection.execute(
            "CREATE TABLE visits_of_the_new_year AS "
            f"SELECT row_number() OVER () AS id, t AS seen, t::DATE AS noted FROM ({series})"
        )
        counts = dict(connection.execute(statement.sql, list(statement.parameters)).fetchall())
        assert (counts[date(2026, 3, 29)], counts[date(2026, 10, 25)], counts[date(2026, 10, 26)]) == (23, 25, 24)
        # Stored as Berlin's local times and asked as they are: every day has the hours that were stored for it.
        berlin = compiled(planned(catalog("settings: {time_zone: Europe/Berlin}"), "visits_count", Grain.DAY), "duckdb")
        assert dict(connection.execute(berlin.sql, list(berlin.parameters)).fetchall())[date(2026, 3, 29)] == 24
        moved = compiled(
            planned(catalog("settings: {time_zone: America/New_York}"), "visits_count", Grain.HOUR, "Europe/Berlin"),
            "duckdb",
        )
        hours = dict(connection.execute(moved.sql, list(moved.parameters)).fetchall())
        assert hours[datetime(2026, 3, 28, 5)] == 1  # noqa: DTZ001 - a local time


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ("settings: {week_start: saturday}", "E_BAD_VALUE"),
        ("settings: {weeks: sunday}", "E_UNKNOWN_KEY"),
        ("settings: {time_zone: 'No Where'}", "E_TIME_DIMENSION"),
    ],
)
def test_mistakes_are_told_with_their_place(settings: str, code: str) -> None:
    """Each is a problem of the file that says it."""
    found = load([("a.yaml", MODEL), ("s.yaml", settings)])
    assert isinstance(found, Problems)
    assert (found.first.code.name, found.first.where.file) == (code, "s.yaml")


def test_settings_stand_once() -> None:
    """A second place is a problem that names the first, whichever file comes first."""
    found = load([("a.yaml", MODEL + "settings: {}\n"), ("s.yaml", "settings: {week_start: sunday}")])
    assert isinstance(found, Problems)
    assert found.first.code.name == "E_DUPLICATE_NAME"
    assert "a.yaml" in str(found.first.hint)
