"""The same trees on every engine: DuckDB is the oracle for what the dialects write otherwise."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlglot
from sqlglot import exp
from tests.contracts import servers
from tests.contracts.server_engines import mariadb_warehouse, postgres_warehouse
from tests.contracts.warehouse_engines import ENGINES, released

from metricgate.catalog.metrics import Window
from metricgate.compiling.context import Context
from metricgate.compiling.moments import shift_moment
from metricgate.compiling.sql_writer import write_sql
from metricgate.dialects.engines import dialect_named
from metricgate.dialects.names import column, with_alias
from metricgate.gateway.ports import Rows, Warehouse, WarehouseError
from metricgate.planning.zones import Zones
from metricgate.vocabulary.grain import DatePart, Grain
from metricgate.vocabulary.predicate import Scalar

OPENED = {"postgres": postgres_warehouse, "mysql": mariadb_warehouse}
MOMENTS = (
    "2019-12-29 23:59:59.999",
    "2019-12-30 00:00:00",
    "2020-01-01 00:00:00.001",
    "2020-02-29 12:34:56.789",
    "2020-03-31 01:00:00",
    "2021-01-03 10:00:00",
    "2024-12-30 00:00:00",
    "2024-12-31 06:07:08.5",
)


SEVERAL_AGGREGATES = """
    SELECT a % 2 AS k, PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY CAST(a AS DOUBLE)) AS p, COUNT(*) AS n,
        SUM(b) AS s, COUNT(DISTINCT b) AS d
    FROM numbers WHERE a < 12 GROUP BY 1 ORDER BY k
"""
TWO_SIDES = """
    SELECT x.a AS v, y.a AS w
    FROM (SELECT a FROM numbers WHERE a < 4) AS x
    FULL JOIN (SELECT a FROM numbers WHERE a > 1 AND a < 6) AS y ON x.a = y.a
    GROUP BY 1, 2 ORDER BY v NULLS LAST, w NULLS LAST
"""
THREE_SIDES = """
    SELECT x.a AS v, y.a AS w, z.a AS u
    FROM (SELECT a FROM numbers WHERE a < 4) AS x
    FULL JOIN (SELECT a FROM numbers WHERE a > 1 AND a < 6) AS y ON x.a = y.a
    FULL JOIN (SELECT a FROM numbers WHERE a > 2 AND a < 9) AS z ON {on}.a = z.a
    GROUP BY 1, 2, 3 ORDER BY v NULLS LAST, w NULLS LAST, u NULLS LAST
"""


def context(dialect: str) -> Context:
    return Context(dialect=dialect_named(dialect), answered=lambda _plan: exp.Select())


def asked(warehouse: Warehouse, sql: str, parameters: Sequence[Scalar] = ()) -> list[tuple[object, ...]]:
    async def main() -> Rows:
        try:
            return await warehouse.run(released(sql, *parameters))
        finally:
            await warehouse.close()

    return [tuple(row) for row in asyncio.run(main()).values]


def moments(dialect: str) -> exp.Expr:
    """A relation ``m(at)`` of the moments, written for each engine."""
    kind = "DATETIME(3)" if dialect == "mysql" else "TIMESTAMP"
    rows = " UNION ALL ".join(f"SELECT CAST('{each}' AS {kind}) AS at" for each in MOMENTS)
    return sqlglot.parse_one(f"SELECT * FROM ({rows}) AS m", dialect=dialect)


def answers(dialect: str, trees: Sequence[exp.Expr]) -> list[tuple[object, ...]]:
    here = context(dialect)
    select = moments(dialect)
    select.set("expressions", [with_alias(tree, f"v{number}") for number, tree in enumerate(trees)])
    select.set("order", exp.Order(expressions=[exp.Ordered(this=column("at", "m"))]))
    sql, parameters = write_sql(select, here)
    return asked(ENGINES["duckdb"].opened() if dialect == "duckdb" else OPENED[dialect](), sql, parameters)


@pytest.fixture(params=OPENED)
def dialect(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("grain", Grain)
def test_times_are_cut_alike(dialect: str, grain: Grain):
    """To every grain; weeks begin on Monday, also around the new year."""

    def trees(name: str) -> list[exp.Expr]:
        return [dialect_named(name).truncated(column("at", "m"), grain)]

    assert answers(dialect, trees(dialect)) == answers("duckdb", trees("duckdb"))


def test_parts_of_dates_are_alike(dialect: str):
    """Every part as the same number; weeks and days of the week are ISO 8601's."""

    def trees(name: str) -> list[exp.Expr]:
        return [dialect_named(name).part(column("at", "m"), part) for part in DatePart]

    assert answers(dialect, trees(dialect)) == answers("duckdb", trees("duckdb"))


