"""Minimum groups on random data: no two answered questions differ by a group that is too small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from itertools import combinations

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.compiling.compiler import compile_plan
from metricgate.compiling.statement import Statement
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question
from metricgate.planning.small_groups import hindrance
from metricgate.vocabulary.obligation import MinimumGroup, Obligations, SmallGroups

SIZE = 3
OWED = Obligations(minimum_groups=(MinimumGroup(rule="three", dataset="visits", size=SIZE),))
MODELS = """
semantic_models:
  - name: visits
    source: visits
    agg_time_dimension: seen_on
    entities: [{name: visit, type: primary, expr: id}]
    dimensions:
      - {name: region, type: categorical}
      - {name: city, type: categorical}
      - {name: seen_on, type: time, granularity: day}
    metrics:
      - {name: visit_count, type: simple, agg: count}
      - {name: cost, type: simple, agg: sum}
      - {name: urgent_visits, type: simple, agg: sum_boolean, expr: urgent}
"""
MEMBERS = ("visit__region", "visit__city")
CUTS = (None, "day", "week", "month", "year", "extract_dow")
NESTED = ("day", "month", "year", None)
METRICS = ("visit_count", "cost", "urgent_visits")

Row = tuple[int, str | None, str | None, date, int | None, bool]
Asking = tuple[tuple[str, ...], str | None, str]
"""Members, how the time is cut, a metric."""
Rows = frozenset[int]

_COUNTED: dict[str, Callable[[Row], bool]] = {
    "visit_count": lambda _row: True,
    "cost": lambda row: row[4] is not None,
    "urgent_visits": lambda row: row[5],
}
_PERIOD: dict[str | None, Callable[[date], object]] = {
    None: lambda _day: None,
    "day": lambda day: day,
    "month": lambda day: (day.year, day.month),
    "year": lambda day: day.year,
    "week": lambda day: day.isocalendar()[:2],
    "extract_dow": lambda day: day.isoweekday(),
}
ASKINGS = tuple(
    (members, cut, metric)
    for count in range(len(MEMBERS) + 1)
    for members in combinations(MEMBERS, count)
    for cut in CUTS
    for metric in METRICS
)


@cache
def planner() -> Planner:
    found = load([("models.yaml", MODELS)])
    assert isinstance(found, Catalog), str(found)
    return Planner(found)


@cache
def statement(asking: Asking) -> Statement | None:
    """What the question becomes; None where it is refused without looking at the data."""
    members, cut, metric = asking
    times = () if cut is None else (f"metric_time__{cut}",)
    by = tuple(GroupBy(member=name) for name in (*members, *times))
    plan = planner().plan(Question(metrics=(metric,), group_by=by))
    assert isinstance(plan, Plan), str(plan)
    if hindrance(plan, {"visits"}, nesting=OWED.refuses_small_groups(plan.datasets)) is not None:
        return None
    found = compile_plan(plan, OWED, "duckdb")
    assert isinstance(found, Statement), str(found)
    assert found.refuses_when_empty
    return found


def groups(asking: Asking, rows: list[Row]) -> list[Rows]:
    """The rows of each group: what an answer shows the sums of."""
    members, cut, _metric = asking
    found: dict[object, set[int]] = {}
    for row in rows:
        key = (*(row[1 + MEMBERS.index(name)] for name in members), _PERIOD[cut](row[3]))
        found.setdefault(key, set()).add(row[0])
    return [frozenset(each) for each in found.values()]


def counted(asking: Asking, rows: list[Row]) -> list[Rows]:
    """Of each group's rows those that the metric counts or sums."""
    wanted = frozenset(row[0] for row in rows if _COUNTED[asking[2]](row))
    return [group & wanted for group in groups(asking, rows)]


def comparable(coarse: Asking, fine: Asking) -> bool:
    """Whether the fine question splits the groups of the coarse one, or the same are cut by any two forms of time."""
    if coarse[2] == fine[2] and coarse[0] == fine[0]:
        return True
    if coarse[2] not in {fine[2], "visit_count"} or not set(coarse[0]) <= set(fine[0]):
        return False
    return coarse[1] in NESTED and fine[1] in NESTED and NESTED.index(coarse[1]) >= NESTED.index(fine[1])


