"""The risk of a change: likelihood times impact, each from 0 to 10, from named signals with fixed weights.

The weights are documented in ``docs/approvals.md``. A score is an aid to people and a threshold for holding; floors
(no WHERE, unknown effect, what cannot be taken back) hold whatever the score says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from metricgate.policy.change_profile import ChangeProfile

MOST = 10.0


class RiskSide(StrEnum):
    """What a signal raises."""

    LIKELIHOOD = "likelihood"
    """That something is wrong with the change."""
    IMPACT = "impact"
    """How bad it is if so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One signal: how much it adds (0 to ``weight``) and how that is said."""

    name: str
    side: RiskSide
    weight: float
    strength: Callable[[ChangeProfile], float]
    """0 to 1."""
    says: Callable[[ChangeProfile], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one signal added."""

    signal: str
    side: RiskSide
    points: float
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """A score from 0 to 100 and where it comes from, the largest contributions first."""

    score: int
    likelihood: float
    impact: float
    contributions: tuple[Contribution, ...]


def _share(rows: int, many: int) -> float:
    """Return 0 for none, 1 for ``many`` or more, on a logarithmic scale."""
    return 0.0 if rows <= 0 else min(1.0, math.log10(1 + rows) / math.log10(1 + many))


def _as_strength(flag: object) -> float:
    return 1.0 if flag else 0.0


_CLASS: Mapping[str | None, float] = {None: 0.4, "low": 0.0, "medium": 0.4, "high": 0.8, "critical": 1.0}
_UNDO: Mapping[str, float] = {"R0": 0.0, "R1": 0.1, "R2": 0.5, "R3": 0.8, "R4": 1.0}

SIGNALS: tuple[Signal, ...] = (
    Signal(
        name="rows",
        side=RiskSide.IMPACT,
        weight=4.0,
        strength=lambda stakes: _share(stakes.rows, 10_000),
        says=lambda stakes: f"It changes {stakes.rows:,} rows.",
    ),
    Signal(
        name="deletes",
        side=RiskSide.IMPACT,
        weight=1.5,
        strength=lambda stakes: _share(stakes.deleted, 100),
        says=lambda stakes: f"It deletes {stakes.deleted:,} rows.",
    ),
    Signal(
        name="cascades",
        side=RiskSide.IMPACT,
        weight=1.5,
        strength=lambda stakes: _share(stakes.cascaded, 1_000),
        says=lambda stakes: f"{stakes.cascaded:,} rows of other tables change with it.",
    ),
    Signal(
        name="labels",
        side=RiskSide.IMPACT,
        weight=2.0,
        strength=lambda stakes: _as_strength(stakes.labels),
        says=lambda stakes: f"It touches data labelled {', '.join(stakes.labels)}.",
    ),
    Signal(
        name="reversibility",
        side=RiskSide.IMPACT,
        weight=4.0,
        strength=lambda stakes: _UNDO.get(stakes.reversibility, 1.0),
        says=lambda stakes: f"Its reversibility is {stakes.reversibility}.",
    ),
    Signal(
        name="class",
        side=RiskSide.IMPACT,
        weight=2.0,
        strength=lambda stakes: _CLASS.get(stakes.risk_class, 1.0),
        says=lambda stakes: (
            "It is SQL of the agent's own."
            if stakes.risk_class is None
            else f"Its owner classed it {stakes.risk_class}."
        ),
    ),
    Signal(
        name="production",
        side=RiskSide.IMPACT,
        weight=1.0,
        strength=lambda stakes: _as_strength(stakes.environment == "production"),
        says=lambda _stakes: "It runs in production.",
    ),
    Signal(
        name="own_sql",
        side=RiskSide.LIKELIHOOD,
        weight=2.0,
        strength=lambda stakes: _as_strength(stakes.risk_class is None),
        says=lambda _stakes: "Nobody reviewed the statement beforehand.",
    ),
    Signal(
        name="first_time",
        side=RiskSide.LIKELIHOOD,
        weight=1.0,
        strength=lambda stakes: _as_strength(stakes.past.first_on_target),
        says=lambda _stakes: "The agent has not changed this dataset in the last day.",
    ),
    Signal(
        name="burst",
        side=RiskSide.LIKELIHOOD,
        weight=3.0,
        strength=lambda stakes: max(_share(stakes.past.changes_lately, 20), _share(stakes.past.rows_lately, 5_000)),
        says=lambda stakes: (
            f"In ten minutes the agent made {stakes.past.changes_lately} changes of {stakes.past.rows_lately:,} rows."
        ),
    ),
    Signal(
        name="delete_then_insert",
        side=RiskSide.LIKELIHOOD,
        weight=4.0,
        strength=lambda stakes: _as_strength(stakes.inserted and stakes.past.deleted_here_lately),
        says=lambda _stakes: "It inserts where the agent deleted a few minutes ago.",
    ),
    Signal(
        name="made_up",
        side=RiskSide.LIKELIHOOD,
        weight=4.0,
        strength=lambda stakes: stakes.made_up,
        says=lambda stakes: f"The rows look made up: {stakes.made_up_because}",
    ),
    Signal(
        name="denied_before",
        side=RiskSide.LIKELIHOOD,
        weight=2.0,
        strength=lambda stakes: _share(stakes.past.denied_today, 3),
        says=lambda stakes: f"People denied {stakes.past.denied_today} of its proposals today.",
    ),
    Signal(
        name="unknown_effect",
        side=RiskSide.LIKELIHOOD,
        weight=4.0,
        strength=lambda stakes: _as_strength(stakes.unknown),
        says=lambda stakes: f"Not all that happens is known: {stakes.unknown[0]}.",
    ),
    Signal(
        name="no_where",
        side=RiskSide.LIKELIHOOD,
        weight=4.0,
        strength=lambda stakes: _as_strength(stakes.no_where),
        says=lambda _stakes: "It means every row of the table.",
    ),
    Signal(
        name="out_of_hours",
        side=RiskSide.LIKELIHOOD,
        weight=1.0,
        strength=lambda stakes: _as_strength(stakes.now.weekday() >= 5 or not 6 <= stakes.now.hour < 20),  # noqa: PLR2004
        says=lambda stakes: f"It comes at {stakes.now:%H:%M} UTC on a {stakes.now:%A}.",
    ),
)


def risk_of(stakes: ChangeProfile) -> Risk:
    """Return the risk of a change."""
    found = []
    for signal in SIGNALS:
        points = round(signal.weight * min(1.0, max(0.0, signal.strength(stakes))), 2)
        if points > 0:
            found.append(Contribution(signal=signal.name, side=signal.side, points=points, message=signal.says(stakes)))
    likelihood = min(MOST, 1.0 + sum(each.points for each in found if each.side is RiskSide.LIKELIHOOD))
    impact = min(MOST, sum(each.points for each in found if each.side is RiskSide.IMPACT))
    return Risk(
        score=round(likelihood * impact),
        likelihood=round(likelihood, 2),
        impact=round(impact, 2),
        contributions=tuple(sorted(found, key=lambda each: (-each.points, each.signal))),
    )
