"""Thousands of random questions over random small worlds: the SQL gives what plain loops over the rows give.

A failure names its seed; ``python -m tests.oracle SEED`` shows it again, made small.
``python -m tests.oracle 1000 5000`` asks 60,000 other questions.
"""

# ruff: noqa: DTZ001, S311 -- local times as stored; seeded chance is the point

from __future__ import annotations

from collections import Counter
from datetime import datetime
from random import Random

import pytest
from tests.oracle.comparing import Outcome, run, same
from tests.oracle.engines import DIALECTS, opened_for
from tests.oracle.evaluator import answer
from tests.oracle.shapes import SHAPES
from tests.oracle.shrinking import shrunk, told
from tests.oracle.world import Asked, NoAnswer, World
from tests.oracle.worlds import EXPRESSIONS, world_of

SEEDS = 250
PARTS = 10
SERVERS = range(5)
SHAPED = 60
"""Seeds whose questions are looked at for their shapes."""
REFUSED_AT_MOST = 0.04
"""Share of questions that the planner may refuse though the evaluator knows an answer."""
ANSWERED_AT_LEAST = 0.65
"""Share of questions that both must answer, and answer alike."""


def asked_of(seeds: range) -> list[tuple[int, Outcome]]:
    """Ask the questions of every seed, on one connection."""
    with opened_for("duckdb") as engine:
        return [(seed, outcome) for seed in seeds for outcome in run(seed, engine)]


@pytest.mark.parametrize("part", range(PARTS))
def test_the_sql_agrees_with_the_evaluator(part):
    """No question gets another answer than the documentation says, and few are refused that have one."""
    outcomes = asked_of(range(part, SEEDS, PARTS))
    for seed, outcome in outcomes:
        if outcome.kind == "differs":
            _fail(seed, outcome, "duckdb")
    kinds = Counter(outcome.kind for _, outcome in outcomes)
    assert len(outcomes) >= 250
    assert kinds["refused"] <= REFUSED_AT_MOST * len(outcomes), kinds
    assert kinds["agreed"] >= ANSWERED_AT_LEAST * len(outcomes), kinds


def _fail(seed, outcome, dialect):
    with opened_for(dialect) as engine:
        pytest.fail(told(seed, *shrunk(world_of(Random(seed)), outcome, engine)))


@pytest.mark.parametrize("dialect", [each for each in DIALECTS if each != "duckdb"])
def test_the_servers_agree_with_the_evaluator(dialect):
    """A few dozen of the same questions on each server; ``python -m tests.oracle`` asks it as many as wanted."""
    with opened_for(dialect) as engine:
        outcomes = [(seed, outcome) for seed in SERVERS for outcome in run(seed, engine)]
    for seed, outcome in outcomes:
        if outcome.kind == "differs":
            _fail(seed, outcome, dialect)
    kinds = Counter(outcome.kind for _, outcome in outcomes)
    assert kinds["agreed"] >= ANSWERED_AT_LEAST * len(outcomes), kinds


def test_every_kind_of_metric_takes_part():
    """The questions that agree use every metric type, aggregation, treatment of time, and shape of looking back."""
    outcomes = [outcome for _, outcome in asked_of(range(SHAPED))]
    found = Counter(kind for outcome in outcomes for kind in outcome.kinds)
    shapes = Counter(
        shape for outcome in outcomes if outcome.kind in {"agreed", "told cut"} for shape in outcome.shapes
    )
    assert {shape: shapes[shape] for shape in SHAPES if shapes[shape] < 5} == {}
    assert any(outcome.kind == "told cut" for outcome in outcomes)
    wanted = {
        *("simple", "ratio", "derived", "cumulative", "conversion", "offset", "to_grain", "balance", "spine"),
        *("sum", "count", "count_distinct", "average", "min", "max", "sum_boolean", "median", "percentile"),
    }
    assert {kind: found[kind] for kind in wanted if found[kind] < 5} == {}


def test_a_seed_gives_the_same_questions_again():
    """What failed once can be looked at again."""
    with opened_for("duckdb") as engine:
        one, other = run(7, engine), run(7, engine)
    assert [outcome.both.question for outcome in one] == [outcome.both.question for outcome in other]


def test_the_comparison_sees_a_wrong_number():
    """The test can fail: another number, order, row or a zero for NULL is a difference."""
    right = [(datetime(2024, 1, 1), 1.5), (None, None)]
    assert same(right, list(right))
    wrong = [right[::-1], right[:1], [(datetime(2024, 1, 1), 1.6), right[1]], [right[0], (None, 0)]]
    assert not any(same(each, right) for each in wrong)


def world() -> World:
    """Two tables small enough to count by hand: sales with an orphan and a NULL key, and shops."""
    row = {"label": None, "price": 1, "seen": None, "period": None}
    day = datetime(2024, 2, 1).date()
    sales = [
        {"id": 1, "shop_id": 1, "amount": 2, "kind": "a", "flag": True, "due": day, **row},
        {"id": 2, "shop_id": 1, "amount": 3, "kind": "b", "flag": None, "due": None, **row},
        {"id": 3, "shop_id": 9, "amount": 4, "kind": None, "flag": False, "due": day, **row},
        {"id": 4, "shop_id": None, "amount": None, "kind": "a", "flag": True, "due": day, **row},
    ]
    models = {
        "sales": {
            "name": "sales",
            "agg_time_dimension": "due",
            "entities": [
                {"name": "sale", "type": "primary", "expr": "id"},
                {"name": "shop", "type": "foreign", "expr": "shop_id"},
            ],
            "dimensions": [
                {"name": "due", "type": "time", "granularity": "day"},
                {"name": "kind", "type": "categorical"},
            ],
        },
        "shops": {
            "name": "shops",
            "entities": [{"name": "shop", "type": "primary", "expr": "id"}],
            "dimensions": [{"name": "label", "type": "categorical"}],
        },
    }
    total = {"name": "total", "type": "simple", "semantic_model": "sales", "agg": "sum", "expr": "amount"}
    shops = [{"id": 1, "label": "x", "amount": 0, "kind": None, "flag": None, "due": None, "price": 0}]
    days = [datetime(2024, 2, number) for number in range(1, 30)]
    return World(
        models=models,
        metrics={"total": total},
        tables={"sales": sales, "shops": shops},
        days=days,
        expressions=EXPRESSIONS,
    )


def test_the_evaluator_itself_counts_right():
    """Worked out by hand: partners, orphans and NULL keys, NULL in filters, a range, an unknown member."""
    small = world()
    assert answer(small, Asked(metrics=["total"])) == [(9,)]
    assert answer(small, Asked(metrics=["total"], by=[("shop__label", None)])) == [("x", 5), (None, 4)]
    assert answer(small, Asked(metrics=["total"], by=[("shop", None)])) == [(1, 5), (9, 4), (None, None)]
    assert answer(small, Asked(metrics=["total"], where={"member": "sale__kind", "op": "!=", "value": "b"})) == [(2,)]
    assert answer(small, Asked(metrics=["total"], start=datetime(2024, 2, 1))) == [(6,)]
    with pytest.raises(NoAnswer):
        answer(small, Asked(metrics=["total"], by=[("nowhere", None)]))
