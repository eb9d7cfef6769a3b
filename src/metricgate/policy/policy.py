"""The immutable policy: every rule of every document, in the order of file names and places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar, cast

from metricgate.documents import Document
from metricgate.policy.cases import PolicyTest
from metricgate.policy.kinds.domains import DomainRule
from metricgate.policy.kinds.grants import GRANTS, Grant
from metricgate.policy.kinds.principals import PartyAttributes
from metricgate.policy.kinds.roles import Role
from metricgate.policy.rule import Rule
from metricgate.policy.rule_kind import AnyKind, RuleKind

D = TypeVar("D", bound=Document)
R = TypeVar("R", bound=Rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Loaded once, replaced whole, never changed.

    Attributes:
        by_kind: the rules that decide or narrow, of every kind that the process knows, in the order of the kinds.
        tests: run by ``run_tests``; they are no part of the digest.
        digest: ``sha256:`` over every rule and word; not over formatting, order of keys, comments, file names or tests.
    """

    roles: tuple[Role, ...]
    principals: tuple[PartyAttributes, ...]
    domains: tuple[DomainRule, ...]
    by_kind: Mapping[AnyKind, tuple[Rule, ...]]
    tests: tuple[PolicyTest, ...]
    digest: str

    @property
    def kinds(self) -> tuple[AnyKind, ...]:
        """The kinds of rules that it may have."""
        return tuple(self.by_kind)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule that decides or narrows, kind by kind, each in the order of file names and places."""
        return tuple(chain.from_iterable(self.by_kind.values()))

    @property
    def grants(self) -> tuple[Grant, ...]:
        """The grants: what allows at all."""
        return self.of(GRANTS)

    def of(self, kind: RuleKind[D, R]) -> tuple[R, ...]:
        """Return the rules of one kind."""
        return cast("tuple[R, ...]", self.by_kind.get(kind, ()))

    def owner_of(self, agent: str) -> str | None:
        """Return the user who answers for an agent, without ``user:``, or None where nobody is named."""
        party = f"agent:{agent}"
        return next((each.owner for each in self.principals if each.party == party), None)