def differences(whole: Rows, parts: list[Rows]) -> Iterator[Rows]:
    """What is left of the whole without any of its parts, and what the two have in common where they overlap."""
    inside = [part for part in parts if part <= whole]
    for count in range(1, min(len(inside), 5) + 1):
        for taken in combinations(inside, count):
            yield whole.difference(*taken)
    yield from (whole & part for part in parts)
    yield from (whole - part for part in parts if part & whole)


_kinds = st.tuples(
    st.sampled_from(["N", "S", None]),
    st.sampled_from(["x", None]),
    st.sampled_from([date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 30), date(2026, 2, 1)]),
    st.sampled_from([None, 5, 5]),
    st.booleans(),
)


def numbered(kinds: list[tuple[tuple, int]]) -> list[Row]:
    """Rows of these kinds, each so many times."""
    return [(at, *kind) for at, kind in enumerate(kind for kind, times in kinds for _ in range(times))]


_data = st.lists(st.tuples(_kinds, st.integers(1, 5)), max_size=6).map(numbered)
# Two rows of February lie in a week of January's, in large weeks and months.
_ASTRIDE = numbered(
    [(("N", "x", date(2026, month, day), 5, True), n) for month, day, n in ((1, 30, 3), (2, 1, 2), (2, 2, 3))]
)
# All but one have a cost, and one is urgent.
_ALL_BUT_ONE = numbered([(("N", "x", date(2026, 1, 1), 5, False), 6), (("N", "x", date(2026, 1, 1), None, True), 1)])


@settings(max_examples=15)
@given(_data)
@example(_ASTRIDE)
@example(_ALL_BUT_ONE)
def test_answers_that_split_each_other_differ_by_large_groups_only(rows: list[Row]) -> None:
    """All that is answered, against all that splits it; and what has only large groups is answered, as it is."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE visits (id INT, region VARCHAR, city VARCHAR, seen_on DATE, cost INT, urgent BOOLEAN)"
        )
        if rows:
            marks = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(rows))
            connection.execute(f"INSERT INTO visits VALUES {marks}", [value for row in rows for value in row])
        answered = []
        for asking in ASKINGS:
            compiled = statement(asking)
            if compiled is None:
                assert asking[1] in {"week", "extract_dow"}
                continue
            shown = connection.execute(compiled.sql, list(compiled.parameters)).fetchall()
            cells, parts = groups(asking, rows), counted(asking, rows)
            enough = [
                len(part) >= SIZE and not 0 < len(cell - part) < SIZE for cell, part in zip(cells, parts, strict=True)
            ]
            assert bool(shown) == (bool(cells) and all(enough)), asking
            if shown:
                worth = 5 if asking[2] == "cost" else 1
                assert sorted(row[-1] for row in shown) == sorted(len(part) * worth for part in parts)
                answered.append(asking)
    for coarse in answered:
        for fine in answered:
            if comparable(coarse, fine):
                for whole in counted(coarse, rows):
                    for left in differences(whole, counted(fine, rows)):
                        assert not 0 < len(left) < SIZE, (coarse, fine)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "mysql", "snowflake", "bigquery", "clickhouse"])
def test_hidden_or_refused_the_count_is_in_the_statement(dialect: str) -> None:
    """Under ``hide`` by HAVING; otherwise over all groups, before the limit takes some of them."""
    plan = planner().plan(Question(metrics=("cost",), group_by=(GroupBy(member="visit__region"),), limit=1))
    assert isinstance(plan, Plan)
    hiding = Obligations(
        minimum_groups=(MinimumGroup(rule="three", dataset="visits", size=SIZE, small=SmallGroups.HIDE),)
    )
    hidden, refused = compile_plan(plan, hiding, dialect), compile_plan(plan, OWED, dialect)
    assert isinstance(hidden, Statement)
    assert isinstance(refused, Statement)
    assert "HAVING" in hidden.sql
    assert not hidden.refuses_when_empty
    assert "HAVING" not in refused.sql
    assert refused.sql.index("OVER ()") < refused.sql.index("LIMIT 1")
