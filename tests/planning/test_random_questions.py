"""Random questions over the shop with its calendar, against the evaluator that only loops over rows."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from random import Random

import pytest
import yaml
from tests.oracle.comparing import same
from tests.oracle.evaluator import answer
from tests.oracle.moments import moment
from tests.oracle.shop import shop_world
from tests.oracle.world import Asked, World
from tests.planning.test_over_time import FOLDER, planner, question, statement, warehouse

from metricgate.planning.plan import Plan

SEEDS = range(40)
QUESTIONS = 20
FORMS = ("day", "week", "month", "quarter", "year", "fiscal_month", "season", "extract_dow", "extract_month")
RUNNING = ("last_7", "last_7_buyers", "to_date", "ever", "fiscal_window", "fiscal_to_date", "season_to_date")
LOOKING_BACK = ("lag", "month_before", "fiscal_before", "season_before", *RUNNING)
METRICS = ("orders", "revenue", "buyers", "visits", *LOOKING_BACK)


@cache
def shop() -> World:
    documents = yaml.safe_load((FOLDER / "models.yaml").read_text())
    return shop_world(warehouse(), documents, METRICS)


def asked(random: Random) -> tuple[list[str], tuple[str, ...], dict[str, object], tuple[date, date] | None]:
    """Return metrics, group-bys, filters and a range of a question that can be answered."""
    metrics = random.sample(sorted(METRICS), random.choice((1, 1, 2, 3)))
    both = "visits" in metrics
    members = ["user", "user__segment"] if both else ["user", "user__segment", "country"]
    by = random.sample(members, random.choice((0, 0, 1, 2)))
    forms = [form for form in FORMS if "extract" not in form or not set(RUNNING).intersection(metrics)]
    times = random.sample(forms, random.choice((0, 1, 1, 2)))
    if set(LOOKING_BACK).intersection(metrics) and not times:
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
        start, end = span or (None, None)
        members = [
            ("metric_time", each.removeprefix("metric_time__")) if "metric_time" in each else (each, None)
            for each in by
        ]
        asking = Asked(metrics=metrics, by=members, where=condition, start=moment(start), end=moment(end))
        assert same(got, answer(shop(), asking)), told
