"""Warehouses that are written for but not connected to: what is written parses, settles, and avoids known traps."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot.errors import UnsupportedError
from tests.planning.shop import compiled, oracle, planned, run

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import Aggregation, Percentile
from metricgate.compiling.rules.aggregates import aggregate
from metricgate.dialects.engines import dialect_named
from metricgate.dialects.expressions import write_expression
from metricgate.dialects.offline_adaptation import percentiles_as_ranks
from metricgate.planning.scan import ScanMeasure
from metricgate.planning.zones import Zones
from metricgate.vocabulary.grain import DatePart, Grain
from metricgate.vocabulary.predicate import Comparison, Operator

WRITERS = {
    "snowflake": "snowflake",
    "bigquery": "bigquery",
    "databricks": "databricks",
    "clickhouse": "clickhouse",
    "trino": "trino",
    "redshift": "redshift",
    "mysql8": "mysql",
    "datafusion": "postgres",
}
SEGMENT = Comparison(member="customer__segment", op=Operator.CONTAINS, values=("50%",))


def text(name: str, *metrics: str, **asked: object) -> str:
    return " ".join(compiled(planned(*metrics, **asked), dialect=name).sql.split())


def cut(name: str, grain: Grain) -> str:
    known = dialect_named(name)
    return known.truncated(sqlglot.exp.column("t"), grain).sql(known.writer)


def part(name: str, wanted: DatePart) -> str:
    known = dialect_named(name)
    return known.part(sqlglot.exp.column("t"), wanted).sql(known.writer)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("by", [(), ("customer__segment",), ("metric_time__week", "customer__segment")])
@pytest.mark.parametrize("metrics", [("sales.revenue",), ("sales.open_orders", "sales.closed_value", "web.visits")])
def test_what_is_written_parses_and_settles(name, metrics, by):
    """One statement for the dialect's own parser, which writes back something that no longer changes."""
    if "metric_time__week" in by and "web.visits" in metrics:
        by = ("metric_time__month", "customer__segment")
    sql = text(name, *metrics, by=by, where=SEGMENT)
    (tree,) = sqlglot.parse(sql, read=WRITERS[name])
    assert not list(tree.find_all(sqlglot.exp.Command))
    settled = tree.sql(WRITERS[name])
    assert sqlglot.parse_one(settled, read=WRITERS[name]).sql(WRITERS[name]) == settled


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        ("snowflake", "DATEADD(DAY, 1 - DAYOFWEEKISO(t), CAST(t AS DATE))"),
        ("bigquery", "DATE_TRUNC(CAST(t AS DATE), ISOWEEK)"),
        ("databricks", "CAST(DATE_TRUNC('WEEK', t) AS DATE)"),
        ("clickhouse", "toMonday(t)"),
        ("trino", "CAST(DATE_TRUNC('WEEK', t) AS DATE)"),
        ("redshift", "CAST(DATE_TRUNC('WEEK', t) AS DATE)"),
    ],
)
def test_weeks_begin_on_monday(name, sql):
    """Whatever the session says, in the words of each engine's manual."""
    assert cut(name, Grain.WEEK) == sql


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        ("snowflake", "DAYOFWEEKISO(t)"),
        ("bigquery", "MOD(EXTRACT(DAYOFWEEK FROM t) + 5, 7) + 1"),
        ("databricks", "WEEKDAY(t) + 1"),
        ("clickhouse", "toDayOfWeek(t)"),
        ("trino", "DAY_OF_WEEK(t)"),
        ("redshift", "MOD(EXTRACT(DOW FROM t) + 6, 7) + 1"),
    ],
)
def test_monday_is_one(name, sql):
    """The number of a day is ISO 8601's everywhere."""
    assert part(name, DatePart.DOW) == sql


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        ("snowflake", "CONVERT_TIMEZONE('UTC', 'Asia/Tokyo', CAST(t AS TIMESTAMPNTZ))"),
        ("bigquery", "DATETIME(TIMESTAMP(CAST(t AS DATETIME), 'UTC'), 'Asia/Tokyo')"),
        ("databricks", "CONVERT_TIMEZONE('UTC', 'Asia/Tokyo', CAST(t AS TIMESTAMP_NTZ))"),
        (
            "clickhouse",
            "toDateTime64(toString(toTimeZone(toDateTime64(toString(t), 6, 'UTC'), 'Asia/Tokyo')), 6, 'UTC')",
        ),
        ("trino", "CAST(AT_TIMEZONE(WITH_TIMEZONE(CAST(t AS TIMESTAMP(6)), 'UTC'), 'Asia/Tokyo') AS TIMESTAMP(6))"),
        ("redshift", "CONVERT_TIMEZONE('UTC', 'Asia/Tokyo', CAST(t AS TIMESTAMP))"),
    ],
)
def test_local_times_are_converted_between_named_zones(name, sql):
    """From the zone that they are stored in, never from the session's."""
    known = dialect_named(name)
    tree = known.converted(sqlglot.exp.column("t"), Zones(stored="UTC", shown="Asia/Tokyo"))
    assert tree.sql(known.writer) == sql


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("snowflake", "LIKE ? ESCAPE '!'"),
        ("bigquery", "LIKE @p1"),
        ("databricks", "LIKE :p1 ESCAPE '!'"),
        ("clickhouse", "LIKE {p1: String}"),
        ("trino", "LIKE ? ESCAPE '!'"),
        ("redshift", "LIKE $1 ESCAPE '!'"),
        ("mysql8", "LIKE ? ESCAPE '!'"),
    ],
)
def test_markers_and_wildcards(name, like):
    """Each driver's own marker; BigQuery and ClickHouse have no ESCAPE, their escape is a backslash."""
    statement = compiled(planned("sales.orders", where=SEGMENT), dialect=name)
    assert like in statement.sql
    backslash = name in {"bigquery", "clickhouse"}
    assert ("ESCAPE" in statement.sql) is not backslash
    assert statement.parameters == ("%50\\%%" if backslash else "%50!%%",)


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        ("snowflake", "IS NOT DISTINCT FROM"),
        ("bigquery", "TO_JSON_STRING(all_groups.customer__segment) = TO_JSON_STRING("),
        ("databricks", "IS NOT DISTINCT FROM"),
        ("clickhouse", "IS NOT DISTINCT FROM"),
        ("trino", "IS NOT DISTINCT FROM"),
        ("redshift", "all_groups.customer__segment IS NULL AND "),
        ("mysql8", "<=>"),
    ],
)
def test_groups_of_null_meet(name, pair):
    """Two facts are joined with NULL on NULL, in a form that the engine joins on."""
    sql = text(name, "sales.revenue", "web.visits", by=("customer__segment",))
    assert pair in sql
    assert ("IS NOT DISTINCT" in sql) is (pair == "IS NOT DISTINCT FROM")


