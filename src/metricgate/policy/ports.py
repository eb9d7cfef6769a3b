"""What the judge needs from a role engine."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from metricgate.policy.kinds.grants import GrantEffect
from metricgate.policy.rule_index import NONE_SUSPENDED, Suspended
from metricgate.vocabulary.resource import Action, Resource


@dataclass(frozen=True, slots=True)
class Ruling:
    """The grant that decides, and what it says."""

    rule: str
    effect: GrantEffect


class RoleBook(Protocol):
    """Holds roles and grants of one policy; never changes. Safe to ask from several threads at once."""

    def roles_of(self, subjects: AbstractSet[str]) -> frozenset[str]:
        """Return the roles that any of the subjects holds, inherited ones included, ``everyone`` left out.

        Args:
            subjects: one party's names: ``agent:ID`` or ``user:ID``, and ``group:ID`` for each proven group.
        """
        ...

    def decide(
        self, roles: frozenset[str], action: Action, resource: Resource, suspended: Suspended = NONE_SUSPENDED
    ) -> Ruling | None:
        """Return the grant that decides for a party with these roles (``everyone`` included), or None if none applies.

        A denying grant goes before an allowing one; among equals, the first in the order of the policy. Grants whose
        ids are ``suspended`` are not in force. What is not well formed may be denied, and is never allowed.
        """
        ...
