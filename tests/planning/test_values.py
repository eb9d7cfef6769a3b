"""Listing a dimension's values: one model is scanned, and only that."""

from __future__ import annotations

from tests.planning.shop import compiled, planner, run

from metricgate.planning.plan import Plan
from metricgate.vocabulary.problem import Problems


def values(member: str, **rest: object) -> list[object]:
    plan = planner().plan_values(member, **rest)
    assert isinstance(plan, Plan), str(plan)
    return [value for (value,) in run(compiled(plan))]


def test_distinct_values_in_order():
    """Every value once, NULL last."""
    assert values("customer__segment") == ["100%_!x", "retail", "trade", None]
    assert values("segment", limit=1, offset=1) == ["retail"]


def test_search_text_is_only_text():
    """Wildcards in the text stand for themselves."""
    assert values("customer__segment", search="tai") == ["retail"]
    assert values("customer__segment", search="%_!") == ["100%_!x"]
    assert values("customer__segment", search="_e") == []
    assert values("customer__segment", prefix="tr") == ["trade"]
    assert values("customer__segment", search="' OR 1=1 --") == []


def test_only_the_dimensions_own_model_is_touched():
    """With a metric its join path decides which dimension is meant; the metric itself is not read."""
    plan = planner().plan_values("city", metrics=("sales.revenue",))
    assert isinstance(plan, Problems)
    plan = planner().plan_values("ship_to__city", metrics=("sales.revenue",))
    assert isinstance(plan, Plan)
    assert [str(each) for each in plan.resources] == ["dimension:places.city", "dataset:places"]


def test_what_has_no_values_to_list():
    """Unknown, ambiguous, times and metric_time are refused."""
    found = {
        name: planner().plan_values(name).first.code.name for name in ("segmnt", "status", "metric_time", "ordered_on")
    }
    assert found == {
        "segmnt": "E_UNKNOWN_MEMBER",
        "status": "E_AMBIGUOUS_PATH",
        "metric_time": "E_VALUE_TYPE",
        "ordered_on": "E_VALUE_TYPE",
    }
