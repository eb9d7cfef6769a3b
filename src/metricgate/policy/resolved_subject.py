"""One party's standing: its roles, the attributes that row filters may use, the targets that name it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from metricgate.policy.conditions import Missing
from metricgate.vocabulary.principal import AttributeValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the policy knows of one party.

    Attributes:
        party: ``agent:ID`` or ``user:ID``.
        roles: all it holds, inherited ones and ``everyone`` included.
        attributes: a ``Missing`` in the place of a value says why there is none.
        targets: every target that names it. Unproven groups and tenants count: a target only ever takes away.
    """

    party: str
    roles: frozenset[str]
    attributes: Mapping[str, AttributeValue | Missing] = field(hash=False)
    targets: frozenset[str] = frozenset()

    def attribute(self, name: str) -> AttributeValue | Missing:
        """Return the attribute's value, or why it has none."""
        return self.attributes.get(name, Missing(name, "is not known"))

    def is_named(self, roles: Iterable[str], targets: Iterable[str] = ()) -> bool:
        """Whether any of the roles or targets names the party."""
        return not self.roles.isdisjoint(roles) or not self.targets.isdisjoint(targets)
