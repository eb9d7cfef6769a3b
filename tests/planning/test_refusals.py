"""What is not answered, why, and what is offered instead."""

from __future__ import annotations

import pytest
from tests.planning.shop import ask, planned, planner, question, refused

from metricgate.catalog.catalog_loader import load
from metricgate.planning.message_subject import subject_of
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question
from metricgate.planning.time_problems import needs_time, no_time, untimed_problem
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.predicate import Comparison, Operator
from metricgate.vocabulary.problem import Problems


def codes_of(problems: Problems) -> list[str]:
    return [problem.code.name for problem in problems]


def test_an_ambiguous_metric_asks_back():
    """Two revenues: both are shown with domain, owner and what differs in their definitions, and a question."""
    problem = refused("revenue").first
    assert problem.code.name == "E_AMBIGUOUS_METRIC"
    assert problem.details["question"].endswith("?")
    first, second = problem.details["candidates"]
    assert (first["name"], first["domain"], first["owner"]) == ("finance.revenue", "finance", "finance team")
    assert first["difference"]["time"] == "shipped_on"
    assert second["difference"]["filter"] == "none"
    assert "aggregation" not in first["difference"]


def test_the_callers_domain_decides():
    """With a domain, the bare name is that domain's metric; a domain that has none of them decides nothing."""
    assert planned("revenue", domain="sales").metrics[0].name == "sales.revenue"
    assert planned("revenue", domain="finance").metrics[0].name == "finance.revenue"
    assert codes_of(refused("revenue", domain="web")) == ["E_AMBIGUOUS_METRIC"]


def test_an_unknown_metric_names_the_nearest():
    """Did you mean, with full names for programs."""
    problem = refused("sales.revenu").first
    assert problem.code.name == "E_UNKNOWN_METRIC"
    assert "sales.revenue" in problem.hint
    assert "sales.revenue" in problem.details["nearest"]


@pytest.mark.parametrize(
    ("member", "code"),
    [
        ("customer__segmnt", "E_UNKNOWN_MEMBER"),
        ("city", "E_AMBIGUOUS_PATH"),
        ("climate", "E_NO_PATH"),
        ("island__climate", "E_NO_PATH"),
        ("item__flag", "E_FAN_OUT"),
        ("visit__channel", "E_FAN_OUT"),
        ("channel", "E_FAN_OUT"),
        ("customer__visit__channel", "E_FAN_OUT"),
        ("sales.orders", "E_METRIC_AS_MEMBER"),
        ("orders", "E_METRIC_AS_MEMBER"),
        ("status__month", "E_NOT_A_TIME"),
        ("customer__month", "E_NOT_A_TIME"),
        ("", "E_UNKNOWN_MEMBER"),
        ("order__status; DROP TABLE orders", "E_UNKNOWN_MEMBER"),
    ],
)
def test_members_that_cannot_be(member, code):
    """Grouping and filtering refuse alike."""
    assert codes_of(refused("sales.revenue", by=(member,))) == [code]
    where = Comparison(member=member, op=Operator.EQ, values=("x",))
    assert codes_of(refused("sales.revenue", where=where)) == [code]


def test_an_ambiguous_path_can_be_written():
    """Each way that the refusal offers is a question that is answered."""
    problem = refused("sales.revenue", by=("city",)).first
    for path in problem.details["paths"]:
        assert ask("sales.revenue", by=(path["write"],))


def test_a_bare_name_of_two_models_is_ambiguous_for_callers():
    """Items have a status and reach the orders' status: a caller must say which."""
    problem = refused("finance.quantity", by=("status",)).first
    assert problem.code.name == "E_AMBIGUOUS_PATH"
    assert {path["write"] for path in problem.details["paths"]} == {"item__status", "order__status"}


def test_every_metric_must_reach_every_member():
    """A member that one of two metrics lacks is refused, naming the metric."""
    problems = refused("sales.revenue", "web.visits", by=("order__status",))
    assert codes_of(problems) == ["E_FAN_OUT"]
    assert "web.visits" in problems.first.message


