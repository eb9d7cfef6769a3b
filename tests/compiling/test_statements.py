"""Statements: values never in the text, the same bytes everywhere, row filters inside every source, limits."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.planning.shop import ask, catalog, compiled, oracle, planned, planner, question, refused, run

from metricgate.compiling.compiler import compile_plan
from metricgate.planning.plan import Plan
from metricgate.vocabulary.obligation import Limit, Obligations, RowFilter
from metricgate.vocabulary.predicate import And, Comparison, Not, Operator, Or, Template
from metricgate.vocabulary.problem import Problems

EVIL = "x' OR 1=1; DROP TABLE orders --"
WRITTEN = Template(text="$m0 = $v0 OR $m1", members=("order__status", "order__gift"), values=("open",))
DIALECTS = ("duckdb", "postgres", "mysql")


def equal(member: str, *values: object, op: Operator = Operator.EQ) -> Comparison:
    return Comparison(member=member, op=op, values=values)


def rows_where(dataset: str, *conditions: object) -> Obligations:
    return Obligations(row_filters=tuple(RowFilter(rule="r", dataset=dataset, condition=each) for each in conditions))


@pytest.mark.parametrize("op", list(Operator))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_value_reaches_the_text(op, dialect):
    """Whatever the operator, a caller's text is a parameter, and the statement still parses as one SELECT."""
    count = {Operator.IS_NULL: 0, Operator.IS_NOT_NULL: 0, Operator.BETWEEN: 2}.get(op, 1)
    plan = planned("sales.revenue", "web.visits", where=equal("customer__segment", *([EVIL] * count), op=op))
    statement = compiled(plan, dialect=dialect)
    assert "DROP" not in statement.sql
    # Where an engine pads texts, their order is asked beside how they end, and the value is bound for both.
    twice = dialect == "mysql" and op in {Operator.LT, Operator.LE, Operator.GT, Operator.GE, Operator.BETWEEN}
    assert len(statement.parameters) == 2 * count * (2 if twice else 1)
    assert len(sqlglot.parse(statement.sql, read=dialect)) == 1
    if dialect == "duckdb":
        run(statement)


@pytest.mark.parametrize("where", ["metrics", "by", "order", "domain", "zone"])
def test_no_name_reaches_the_text(where):
    """SQL in the place of a name is an unknown name."""
    kwargs = {"by": {"by": (EVIL,)}, "order": {"order": (EVIL,)}, "zone": {"time_zone": EVIL}}.get(where, {})
    if where == "domain":
        assert "DROP" not in compiled(planned("sales.revenue", domain=EVIL)).sql
    else:
        refused(EVIL if where == "metrics" else "sales.revenue", **kwargs)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_parameters_are_numbered_as_they_appear(dialect):
    """From the first to the last in the order of the text, also through measures' filters and row filters."""
    plan = planned(
        "sales.open_orders",
        "sales.closed_value",
        "web.visits",
        by=("customer__segment",),
        where=Or((equal("customer__segment", "a", "b", op=Operator.IN), Not(equal("customer__nation__name", "c")))),
    )
    statement = compiled(plan, rows_where("customers", equal("segment", "d", op=Operator.NE)), dialect)
    if dialect == "mysql":
        assert statement.sql.count("?") == len(statement.parameters)
    else:
        numbers = [int(found) for found in re.findall(r"\$(\d+)", statement.sql)]
        assert numbers == list(range(1, len(statement.parameters) + 1))
    assert statement.parameters.count("d") == 2


def test_wildcards_stand_for_themselves():
    """``%``, ``_`` and the escape itself are text in contains, starts_with and ends_with."""
    for op, text in ((Operator.CONTAINS, "0%_"), (Operator.STARTS_WITH, "100%"), (Operator.ENDS_WITH, "_!x")):
        assert ask("sales.revenue", where=equal("customer__segment", text, op=op)) == [(80,)]
    assert ask("sales.orders", where=equal("customer__segment", "_", op=Operator.STARTS_WITH)) == [(0,)]


