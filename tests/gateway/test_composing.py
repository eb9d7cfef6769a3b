"""``search_catalog`` with ``compose_with``: what can still be added to a question that is half built."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gateway.conftest import MODELS, POLICY, asked, write_project

from metricgate.gateway.outcome import Answered, Outcome, RefusedCall
from metricgate.vocabulary.json import Json

MORE = (
    MODELS.replace(
        "metrics:\n",
        """  - name: visits
    source: main.orders
    entities: [{name: visit, type: primary, expr: id}]
    dimensions: [{name: page, type: categorical, expr: status}]
metrics:
""",
        1,
    )
    + """
  - {name: visits, domain: sales, owner: web@acme.example, description: Visits., type: simple,
     semantic_model: visits, agg: count}
  - {name: idea, domain: sales, owner: web@acme.example, description: Draft., type: simple, status: draft,
     semantic_model: orders, agg: count}
  - {name: long, domain: sales, owner: web@acme.example, description: "LONG", type: simple,
     semantic_model: orders, agg: count}
""".replace("LONG", "word " * 1000)
)
RULES = POLICY.replace(
    "row_filters:",
    """  - {id: small-is-blind-to-segments, roles: [small], effect: deny, actions: [query],
     on: ["dimension:customers.segment"]}
row_filters:""",
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("composing") / "shop", models=MORE, policy=RULES)


def composable(outcome: Outcome) -> dict[str, set[str]]:
    assert isinstance(outcome, Answered), outcome
    found: Json = outcome.answer["composable"]
    return {part: {each["name"] for each in found[part]} for part in ("metrics", "members")}


def test_members_and_metrics_that_fit(shop: Path) -> None:
    """Members that the metric reaches and has not yet; metrics that can be grouped the same way."""
    begun = {"metrics": ["sales.revenue"], "group_by": ["customer__segment"]}
    found = composable(asked(shop, "omni", "search_catalog", {"compose_with": begun}))
    assert found["metrics"] == {"finance.revenue", "sales.orders", "sales.long"}
    assert {"metric_time", "order__region", "order__status"} <= found["members"]
    assert "customer__segment" not in found["members"]


def test_without_group_bys_more_fits(shop: Path) -> None:
    """Facts that share no member can stand side by side as totals."""
    found = composable(asked(shop, "omni", "search_catalog", {"compose_with": {"metrics": ["sales.revenue"]}}))
    assert "sales.visits" in found["metrics"]


def test_what_is_offered_can_be_asked(shop: Path) -> None:
    """Each offer, added to the question, answers."""
    begun = {"metrics": ["sales.revenue"], "group_by": ["metric_time__month"]}
    found = composable(asked(shop, "seller", "search_catalog", {"compose_with": begun}))
    assert found["metrics"]
    assert found["members"]
    for metric in found["metrics"]:
        wider = {**begun, "metrics": [*begun["metrics"], metric]}
        assert isinstance(asked(shop, "seller", "query_metrics", wider), Answered), metric
    for member in found["members"]:
        wider = {**begun, "group_by": [*begun["group_by"], member]}
        assert isinstance(asked(shop, "seller", "query_metrics", wider), Answered), member


def test_only_what_the_caller_may_ask(shop: Path) -> None:
    """Neither members nor metrics that policy denies, nor closed drafts, are offered."""
    found = composable(asked(shop, "small", "search_catalog", {"compose_with": {"metrics": ["sales.revenue"]}}))
    assert "customer__segment" not in found["members"]
    assert found["metrics"] == {"sales.orders", "sales.visits", "sales.long"}


def test_a_question_that_is_none_is_refused(shop: Path) -> None:
    """The half-built question is checked as a whole one would be, by the same rules and codes."""
    bad = {"metrics": ["sales.revenue"], "group_by": ["customer__segmnt"]}
    outcome = asked(shop, "omni", "search_catalog", {"compose_with": bad})
    assert isinstance(outcome, RefusedCall)
    assert "customer__segment" in str(outcome.problems.first.hint)
    denied = asked(shop, "small", "search_catalog", {"compose_with": {"metrics": ["finance.revenue"]}})
    assert isinstance(denied, RefusedCall)
    assert denied.problems.first.code.name == "E_UNKNOWN_METRIC"


def test_descriptions_are_cut_where_clients_would_cut_them(shop: Path) -> None:
    """At most 2,048 characters, and the cut can be seen."""
    outcome = asked(shop, "omni", "search_catalog", {"compose_with": {"metrics": ["sales.revenue"]}})
    assert isinstance(outcome, Answered)
    for each in (*outcome.answer["metrics"], *outcome.answer["composable"]["metrics"]):
        if each["name"] == "sales.long":
            assert len(each["description"]) == 2048
            assert each["description"].endswith("…")