@pytest.mark.parametrize(
    ("metrics", "subject"),
    [
        (["sales.revenue"], "Metric 'sales.revenue' has"),
        (["sales.revenue", "sales.orders"], "Metrics 'sales.revenue' and 'sales.orders' have"),
        (
            ["sales.revenue", "sales.orders", "sales.gifts"],
            "Metrics 'sales.revenue', 'sales.orders' and 'sales.gifts' have",
        ),
    ],
)
def test_one_and_several_metrics_are_spoken_of_in_words_that_fit(metrics, subject):
    """Those that one SELECT computes are named together, with the verb of their number."""
    assert refused(*metrics, by=("customer__segmnt",)).first.message == f"{subject} no member 'customer__segmnt'."


def test_what_is_theirs_is_spoken_of_in_words_that_fit():
    """Their values, times and sources; metrics that may not be seen are one without a name."""
    assert str(subject_of([])) == "The metric"
    one, two = subject_of(["a", "a"]), subject_of(["a", "b"])
    told = [
        (needs_time(each, "a window").message, untimed_problem(each, "group_by").message, no_time(each).message)
        for each in (one, two)
    ]
    assert told == [
        (
            "Metric 'a' looks back in time by a window: its value depends on the time, and none is asked.",
            "Metric 'a' has no time dimension, so metric_time means nothing for it.",
            "Metric 'a' looks back in time, but what it is built on names no time dimension.",
        ),
        (
            "Metrics 'a' and 'b' look back in time by a window: their values depend on the time, and none is asked.",
            "Metrics 'a' and 'b' have no time dimension, so metric_time means nothing for them.",
            "Metrics 'a' and 'b' look back in time, but what they are built on names no time dimension.",
        ),
    ]


def test_one_name_for_two_dimensions_is_refused():
    """``gift`` is the orders' for one metric and the visits' for the other: joining them would compare nothing."""
    problems = refused("sales.revenue", "web.visits", by=("gift",))
    assert codes_of(problems) == ["E_CONFLICTING_MEMBER"]
    assert "orders.gift" in problems.first.message
    assert "visits.gift" in problems.first.message


def test_all_mistakes_at_once():
    """Nothing is held back for the next attempt."""
    problems = refused("sales.revenu", "sales.revenue", "sales.revenue", by=("climate", "city"), limit=0, offset=-1)
    assert codes_of(problems) == [
        "E_BAD_LIMIT",
        "E_BAD_LIMIT",
        "E_UNKNOWN_METRIC",
        "E_ASKED_TWICE",
        "E_NO_PATH",
        "E_AMBIGUOUS_PATH",
    ]


def test_order_limits_and_repetitions():
    """Sorting by what is not there, limits below one, and anything named twice."""
    assert codes_of(refused("sales.orders", order=("revenue",))) == ["E_UNKNOWN_ORDER"]
    assert codes_of(refused("sales.orders", limit=0)) == ["E_BAD_LIMIT"]
    assert codes_of(refused("sales.orders", limit=2**31)) == ["E_BAD_LIMIT"]
    assert codes_of(refused("sales.orders", "sales.orders")) == ["E_ASKED_TWICE"]
    assert codes_of(refused("sales.orders", by=("customer", "customer"))) == ["E_ASKED_TWICE"]
    assert codes_of(refused("sales.orders", by=("metric_time", "metric_time__day"))) == ["E_ASKED_TWICE"]
    assert codes_of(refused("sales.orders", by=("customer",), order=("customer", "-customer"))) == ["E_ASKED_TWICE"]
    assert codes_of(refused()) == ["E_NO_METRICS"]


@pytest.mark.parametrize(
    ("member", "op", "values", "code"),
    [
        ("metric_time", Operator.GE, ("yesterday",), "E_VALUE_TYPE"),
        ("metric_time", Operator.GE, (3,), "E_VALUE_TYPE"),
        ("metric_time", Operator.GE, ("2024-01-01T12:00:00",), "E_VALUE_TYPE"),
        ("metric_time", Operator.CONTAINS, ("2024",), "E_VALUE_TYPE"),
        ("status", Operator.CONTAINS, (3,), "E_VALUE_TYPE"),
        ("status", Operator.EQ, (None,), "E_VALUE_TYPE"),
        ("status", Operator.IN, (), "E_VALUE_COUNT"),
        ("status", Operator.BETWEEN, ("a",), "E_VALUE_COUNT"),
        ("status", Operator.EQ, ("a", "b"), "E_VALUE_COUNT"),
        ("status", Operator.IS_NULL, ("a",), "E_VALUE_COUNT"),
    ],
)
def test_values_that_cannot_fit(member, op, values, code):
    """A filter that could never hold, or that the engine would refuse, is refused here with the reason."""
    assert codes_of(refused("sales.orders", where=Comparison(member=member, op=op, values=values))) == [code]


