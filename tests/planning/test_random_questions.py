"""Random questions over the shop, against an evaluator that only loops over rows."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from random import Random

import pytest
from tests.planning.evaluator import METRICS, Shop
from tests.planning.test_over_time import planner, question, rows, statement, warehouse

from metricgate.planning.plan import Plan

SEEDS = range(40)
QUESTIONS = 25
FORMS = ("day", "week", "month", "quarter", "fiscal_month", "extract_dow")
LOOKING_BACK = {name for name, metric in METRICS.items() if metric.back or metric.over}
RUNNING = {name for name, metric in METRICS.items() if metric.over}


@cache
def shop() -> Shop:
    return Shop(warehouse())


def asked(random: Random) -> tuple[list[str], tuple[str, ...], dict[str, object], tuple[date, date] | None]:
    """Return metrics, group-bys, filters and a range of a question that can be answered."""
    metrics = random.sample(sorted(METRICS), random.choice((1, 1, 2, 3)))
    both = {METRICS[name].fact for name in metrics} == {"orders", "visits"} or "visits" in metrics
    members = ["user", "user__segment"] if both else ["user", "user__segment", "country"]
    by = random.sample(members, random.choice((0, 0, 1, 2)))
    forms = [form for form in FORMS if form != "extract_dow" or not RUNNING.intersection(metrics)]
    times = random.sample(forms, random.choice((0, 1, 1, 2)))
    if LOOKING_BACK.intersection(metrics) and not times:
        times = ["month"]
    by += [f"metric_time__{form}" for form in times]
    random.shuffle(by)
    where: dict[str, object] = {}
    if random.random() < 0.3:
        where["user__segment"] = random.choice(("retail", "trade"))
    if not both and random.random() < 0.3:
        where["country"] = random.choice(("FR", "DE"))
    start = date(2024, 1, 1) + timedelta(days=random.randrange(100))
    span = (start, start + timedelta(days=random.randrange(1, 60))) if random.random() < 0.4 else None
    return metrics, tuple(by), where, span


@pytest.mark.parametrize("seed", SEEDS)
def test_compiled_sql_agrees_with_the_evaluator(seed):
    """The same rows for every question of the seed, and a plan for each of them."""
    random = Random(seed)  # noqa: S311 -- to be repeated, not to be secret
    for _ in range(QUESTIONS):
        metrics, by, where, span = asked(random)
        parts = [{"member": name, "op": "=", "value": value} for name, value in where.items()]
        condition = None if not parts else {"and": parts}
        wanted = question(metrics, tuple(by), condition, span)
        assert isinstance(planner().plan(wanted), Plan), (metrics, by, where, span, planner().plan(wanted))
        compiled = statement(wanted)
        got = warehouse().execute(compiled.sql, list(compiled.parameters)).fetchall()
        told = (metrics, by, where, span, compiled.sql)
        assert rows(got) == rows(shop().answer(metrics, by, where, span)), told
