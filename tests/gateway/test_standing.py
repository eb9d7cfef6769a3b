"""Drafts, deprecated metrics and pinned versions, through the real gateway."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.gateway.conftest import MODELS, POLICY, ask, asked, write_project

from metricgate.bootstrap.running_gateway import run_gateway
from metricgate.gateway.outcome import Answered, Outcome, RefusedCall
from metricgate.settings.settings import load_settings
from metricgate.vocabulary.json import Json

LIVES = (
    MODELS
    + """
  - {name: bookings, domain: sales, owner: sales@acme.example, description: Draft., type: simple, status: draft,
     semantic_model: orders, agg: sum, expr: amount * 2}
  - {name: income, domain: sales, owner: sales@acme.example, description: Old., type: simple, status: deprecated,
     deprecation: {replaced_by: sales.revenue, sunset_at: "2026-06-30"},
     semantic_model: orders, agg: sum, expr: amount}
  - {name: takings, domain: finance, owner: fin@acme.example, description: Old., type: simple, status: deprecated,
     deprecation: {replaced_by: finance.secret, sunset_at: "2026-06-30"},
     semantic_model: orders, agg: sum, expr: amount}
  - {name: secret, domain: finance, owner: fin@acme.example, description: Hidden., type: simple,
     semantic_model: orders, agg: sum, expr: amount}
  - {name: bookings_twice, domain: sales, owner: sales@acme.example, description: On a draft., type: derived,
     expr: 2 * b, input_metrics: [{name: sales.bookings, alias: b}]}
  - {name: orders, domain: finance, owner: fin@acme.example, description: Draft of one name., type: simple,
     status: draft, semantic_model: orders, agg: count}
"""
)
RULES = POLICY.replace(
    "row_filters:",
    """  - {id: reviewers-try-drafts, roles: [all-seeing], actions: [query_draft], on: ["metric:sales.*"]}
  - {id: sales-see-takings, roles: [sales], actions: [query], on: ["metric:finance.takings"]}
  - {id: nobody-sees-secret, roles: [sales], effect: deny, actions: [describe, query], on: ["metric:finance.secret"]}
row_filters:""",
)


class Calendar:
    """A clock that stands still at noon (UTC) of a day."""

    def __init__(self, day: str) -> None:
        self._now = int(datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC).timestamp()) * 1_000_000_000

    def unix_nano(self) -> int:
        """Return the day's noon."""
        return self._now

    def monotonic(self) -> float:
        """Return a constant: nothing takes time."""
        return 0.0


@pytest.fixture
def lives(tmp_path: Path) -> Path:
    return write_project(tmp_path / "lives", models=LIVES, policy=RULES)


def on(day: str, folder: Path, agent: str, tool: str, arguments: Json) -> Outcome:
    async def once() -> Outcome:
        settings = load_settings(folder)
        async with run_gateway(folder, settings, watch=False, logs=False, clock=Calendar(day)) as parts:
            return await ask(parts, agent, tool, arguments)

    return asyncio.run(once())


def answer(outcome: Outcome) -> Json:
    assert isinstance(outcome, Answered), outcome
    return outcome.answer


def refusal(outcome: Outcome) -> dict[str, Json]:
    assert isinstance(outcome, RefusedCall), outcome
    assert len(outcome.problems) == 1
    return outcome.problems.first.as_json()


def test_a_draft_answers_whom_policy_lets_query_drafts(lives: Path) -> None:
    """`query_draft` beside `query`: then a draft answers, marked as one."""
    found = answer(asked(lives, "omni", "query_metrics", {"metrics": ["sales.bookings"]}))
    assert found["rows"] == [("300.00",)]
    assert found["definitions"][0]["status"] == "draft"