def test_drafts_and_versions_are_told():
    """A draft is planned and flagged; every metric carries its version."""
    plan = planned("finance.kept_twice")
    assert str(plan.metrics[0].status) == "draft"
    assert plan.metrics[0].definition_version.startswith("sha256:")
    assert any("draft" in note for note in plan.explanation.notes)


def test_what_policy_judges():
    """Metrics asked, dimensions grouped or filtered by with metric_time as its column, every dataset touched."""
    plan = planned(
        "web.conversion",
        by=("metric_time__month", "customer__segment"),
        where=Comparison(member="customer__nation__name", op=Operator.EQ, values=("FR",)),
    )
    assert [str(each) for each in plan.resources] == [
        "metric:web.conversion",
        "dimension:orders.ordered_on",
        "dimension:customers.segment",
        "dimension:nations.name",
        "dimension:visits.visited_on",
        "dataset:orders",
        "dataset:customers",
        "dataset:nations",
        "dataset:visits",
    ]
    assert plan.datasets == ("orders", "customers", "nations", "visits")
    assert dict(plan.explanation.joins)["customer__segment"] == (
        "orders.customer -> customers",
        "visits.customer -> customers",
    )


def test_everything_reachable_can_be_asked():
    """Each member that is offered for a metric, or for two, groups it."""
    for metrics in (("sales.revenue",), ("finance.quantity",), ("web.conversion",), ("sales.revenue", "web.visits")):
        members = planner().reachable(metrics)
        assert members[0].name == "metric_time"
        for member in members:
            assert isinstance(planner().plan(question(*metrics, by=(member.name,))), Plan), member
    names = {member.name for member in planner().reachable(("sales.revenue", "web.visits"))}
    assert "customer__segment" in names
    assert "order__status" not in names


def test_equal_plans_have_equal_digests():
    """The digest is of the meaning: the same question twice, and another one."""
    one, same, other = planned("sales.orders"), planned("sales.orders"), planned("sales.revenue")
    assert one.digest == same.digest != other.digest


def test_a_grain_may_come_apart_or_in_the_name():
    """``{member, grain}`` and the dunder form in a filter mean the same column."""
    grouped = Question(metrics=("sales.orders",), group_by=(GroupBy(member="metric_time", grain=Grain.YEAR),))
    plan = planner().plan(grouped)
    assert isinstance(plan, Plan)
    assert plan.columns[0].name == "metric_time__year"


def test_a_key_of_several_columns_is_not_a_member():
    """It is refused for grouping and for listing, and is not offered."""
    models = """
semantic_models:
  - name: positions
    source: main.positions
    entities: [{name: position, type: primary, expr: [a, b]}]
    dimensions: [{name: kind, type: categorical}]
"""
    metrics = "metrics: [{name: n, description: N., type: simple, semantic_model: positions, agg: count, expr: '1'}]"
    loaded = load([("models.yaml", models), ("metrics.yaml", metrics)])
    assert not isinstance(loaded, Problems), str(loaded)
    own = Planner(loaded)
    grouped, listed = own.plan(question("n", by=("position",))), own.plan_values("position")
    assert isinstance(grouped, Problems)
    assert isinstance(listed, Problems)
    assert codes_of(grouped) == codes_of(listed) == ["E_COMPOSITE_ENTITY"]
    assert [member.name for member in own.reachable(("n",))] == ["position__kind"]


def test_a_wrong_path_to_a_reachable_member_offers_the_right_one():
    """There is no join ship_to -> nation: that is no path, not a fan-out, and the way that exists is named."""
    problem = refused("sales.revenue", by=("ship_to__nation__name",)).first
    assert problem.code.name == "E_NO_PATH"
    assert "'customer__nation__name'" in problem.hint
    assert ask("sales.revenue", by=("customer__nation__name",))


def test_a_path_may_begin_with_the_models_own_entity():
    """``customer__nation__name`` asked of customers is ``nation__name``."""
    assert ask("sales.customers", by=("customer__nation__name",)) == ask("sales.customers", by=("nation__name",))