@pytest.mark.parametrize(
    ("where", "sql"),
    [
        (equal("status", "open", op=Operator.NE), "status <> 'open'"),
        (equal("status", "open", "closed", op=Operator.NOT_IN), "status NOT IN ('open', 'closed')"),
        (equal("status", op=Operator.IS_NULL), "status IS NULL"),
        (equal("status", op=Operator.IS_NOT_NULL), "status IS NOT NULL"),
        (equal("gift", True), "gift"),
        (equal("order", 2, 4, op=Operator.BETWEEN), "id BETWEEN 2 AND 4"),
        (
            equal("metric_time", "2024-02-01", "2024-02-29", op=Operator.BETWEEN),
            "ordered_on BETWEEN '2024-02-01' AND '2024-02-29'",
        ),
        (Not(Or((equal("status", "open"), equal("gift", True)))), "NOT (status = 'open' OR gift)"),
        (
            And((Or((equal("status", "open"), equal("gift", True))), equal("order", 5, op=Operator.LT))),
            "(status = 'open' OR gift) AND id < 5",
        ),
        (WRITTEN, "status = 'open' OR gift"),
        (
            And((WRITTEN, equal("order", 5, op=Operator.LT))),
            "(status = 'open' OR gift) AND id < 5",
        ),
    ],
)
def test_conditions_mean_what_they_say(where, sql):
    """Each operator and each nesting, beside the same by hand."""
    assert ask("sales.orders", where=where) == oracle(f"SELECT COUNT(*) FROM orders WHERE {sql}")


def test_a_filter_on_a_joined_dimension():
    """Filters apply before aggregation, to every metric of the question."""
    assert ask("sales.orders", "web.visits", where=equal("customer__nation__name", "DE")) == [(3, 1)]


def test_row_filters_bind_at_the_root():
    """Hidden rows of the aggregated dataset are not counted, and every branch has the filter."""
    rules = rows_where("orders", equal("status", "closed"))
    assert run(compiled(planned("sales.revenue"), rules)) == [(190,)]
    assert run(compiled(planned("web.conversion", "sales.open_orders"), rules)) == [(4 / 6, 0)]


def test_row_filters_bind_inside_joins():
    """A hidden row of a joined dataset gives NULL and nothing else: the fact stays, its partner does not show."""
    rules = rows_where("customers", equal("segment", "retail"))
    plan = planned("sales.orders", "web.visits", by=("customer__segment", "customer__nation__name"))
    assert run(compiled(plan, rules)) == oracle(
        """
        WITH c AS (SELECT * FROM customers WHERE segment = 'retail'),
        o AS (SELECT segment s, n.name m, COUNT(*) k FROM orders LEFT JOIN c ON customer_id = c.id
              LEFT JOIN nations n ON nation_id = n.id GROUP BY ALL),
        v AS (SELECT segment s, n.name m, COUNT(*) k FROM visits LEFT JOIN c ON customer_id = c.id
              LEFT JOIN nations n ON nation_id = n.id GROUP BY ALL)
        SELECT COALESCE(o.s, v.s), COALESCE(o.m, v.m), COALESCE(o.k, 0), COALESCE(v.k, 0)
        FROM o FULL JOIN v ON o.s IS NOT DISTINCT FROM v.s AND o.m IS NOT DISTINCT FROM v.m
        ORDER BY 1 NULLS LAST, 2 NULLS LAST
        """
    )


def test_row_filters_bind_at_every_role():
    """A model joined twice is filtered twice."""
    statement = compiled(
        planned("sales.orders", by=("ship_to__city", "bill_to__city")), rows_where("places", equal("city", "Lyon"))
    )
    assert statement.parameters == ("Lyon", "Lyon")
    assert {row[:2] for row in run(statement)} == {("Lyon", None), ("Lyon", "Lyon"), (None, "Lyon"), (None, None)}


def test_row_filters_bind_when_values_are_listed():
    """Listing values shows only those of visible rows."""
    plan = planner().plan_values("customer__segment")
    assert isinstance(plan, Plan)
    assert run(compiled(plan, rows_where("customers", equal("segment", "retail")))) == [("retail",)]


def test_several_row_filters_all_hold():
    """Two rules on one dataset, one with the caller's attributes as a list, also an empty one: then nothing shows."""
    both = rows_where("orders", equal("status", "closed", "open", op=Operator.IN), equal("order", 3, op=Operator.GT))
    assert run(compiled(planned("sales.orders"), both)) == [(5,)]
    nothing = rows_where("orders", equal("status", op=Operator.IN))
    assert run(compiled(planned("sales.orders"), nothing)) == [(0,)]


