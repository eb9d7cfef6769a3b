"""Every rule of a policy, one by one, held against one call: what applies, what decided, what was lacking.

It uses no index, so that it checks the ones by which the judge finds rules; a test holds the two to the same outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from metricgate.policy.patterns import covers_resource
from metricgate.policy.resolved_subject import Standing
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Action, Resource

Deciding = AbstractSet[tuple[str, str, Resource | None]]
"""(rule, party, resource) of every reason that counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEvaluation:
    """One rule's part for one party and resource.

    Attributes:
        kind: the name of the rule's kind, e.g. ``minimum_group``.
        effect: what the rule would do: ``allow``, ``deny``, ``filter``, ``mask``, ``group``, ``limit`` or ``hold``; or
            a word of a kind from outside.
        resource: None for limits, stops and holds, which speak of the call as a whole.
        matched: whether the rule applies.
        decided: whether it is named in the verdict.
        lacking: what kept it from applying: ``role``, ``exempt``, ``action``, ``resource``, ``condition``; or
            ``attribute``, without which a row filter that applies denies. Empty where it applies.
        stakes: of a hold: what must be true of the rehearsed change besides; empty where nothing must. None for rules
            that no rehearsal decides about.
    """

    rule: str
    kind: str
    effect: str
    party: str
    resource: Resource | None
    matched: bool
    decided: bool
    lacking: tuple[str, ...]
    place: Place
    stakes: str | None = None

    def as_json(self) -> dict[str, Json]:
        """Return all fields; the place as ``where``, ``stakes`` only where there may be some."""
        return {
            "rule": self.rule,
            "kind": self.kind,
            "effect": self.effect,
            "party": self.party,
            "resource": None if self.resource is None else str(self.resource),
            "matched": self.matched,
            "decided": self.decided,
            "lacking": list(self.lacking),
            "where": self.place.as_json(),
            **({} if self.stakes is None else {"stakes": self.stakes}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One party's side of a call.

    Attributes:
        named: what needs a grant.
        touched: what needs none, and may be forbidden.
        suspended: rules whose conditions do not hold.
        deciding: what counted.
    """

    standing: Standing
    action: Action
    named: Sequence[Resource]
    touched: Sequence[Resource]
    suspended: AbstractSet[str]
    deciding: Deciding

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Everything that is named or touched."""
        return (*self.named, *self.touched)

    def evaluate(
        self,
        rule: str,
        place: Place,
        *,
        kind: str,
        effect: str,
        resource: Resource | None,
        lacking: tuple[str, ...],
        stakes: str | None = None,
    ) -> RuleEvaluation:
        """Return a rule's part; it decided where it applies and a reason names it for this party and resource."""
        party = self.standing.party
        return RuleEvaluation(
            rule=rule,
            kind=kind,
            effect=effect,
            party=party,
            resource=resource,
            matched=not lacking,
            decided=not lacking and (rule, party, resource) in self.deciding,
            lacking=lacking,
            place=place,
            stakes=stakes,
        )


def lacking(**lacks: bool) -> tuple[str, ...]:
    """Return the names of what is lacking."""
    return tuple(name for name, is_lacking in lacks.items() if is_lacking)


def covers_none(patterns: Sequence[str], resources: Sequence[Resource]) -> bool:
    """Whether none of the patterns covers any of the resources."""
    return not any(covers_resource(pattern, each) for pattern in patterns for each in resources)
