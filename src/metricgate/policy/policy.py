"""The immutable policy: every rule of every document, in the order of file names and places."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.policy.cases import PolicyTest
from metricgate.policy.kinds.domains import DomainRule
from metricgate.policy.kinds.freezes import FreezeRule
from metricgate.policy.kinds.grants import Grant
from metricgate.policy.kinds.holds import HoldRule
from metricgate.policy.kinds.limits import LimitRule
from metricgate.policy.kinds.masks import MaskRule
from metricgate.policy.kinds.minimum_groups import MinimumGroupRule
from metricgate.policy.kinds.principals import PartyAttributes
from metricgate.policy.kinds.roles import Role
from metricgate.policy.kinds.row_filters import RowFilterRule
from metricgate.policy.kinds.stops import StopRule

Rule = Grant | RowFilterRule | MaskRule | MinimumGroupRule | LimitRule | FreezeRule | StopRule | HoldRule
"""What may have a condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Loaded once, replaced whole, never changed.

    Attributes:
        tests: run by ``run_tests``; they are no part of the digest.
        digest: ``sha256:`` over every rule and word; not over formatting, order of keys, comments, file names or tests.
    """

    roles: tuple[Role, ...]
    principals: tuple[PartyAttributes, ...]
    domains: tuple[DomainRule, ...]
    grants: tuple[Grant, ...]
    row_filters: tuple[RowFilterRule, ...]
    masks: tuple[MaskRule, ...]
    minimum_groups: tuple[MinimumGroupRule, ...]
    limits: tuple[LimitRule, ...]
    tests: tuple[PolicyTest, ...]
    digest: str
    freezes: tuple[FreezeRule, ...] = ()
    stops: tuple[StopRule, ...] = ()
    holds: tuple[HoldRule, ...] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return every rule that decides or narrows, kind by kind, each in the order of file names and places."""
        return (
            *self.grants,
            *self.row_filters,
            *self.masks,
            *self.minimum_groups,
            *self.limits,
            *self.freezes,
            *self.stops,
            *self.holds,
        )

    def owner_of(self, agent: str) -> str | None:
        """Return the user who answers for an agent, without ``user:``, or None where nobody is named."""
        party = f"agent:{agent}"
        return next((each.owner for each in self.principals if each.party == party), None)