@pytest.mark.parametrize("tool", ["query_metrics", "explain_query"])
def test_a_draft_refuses_others(lives: Path, tool: str) -> None:
    """Who may only `query` is refused at both doors, told whose draft it is and what answers instead."""
    found = refusal(asked(lives, "seller", tool, {"metrics": ["sales.bookings"]}))
    assert found["code"] == "E_METRIC_DRAFT"
    assert "sales@acme.example" in found["message"]
    assert found["details"]["instead"] == ["sales.bookings_twice", "sales.orders", "sales.revenue"]


def test_the_grant_is_for_the_metrics_it_names(lives: Path) -> None:
    """Drafts of another domain stay closed."""
    assert refusal(asked(lives, "omni", "query_metrics", {"metrics": ["finance.orders"]}))["code"] == "E_METRIC_DRAFT"


def test_query_draft_alone_allows_nothing(tmp_path: Path) -> None:
    """It comes beside `query`, never instead of it."""
    rules = RULES.replace("actions: [query_draft]", "actions: [describe]").replace(
        "roles: [all-seeing], actions: [describe, query, list_values, read_record]",
        "roles: [all-seeing], actions: [describe, query_draft, list_values, read_record]",
    )
    folder = write_project(tmp_path / "alone", models=LIVES, policy=rules)
    found = asked(folder, "omni", "query_metrics", {"metrics": ["sales.bookings"]})
    assert isinstance(found, RefusedCall)
    assert {problem.code.name for problem in found.problems} == {"E_NOT_GRANTED"}


@pytest.mark.parametrize("name", ["sales.bookings", "bookings"])
def test_a_draft_cannot_be_read_through_a_filter(lives: Path, name: str) -> None:
    """A comparison with a draft's value tells its numbers one bit a question: it counts as asked, by any name."""
    forms = (
        f"{{{{ Metric('{name}', group_by=['order']) }}}} > 15",
        {"not": {"metric": name, "group_by": ["order"], "op": "<=", "value": 15}},
    )
    for form in forms:
        arguments = {"metrics": ["sales.orders"], "where": form}
        assert refusal(asked(lives, "seller", "query_metrics", arguments))["code"] == "E_METRIC_DRAFT"
        assert answer(asked(lives, "omni", "query_metrics", arguments))["rows"] == [(4,)]


def test_a_draft_beside_an_active_metric_of_one_name_is_no_candidate(lives: Path) -> None:
    """A draft that would not answer does not make a name ambiguous."""
    found = answer(asked(lives, "omni", "query_metrics", {"metrics": ["orders"]}))
    assert found["definitions"][0]["metric"] == "sales.orders"


def test_what_is_built_on_a_draft_answers(lives: Path) -> None:
    """An active metric answers by its own standing; its owner vouches for what it is built on."""
    assert answer(asked(lives, "seller", "query_metrics", {"metrics": ["sales.bookings_twice"]}))["rows"]


def test_a_deprecated_metric_answers_until_its_date(lives: Path) -> None:
    """On the sunset date itself it still answers, with the replacement and the date."""
    found = answer(on("2026-06-30", lives, "seller", "query_metrics", {"metrics": ["income"]}))
    assert found["rows"] == [("150.00",)]
    assert found["definitions"][0]["deprecation"] == {
        "replaced_by": "sales.revenue",
        "sunset_at": "2026-06-30",
        "retired": False,
    }
    assert "sales.income is deprecated: use sales.revenue instead. It answers until 2026-06-30." in found["notes"]


@pytest.mark.parametrize("tool", ["query_metrics", "explain_query"])
def test_then_it_refuses_with_the_replacement(lives: Path, tool: str) -> None:
    """The day after, the refusal names what to ask instead."""
    found = refusal(on("2026-07-01", lives, "seller", tool, {"metrics": ["sales.income"]}))
    assert (found["code"], found["details"]["replaced_by"]) == ("E_METRIC_RETIRED", "sales.revenue")
    assert found["hint"] == "Ask for sales.revenue instead."