def test_a_filter_cannot_look_behind_a_row_filter():
    """Asking for exactly what is hidden finds nothing."""
    rules = rows_where("customers", equal("segment", "retail"))
    plan = planned("sales.orders", where=equal("customer__segment", "trade"))
    assert run(compiled(plan, rules)) == [(0,)]


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (equal("no_such", 1), "E_ROW_FILTER_MEMBER"),
        (equal("customer__segment", "x"), "E_ROW_FILTER_MEMBER"),
        (equal("ordered_on", "soon"), "E_ROW_FILTER_VALUE"),
        (And((equal("status", "a"), Not(equal("nope", 1)))), "E_ROW_FILTER_MEMBER"),
        (equal("status", None), "E_ROW_FILTER_VALUE"),
        (equal("status"), "E_ROW_FILTER_VALUE"),
    ],
)
def test_a_row_filter_that_does_not_fit_closes_the_dataset(condition, code):
    """Nothing is compiled; a filter on a dataset that is not touched does not concern the question."""
    found = compile_plan(planned("sales.orders"), rows_where("orders", condition), "duckdb")
    assert isinstance(found, Problems)
    assert found.first.code.name == code
    compiled(planned("web.visits"), rows_where("orders", condition))


def test_limits():
    """One row more than policy allows is asked for; the smaller of the two limits is told."""
    rows = Obligations(rows=Limit(rule="few", value=3))
    plain = compiled(planned("sales.orders", by=("order",)), rows)
    assert (plain.row_limit, len(run(plain))) == (3, 4)
    small = compiled(planned("sales.orders", by=("order",), limit=2), rows)
    assert (small.row_limit, len(run(small))) == (2, 2)
    large = compiled(planned("sales.orders", by=("order",), limit=8, offset=1), rows)
    assert (large.row_limit, len(run(large))) == (3, 4)
    assert compiled(planned("sales.orders")).row_limit is None


def test_the_text_is_readable():
    """Model names as aliases, one clause a line; this is what an analyst reads in an answer."""
    statement = compiled(planned("sales.revenue", by=("customer__segment",), where=equal("status", "open"), limit=5))
    assert statement.sql.split("\n") == [
        "SELECT",
        "  customers.segment AS customer__segment,",
        '  SUM(orders.amount) AS "sales.revenue"',
        "FROM main.orders AS orders",
        "LEFT JOIN main.customers AS customers",
        "  ON orders.customer_id = customers.id",
        "WHERE",
        "  orders.status = $1",
        "GROUP BY",
        "  1",
        "ORDER BY",
        "  customer__segment",
        "LIMIT 5",
    ]
    assert [(column.name, column.type) for column in statement.columns] == [
        ("customer__segment", None),
        ("sales.revenue", None),
    ]


SCRIPT = """
from tests.planning.shop import compiled, planned
plan = planned("web.conversion", "sales.open_orders", "finance.kept_twice", by=("metric_time__month",))
print(plan.digest, compiled(plan).digest, compiled(plan, dialect="mysql").digest)
"""


def test_the_same_bytes_in_every_process():
    """Plan and statement do not depend on the order of hashes."""
    seen = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2024")
    }
    assert len(seen) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_metric_in_every_dialect_parses(dialect):
    """Each metric of the shop by month compiles to one statement that the dialect's parser reads back."""
    for name, metric in catalog().metrics.items():
        found = planner().plan(question(name, by=("metric_time__quarter",)))
        if isinstance(found, Problems):
            assert getattr(metric, "model", "") == "customers"
            continue
        assert len(sqlglot.parse(compiled(found, dialect=dialect).sql, read=dialect)) == 1


METRICS = sorted(name for name in catalog().metrics if name not in {"sales.customers", "finance.kept_twice"})
MEMBERS = ("customer__segment", "customer__nation__name", "metric_time__month", "metric_time__year")


@settings(max_examples=60, deadline=None)
@given(
    metrics=st.lists(st.sampled_from(METRICS), min_size=2, max_size=4, unique=True),
    by=st.lists(st.sampled_from(MEMBERS), max_size=2, unique=True),
)
def test_together_is_as_each_alone(metrics, by):
    """Several metrics in one question equal each asked alone: same groups, same numbers, counts 0 where absent."""
    by = tuple(member for member in by if member != "customer__nation__name" or len(by) < 3)
    if any(isinstance(planner().plan(question(name, by=by)), Problems) for name in metrics):
        return
    alone = {name: {row[:-1]: row[-1] for row in ask(name, by=by)} for name in metrics}
    together = {row[: len(by)]: row[len(by) :] for row in ask(*metrics, by=by)}
    assert set(together) == {key for rows in alone.values() for key in rows}
    for key, numbers in together.items():
        for name, number in zip(metrics, numbers, strict=True):
            assert number == pytest.approx(alone[name].get(key, _nothing(name)), nan_ok=True), (name, key)


def _nothing(name: str) -> object:
    aggregation = str(getattr(catalog().metrics[name], "aggregation", ""))
    if name == "sales.open_share":
        return None
    return 0 if aggregation in {"count", "count_distinct", "sum_boolean"} else None
