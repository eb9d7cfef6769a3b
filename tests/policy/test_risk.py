"""The risk score: bounded, monotone in each fact, the same for the same, and documented as it is."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metricgate.policy.change_profile import ChangeProfile, RecentActivity
from metricgate.policy.judging_changes import DENY_OVER, FLOORS, HOLD_OVER
from metricgate.policy.risk import MOST, SIGNALS, RiskSide, risk_of

_PAGE = (Path(__file__).parents[2] / "docs" / "approvals.md").read_text()
_COUNTS = st.integers(0, 200_000)
_PASTS = st.builds(
    RecentActivity,
    changes_today=_COUNTS,
    changes_lately=_COUNTS,
    rows_lately=_COUNTS,
    denied_today=st.integers(0, 9),
    deleted_here_lately=st.booleans(),
    first_on_target=st.booleans(),
)
_LADDER = {
    "risk_class": ("low", "medium", "high", "critical"),
    "reversibility": ("R0", "R1", "R2", "R3", "R4"),
    "labels": ((), ("pay",)),
    "unknown": ((), ("a trigger",)),
    "environment": ("staging", "production"),
    "no_where": (False, True),
    "now": (datetime(2026, 1, 5, 12, tzinfo=UTC), datetime(2026, 1, 5, 3, tzinfo=UTC)),
    "deleted_here_lately": (False, True),
    "first_on_target": (False, True),
}
"""What is more at stake, from less."""
_STAKES = st.builds(
    ChangeProfile,
    verbs=st.just(("update",)),
    targets=st.just(("dataset:orders",)),
    labels=st.sampled_from(_LADDER["labels"]),
    inserted=_COUNTS,
    updated=_COUNTS,
    deleted=_COUNTS,
    cascaded=_COUNTS,
    reversibility=st.sampled_from(_LADDER["reversibility"]),
    unknown=st.sampled_from(_LADDER["unknown"]),
    no_where=st.booleans(),
    environment=st.sampled_from(_LADDER["environment"]),
    now=st.sampled_from(_LADDER["now"]),
    risk_class=st.sampled_from(_LADDER["risk_class"]) | st.none(),
    past=_PASTS,
    made_up=st.floats(0, 1),
)
_NUMBERS = ("inserted", "updated", "deleted", "cascaded", "made_up")
_PAST_NUMBERS = ("changes_lately", "rows_lately", "denied_today")


def _with(stakes: ChangeProfile, name: str, value: object) -> ChangeProfile:
    if name in {each.name for each in fields(RecentActivity)}:
        return replace(stakes, past=replace(stakes.past, **{name: value}))  # type: ignore[arg-type]
    return replace(stakes, **{name: value})  # type: ignore[arg-type]


@given(_STAKES)
def test_the_score_is_bounded_and_told_the_largest_first(stakes):
    """From 0 to 100; asked again it is the same."""
    risk = risk_of(stakes)
    assert 0 <= risk.score <= 100
    assert 1 <= risk.likelihood <= MOST
    assert 0 <= risk.impact <= MOST
    points = [each.points for each in risk.contributions]
    assert points == sorted(points, reverse=True)
    weights = {each.name: each.weight for each in SIGNALS}
    assert all(0 < each.points <= weights[each.signal] for each in risk.contributions)
    assert all(each.message.endswith((".", ": ")) for each in risk.contributions)
    assert risk_of(replace(stakes)) == risk


@pytest.mark.parametrize("name", [*_NUMBERS, *_PAST_NUMBERS])
@settings(max_examples=30)
@given(stakes=_STAKES, more=st.integers(1, 100_000))
def test_more_is_never_less_risk(name, stakes, more):
    """Of every number: rows of each kind, and what the agent did lately."""
    of = stakes.past if name in _PAST_NUMBERS else stakes
    value = 1.0 if name == "made_up" else getattr(of, name) + more
    assert risk_of(_with(stakes, name, value)).score >= risk_of(stakes).score


@pytest.mark.parametrize("name", list(_LADDER))
@settings(max_examples=30)
@given(stakes=_STAKES)
def test_worse_is_never_less_risk(name, stakes):
    """Of everything that has steps, each is no less than the one before."""
    scores = [risk_of(_with(stakes, name, value)).score for value in _LADDER[name]]
    assert scores == sorted(scores)


@settings(max_examples=10)
@given(stakes=_STAKES, made_up=st.sampled_from([-1.0, 2.0, 1e9]))
def test_a_signal_adds_its_weight_at_most(stakes, made_up):
    """Whatever a statistic gives."""
    found = [each for each in risk_of(replace(stakes, made_up=made_up)).contributions if each.signal == "made_up"]
    assert [each.points for each in found] == ([] if made_up < 0 else [4.0])


def test_a_class_nobody_knows_counts_in_full():
    """What is misspelt is not harmless."""
    base = ChangeProfile(verbs=("update",), targets=(), now=_LADDER["now"][0], risk_class="critical")  # type: ignore[arg-type]
    assert risk_of(replace(base, risk_class="hihg")).impact == risk_of(base).impact
    assert risk_of(replace(base, reversibility="R9")).impact == risk_of(replace(base, reversibility="R4")).impact


def test_the_page_has_every_signal_with_its_weight():
    """In the order of the code, side and weight alike; and the thresholds and floors."""
    rows = re.findall(r"^\| `(\w+)` \| (impact|likelihood) \| ([\d.]+) \|", _PAGE, re.MULTILINE)
    assert rows == [(each.name, str(each.side), f"{each.weight:g}") for each in SIGNALS]
    assert {each.side for each in SIGNALS} == set(RiskSide)
    assert f"above {HOLD_OVER} it waits, above {DENY_OVER} it is denied" in _PAGE
    assert re.findall(r"^\| `(floor:[\w-]+)` \|", _PAGE, re.MULTILINE) == list(FLOORS)