@pytest.mark.parametrize("grain", Grain)
def test_windows_reach_back_alike(dialect: str, grain: Grain):
    """The 31st goes back to the last day of a shorter month, on every engine."""

    def trees(name: str) -> list[exp.Expr]:
        window = Window(count=13, grain=grain)
        cut = dialect_named(name).truncated(column("at", "m"), min(grain, Grain.DAY))
        return [shift_moment(cut, window, grain, context(name))]

    assert answers(dialect, trees(dialect)) == answers("duckdb", trees("duckdb"))


def test_zones_are_converted_alike_or_refused(dialect: str):
    """A MariaDB without time zone tables says so; it never gives NULL for a time that is known."""

    def trees(name: str) -> list[exp.Expr]:
        return [dialect_named(name).converted(column("at", "m"), Zones(stored="UTC", shown="America/New_York"))]

    if dialect == "mysql" and not _knows("America/New_York"):
        here = trees(dialect)
        with pytest.raises(WarehouseError) as caught:
            answers(dialect, here)
        assert caught.value.code == "E_WAREHOUSE_TIME_ZONE"
        assert "time zone tables" in caught.value.engine_text
        return
    assert answers(dialect, trees(dialect)) == answers("duckdb", trees("duckdb"))


def test_a_zone_that_the_server_lacks_is_refused():
    """It would be NULL without a word, whether all tables are empty or only this zone is missing."""
    warehouse = mariadb_warehouse()
    with pytest.raises(WarehouseError) as caught:
        asked(warehouse, "SELECT CONVERT_TZ('2024-01-01', 'UTC', 'Nowhere/Land') AS v")
    assert caught.value.code == "E_WAREHOUSE_TIME_ZONE"


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin"])
@pytest.mark.parametrize("engine", ["duckdb", *OPENED])
def test_days_of_23_and_25_hours(engine: str, zone: str):
    """Half hours around both changes of clocks fall on the local days and hours that Python's zones say."""
    firsts = (datetime(2024, 3, 9), datetime(2024, 3, 30), datetime(2024, 10, 26), datetime(2024, 11, 2))  # noqa: DTZ001
    halves = [first + timedelta(minutes=30 * number) for first in firsts for number in range(3 * 48)]
    kind = "DATETIME(3)" if engine == "mysql" else "TIMESTAMP"
    rows = " UNION ALL ".join(f"SELECT CAST('{each}' AS {kind}) AS at" for each in halves)
    known = dialect_named(engine)
    local = known.converted(column("at", "m"), Zones(stored="UTC", shown=zone))
    select = sqlglot.parse_one(f"SELECT COUNT(*) AS n FROM ({rows}) AS m GROUP BY 1, 2 ORDER BY 1, 2", dialect=engine)
    keys = [with_alias(known.truncated(local.copy(), grain), f"g_{grain}") for grain in (Grain.DAY, Grain.HOUR)]
    select.set("expressions", [*keys, *select.expressions])
    sql, parameters = write_sql(select, context(engine))
    warehouse = ENGINES["duckdb"].opened() if engine == "duckdb" else OPENED[engine]()
    if engine == "mysql" and not _knows(zone):
        with pytest.raises(WarehouseError, match="E_WAREHOUSE_TIME_ZONE"):
            asked(warehouse, sql, parameters)
        return
    found = [(str(day), str(hour).replace("T", " "), count) for day, hour, count in asked(warehouse, sql, parameters)]
    shown = [each.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)) for each in halves]
    wanted = Counter((f"{each:%Y-%m-%d}", f"{each:%Y-%m-%d %H}:00:00") for each in shown)
    assert found == [(*key, count) for key, count in sorted(wanted.items())]
    changes = {"America/New_York": ("2024-03-10", "2024-11-03"), "Europe/Berlin": ("2024-03-31", "2024-10-27")}[zone]
    assert [sum(count for day, _, count in found if day == change) for change in changes] == [46, 50]


