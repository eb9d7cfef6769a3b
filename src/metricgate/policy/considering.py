"""Every rule of a policy, one by one, held against one call: what applies, what decided, what was lacking.

It uses no index, so that it checks the ones by which the judge finds rules; a test holds the two to the same outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from metricgate.policy.conditions import Missing, bound
from metricgate.policy.halting import binds
from metricgate.policy.kinds.grants import Effect
from metricgate.policy.kinds.masks import MaskRule
from metricgate.policy.kinds.minimum_groups import MinimumGroupRule, dataset_of
from metricgate.policy.patterns import asked, covers_resource
from metricgate.policy.policy import Policy
from metricgate.policy.standing import Standing
from metricgate.policy.verdict import ReasonKind
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

Deciding = AbstractSet[tuple[str, str, Resource | None]]
"""(rule, party, resource) of every reason that counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """One rule's part for one party and resource.

    Attributes:
        kind: ``grant``, ``row_filter``, ``mask``, ``minimum_group``, ``limit``, ``freeze``, ``stop`` or ``hold``.
        effect: what the rule would do: ``allow``, ``deny``, ``filter``, ``mask``, ``group``, ``limit`` or ``hold``.
        resource: None for limits and stops, which speak of the call as a whole.
        matched: whether the rule applies.
        decided: whether it is named in the verdict.
        lacking: what kept it from applying: ``role``, ``exempt``, ``action``, ``resource``, ``condition``; or
            ``attribute``, without which a row filter that applies denies. Empty where it applies.
        stakes: of a hold: what must be true of the rehearsed change besides; empty where nothing must.
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
    stakes: str = ""

    def as_json(self) -> dict[str, Json]:
        """Return all fields; the place as ``where``."""
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
            **({"stakes": self.stakes} if self.kind == "hold" else {}),
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


def considered(policy: Policy, case: Case) -> Iterator[Considered]:
    """Yield every rule's part: grants and what binds on each resource, then limits; each in the order of the policy."""
    for resource in (*case.named, *case.touched):
        yield from _grants(policy, case, resource)
        yield from _filters(policy, case, resource)
        if resource.kind is ResourceKind.COLUMN:
            yield from (_narrowing(rule, ReasonKind.MASK, "mask", case, resource, resource) for rule in policy.masks)
        dataset = dataset_of(resource)
        if dataset is not None:
            named = Resource(ResourceKind.DATASET, dataset)
            for rule in policy.minimum_groups:
                yield _narrowing(rule, ReasonKind.MINIMUM_GROUP, "group", case, resource, named)
    yield from _limits(policy, case)
    yield from _halts(policy, case)
    if case.action.changes:
        yield from _holds(policy, case)


def _grants(policy: Policy, case: Case, resource: Resource) -> Iterator[Considered]:
    only_denying = resource in case.touched
    for grant in policy.grants:
        if only_denying and grant.effect is Effect.ALLOW:
            continue
        lacking = _named(
            role=case.standing.roles.isdisjoint(grant.roles),
            action=asked(case.action, resource.kind) not in grant.actions,
            resource=not any(covers_resource(pattern, resource) for pattern in grant.patterns),
            condition=grant.id in case.suspended,
        )
        yield _one(grant.id, "grant", grant.effect.value, case, resource, lacking, grant.place)


def _filters(policy: Policy, case: Case, resource: Resource) -> Iterator[Considered]:
    if resource.kind is not ResourceKind.DATASET:
        return
    for rule in policy.row_filters:
        lacking = _named(
            role=case.standing.roles.isdisjoint(rule.roles),
            resource=rule.dataset != resource.name,
            condition=rule.id in case.suspended,
        )
        unbound = not lacking and isinstance(bound(rule.condition, case.standing.attribute), Missing)
        yield Considered(
            rule=rule.id,
            kind="row_filter",
            effect="filter",
            party=case.standing.party,
            resource=resource,
            matched=not lacking,
            decided=not lacking and (rule.id, case.standing.party, resource) in case.deciding,
            lacking=("attribute",) if unbound else lacking,
            place=rule.place,
        )


def _narrowing(
    rule: MaskRule | MinimumGroupRule,
    kind: ReasonKind,
    effect: str,
    case: Case,
    resource: Resource,
    reason_on: Resource,
) -> Considered:
    lacking = _named(
        role=case.standing.roles.isdisjoint(rule.roles),
        exempt=not case.standing.roles.isdisjoint(rule.unless_roles),
        resource=not any(covers_resource(pattern, resource) for pattern in rule.patterns),
        condition=rule.id in case.suspended,
    )
    return _one(rule.id, kind.value, effect, case, reason_on, lacking, rule.place)


def _limits(policy: Policy, case: Case) -> Iterator[Considered]:
    everything = (*case.named, *case.touched)
    for rule in policy.limits:
        lacking = _named(
            role=case.standing.roles.isdisjoint(rule.roles),
            resource=not any(covers_resource(pattern, each) for pattern in rule.patterns for each in everything),
            condition=rule.id in case.suspended,
        )
        yield _one(rule.id, "limit", "limit", case, None, lacking, rule.place)


def _halts(policy: Policy, case: Case) -> Iterator[Considered]:
    for resource in (*case.named, *case.touched):
        for rule in policy.freezes:
            lacking = _named(
                role=not binds(rule, case.standing),
                action=not case.action.changes,
                resource=not rule.covers(resource),
                condition=rule.id in case.suspended,
            )
            yield _one(rule.id, ReasonKind.FREEZE.value, "deny", case, resource, lacking, rule.place)
    for stop in policy.stops:
        lacking = _named(role=not binds(stop, case.standing), condition=stop.id in case.suspended)
        yield _one(stop.id, ReasonKind.STOP.value, "deny", case, None, lacking, stop.place)


def _holds(policy: Policy, case: Case) -> Iterator[Considered]:
    """Yield the holds on changes; whether one that applies binds depends on its stakes: only a rehearsal tells."""
    everything = (*case.named, *case.touched)
    for rule in policy.holds:
        lacking = _named(
            role=case.standing.roles.isdisjoint(rule.roles),
            action=bool(rule.actions) and case.action.value not in rule.actions,
            resource=not any(covers_resource(pattern, each) for pattern in rule.patterns for each in everything),
            condition=rule.id in case.suspended,
        )
        one = _one(rule.id, "hold", "hold", case, None, lacking, rule.place)
        yield replace(one, stakes=rule.stakes_text)


def _one(
    rule: str,
    kind: str,
    effect: str,
    case: Case,
    resource: Resource | None,
    lacking: tuple[str, ...],
    place: Place,
) -> Considered:
    party = case.standing.party
    return Considered(
        rule=rule,
        kind=kind,
        effect=effect,
        party=party,
        resource=resource,
        matched=not lacking,
        decided=not lacking and (rule, party, resource) in case.deciding,
        lacking=lacking,
        place=place,
    )


def _named(**lacks: bool) -> tuple[str, ...]:
    return tuple(name for name, lacking in lacks.items() if lacking)