def test_clickhouse_is_asked_for_nulls():
    """It would fill joins with zeros and sum nothing to 0."""
    assert text("clickhouse", "sales.revenue").endswith(
        "SETTINGS aggregate_functions_null_for_empty = 1, join_use_nulls = 1, prefer_column_name_to_alias = 1"
    )


def test_bigquery_names_have_no_dots():
    """Its result columns may hold letters, digits and underscores."""
    assert "AS `sales__revenue`" in text("bigquery", "sales.revenue")


@pytest.mark.parametrize("discrete", [True, False])
@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("rows", ["SELECT NULL::INT AS v", "SELECT unnest([3, NULL, 1, 2, 2, 10]) AS v"])
def test_percentiles_from_ranks_are_the_engines_own(rows, fraction, discrete):
    """For engines without percentiles: the construction, run where there is one to compare with."""
    measure = ScanMeasure(
        name="p",
        aggregation=Aggregation.PERCENTILE,
        expression=Expression(text="v", columns=("v",)),
        percentile=Percentile(value=fraction, discrete=discrete),
    )
    select = sqlglot.exp.select(sqlglot.exp.alias_(aggregate(measure, sqlglot.exp.column("v")), "p"))
    select = select.from_(f"({rows.replace('::INT', '')}) AS t" if "unnest" not in rows else "numbers")
    ranked = percentiles_as_ranks(select.copy()).sql("duckdb")
    plain = select.sql("duckdb")
    numbers = f"WITH numbers AS ({rows}) "
    ((found,),), ((meant,),) = oracle(numbers + ranked), oracle(numbers + plain)
    assert found == (None if meant is None else pytest.approx(meant))


def test_the_ordinary_dialects_are_untouched():
    """DuckDB still runs what it ran."""
    assert run(compiled(planned("sales.orders", where=SEGMENT))) is not None


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("a LIKE 'x!%!_!!%' ESCAPE '!'", r"a LIKE 'x\%\_!%'"),
        (r"a LIKE 'x\y!%' ESCAPE '!'", r"a LIKE 'x\\y\%'"),
        (r"a LIKE 'x\%'", r"a LIKE 'x\\%'"),
    ],
)
def test_datafusion_knows_no_escape_but_the_backslash(said, written):
    """A written pattern is given that one; what is no text of ours is refused, not read otherwise."""
    assert write_expression(said, "datafusion").sql("postgres") == written
    with pytest.raises(UnsupportedError, match="written pattern"):
        write_expression("a LIKE b ESCAPE '!'", "datafusion")