def _knows(zone: str) -> bool:
    with servers.mariadb_connection(servers.mariadb()) as admin, admin.cursor() as cursor:
        cursor.execute("SELECT CONVERT_TZ('2020-01-01', 'UTC', %s)", (zone,))
        return cursor.fetchone()[0] is not None


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 / 2 AS v",
        "SELECT SUM(a) / COUNT(*) AS v FROM numbers WHERE a < 10",
        "SELECT 'a' || 'b' AS v",
        "SELECT a % 7 AS k, AVG(a) AS v, AVG(b) AS w FROM numbers GROUP BY 1 ORDER BY k",
        "SELECT a % 3 AS v, COUNT(*) AS n FROM numbers GROUP BY 1 ORDER BY v",
        "SELECT NULLIF(a, 3) AS v FROM numbers WHERE a < 6 ORDER BY v DESC NULLS LAST",
        "SELECT NULLIF(a, 3) AS v FROM numbers WHERE a < 6 ORDER BY v NULLS LAST",
        "SELECT x.a AS v FROM numbers x LEFT JOIN numbers y ON x.a IS NOT DISTINCT FROM y.a WHERE x.a < 3 ORDER BY v",
        SEVERAL_AGGREGATES,
        "SELECT PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY a) AS p FROM numbers WHERE a < 0",
        TWO_SIDES,
        THREE_SIDES.replace("{on}", "x"),
        THREE_SIDES.replace("{on}", "y"),
    ],
)
def test_what_a_dialect_says_otherwise_means_the_same(dialect: str, text: str):
    """Division, texts, order of NULLs, null-safe equality, percentiles, joins that keep both sides."""

    def found(name: str) -> list[tuple[object, ...]]:
        sql, parameters = write_sql(sqlglot.parse_one(text), context(name))
        rows = asked(ENGINES["duckdb"].opened() if name == "duckdb" else OPENED[name](), sql, parameters)
        return [tuple(float(each) if isinstance(each, (int, float)) else each for each in row) for row in rows]

    assert found(dialect) == found("duckdb")


def test_values_follow_their_marks(dialect: str):
    """Where a rewriting says a condition twice, its value is sent twice, each in its place."""
    here = context(dialect)
    low, high = here.bind(3), here.bind(date(2020, 1, 1))
    select = sqlglot.parse_one(
        "SELECT x.a AS v FROM (SELECT a FROM numbers WHERE a < 3) AS x"
        " FULL JOIN (SELECT a FROM numbers WHERE a < 1) AS y ON x.a = y.a GROUP BY 1 ORDER BY v"
    )
    later = exp.Cast(this=exp.Literal.string("2020-02-01"), to=exp.DataType.build("date"))
    both = exp.And(this=exp.LT(this=column("a", "x"), expression=low), expression=exp.LT(this=high, expression=later))
    select.set("where", exp.Where(this=both))
    sql, parameters = write_sql(select, here)
    assert asked(OPENED[dialect](), sql, parameters) == [(0,), (1,), (2,)]
    assert parameters == ((3, date(2020, 1, 1)) * (2 if dialect == "mysql" else 1))


def test_division_by_zero_takes_no_other_numbers_away(dialect: str):
    """One group's zero is NULL in that group."""
    sql, _ = write_sql(
        sqlglot.parse_one("SELECT a AS k, 6 / a AS v FROM numbers WHERE a < 3 ORDER BY k"), context(dialect)
    )
    assert asked(OPENED[dialect](), sql) == [(0, None), (1, 6.0), (2, 3.0)]


def test_a_bound_moment_compares_as_that_moment(dialect: str):
    """To the microsecond, without a zone on the way."""
    here = context(dialect)
    select = moments(dialect)
    select.set("where", exp.Where(this=exp.LTE(this=column("at", "m"), expression=here.bind(datetime(2019, 12, 30)))))  # noqa: DTZ001 - local
    select.set("expressions", [with_alias(exp.Count(this=exp.Star()), "n")])
    sql, parameters = write_sql(select, here)
    assert asked(OPENED[dialect](), sql, parameters) == [(2,)]