def test_a_replacement_that_is_hidden_is_not_named(lives: Path) -> None:
    """A refusal never tells of a metric that the caller may not know of."""
    outcome = on("2026-07-01", lives, "seller", "query_metrics", {"metrics": ["finance.takings"]})
    assert "secret" not in str(refusal(outcome))
    described = answer(on("2026-06-01", lives, "seller", "describe_metric", {"metric": "finance.takings"}))
    assert described["deprecation"] == {"replaced_by": None, "sunset_at": "2026-06-30", "retired": False}


def test_standing_is_not_told_to_whom_policy_denies(lives: Path) -> None:
    """Who may not know of a metric learns nothing of its life or version."""
    for arguments in ({"metrics": ["finance.orders"]}, {"metrics": ["finance.revenue"], "pins": {"revenue": "x"}}):
        found = asked(lives, "small", "query_metrics", arguments)
        assert isinstance(found, RefusedCall)
        assert {problem.code.name for problem in found.problems} == {"E_UNKNOWN_METRIC"}


def test_a_pin_that_holds_changes_nothing(lives: Path) -> None:
    """Pinned by bare or full name to the version in force, the question answers as without a pin."""
    plain = answer(asked(lives, "seller", "query_metrics", {"metrics": ["revenue"]}))
    version = plain["definitions"][0]["definition_version"]
    for name in ("revenue", "sales.revenue", "turnover"):
        pinned = {"metrics": ["revenue"], "pins": {name: version}}
        assert answer(asked(lives, "seller", "query_metrics", pinned))["rows"] == plain["rows"]


def test_a_definition_that_changed_refuses_a_pin(lives: Path) -> None:
    """After a change of the formula the pinned question is refused with both versions; the unpinned one answers."""
    before = answer(asked(lives, "seller", "query_metrics", {"metrics": ["sales.orders"]}))["definitions"][0]
    models = lives / "semantic_models" / "models.yaml"
    text = models.read_text()
    models.write_text(
        text.replace("agg: count}", 'agg: count, filter: {member: order__status, op: "=", value: paid}}', 1)
    )
    pins = {"sales.orders": before["definition_version"]}
    found = refusal(asked(lives, "seller", "query_metrics", {"metrics": ["sales.orders"], "pins": pins}))
    now = answer(asked(lives, "seller", "query_metrics", {"metrics": ["sales.orders"]}))["definitions"][0]
    assert found["code"] == "E_VERSION_CHANGED"
    assert found["details"] == {
        "metric": "sales.orders",
        "pinned": before["definition_version"],
        "current": now["definition_version"],
    }


def test_a_pin_of_a_metric_that_is_not_asked_is_a_mistake(lives: Path) -> None:
    """A pin that could never bind is refused, not ignored."""
    pins = {"sales.revenue": "sha256:00"}
    found = refusal(asked(lives, "seller", "query_metrics", {"metrics": ["sales.orders"], "pins": pins}))
    assert (found["code"], found["where"]) == ("E_INVALID_ARGUMENT", {"path": "pins.sales.revenue"})


def test_search_leaves_out_what_would_not_answer(lives: Path) -> None:
    """Closed drafts and retired metrics are not found, unless asked for by status; deprecated ones are marked."""
    names = lambda outcome: {each["name"] for each in answer(outcome)["metrics"]}  # noqa: E731 - one line, used thrice
    assert not names(on("2026-07-01", lives, "seller", "search_catalog", {})) & {"sales.bookings", "sales.income"}
    assert "sales.bookings" in names(on("2026-07-01", lives, "omni", "search_catalog", {}))
    retired = on("2026-07-01", lives, "seller", "search_catalog", {"status": "deprecated"})
    assert names(retired) == {"sales.income", "finance.takings"}
    found = answer(on("2026-06-01", lives, "seller", "search_catalog", {"text": "income"}))["metrics"][0]
    assert (found["name"], found["status"]) == ("sales.income", "deprecated")
    assert found["deprecation"]["replaced_by"] == "sales.revenue"
