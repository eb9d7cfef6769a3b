"""``metricgate policy explain``: every rule that was considered, which applied, which decided, what would change it.

For people and programs that may see the policy (stewards). It walks the rules one by one, without the index by which
the judge finds them; a test holds the two to the same outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from metricgate.policy.conditions import Missing, bound
from metricgate.policy.judge import Judge
from metricgate.policy.kinds.grants import Grant
from metricgate.policy.patterns import asked, candidates, covers
from metricgate.policy.standing import Standing
from metricgate.policy.verdict import DEFAULT_DENY, Decision, Reason, ReasonKind, Verdict
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

_MOST_SHOWN = 40
_WORDS = {
    "role": "not a role of this party",
    "action": "another action",
    "resource": "another resource",
    "attribute": "the attribute is missing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """One rule's part for one party and resource.

    Attributes:
        kind: ``grant``, ``row_filter`` or ``limit``.
        effect: what the rule would do: ``allow``, ``deny``, ``filter`` or ``limit``.
        resource: None for limits, which speak of the call as a whole.
        matched: whether the rule applies.
        decided: whether it is named in the verdict.
        lacking: what kept it from applying: ``role``, ``action``, ``resource``, ``attribute``; empty where it applies.
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
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A verdict laid open. ``changes`` says in sentences what would have to change for it to come out otherwise."""

    verdict: Verdict
    roles: tuple[tuple[str, tuple[str, ...]], ...]
    considered: tuple[Considered, ...]
    changes: tuple[str, ...]

    def as_json(self) -> dict[str, Json]:
        """Return ``{decision, action, policy, roles, reasons, considered, changes}``."""
        return {
            "decision": self.verdict.decision.value,
            "action": self.verdict.action.value,
            "policy": self.verdict.policy_digest,
            "roles": {party: list(roles) for party, roles in self.roles},
            "reasons": [{"rule": reason.rule, "message": reason.message} for reason in self.verdict.reasons],
            "considered": [each.as_json() for each in self.considered],
            "changes": list(self.changes),
        }

    @property
    def text(self) -> str:
        """For people. Of many rules, those that apply or lack one thing only are shown, and the rest is counted."""
        lines = [f"{self.verdict.decision.value.upper()}: {self.verdict.action}"]
        lines += [f"  {party} holds: {', '.join(roles)}" for party, roles in self.roles]
        lines += ["Because:", *(f"  {reason.message}" for reason in self.verdict.reasons)]
        near = [each for each in self.considered if len(each.lacking) <= 1]
        shown = list(self.considered) if len(self.considered) <= _MOST_SHOWN else near[:_MOST_SHOWN]
        lines += ["Rules considered, in order:", *(f"  {_line(each)}" for each in shown)]
        if len(shown) < len(self.considered):
            lines.append(f"  and {len(self.considered) - len(shown):,} more that do not apply")
        if self.changes:
            lines += ["To come out otherwise:", *(f"  {change}" for change in self.changes)]
        return "\n".join(lines)


def explain(judge: Judge, principal: Principal, action: Action, resources: Sequence[Resource]) -> Explanation:
    """Judge, and lay open how the verdict came about. Linear in the number of rules."""
    verdict = judge.judge(principal, action, resources)
    standings = judge.standings(principal)
    named = tuple(dict.fromkeys(resources))
    deciding = {
        (reason.rule, reason.party, reason.resource)
        for standing in standings
        for reason in (*_grant_reasons(judge, standing, action, named), *verdict.reasons)
        if reason.party == standing.party
    }
    considered = tuple(each for standing in standings for each in _considered(judge, standing, action, named, deciding))
    return Explanation(
        verdict=verdict,
        roles=tuple((standing.party, tuple(sorted(standing.roles))) for standing in standings),
        considered=considered,
        changes=tuple(dict.fromkeys(_changes(verdict))),
    )


_Deciding = set[tuple[str, str, Resource | None]]


def _grant_reasons(judge: Judge, standing: Standing, action: Action, resources: Sequence[Resource]) -> Iterator[Reason]:
    """Return what decided on each resource, also where the verdict as a whole fell on another."""
    for resource in resources:
        ruling = judge.ruling(standing, action, resource)
        if ruling is not None:
            yield Reason(
                rule=ruling.rule, party=standing.party, resource=resource, decision=Decision(ruling.effect), message=""
            )


def _considered(
    judge: Judge, standing: Standing, action: Action, resources: Sequence[Resource], deciding: _Deciding
) -> Iterator[Considered]:
    policy = judge.policy
    party = standing.party
    for resource in resources:
        for grant in policy.grants:
            lacking = _lacking(grant, standing, action, resource)
            yield Considered(
                rule=grant.id,
                kind="grant",
                effect=grant.effect.value,
                party=party,
                resource=resource,
                matched=not lacking,
                decided=not lacking and (grant.id, party, resource) in deciding,
                lacking=lacking,
                place=grant.place,
            )
        if resource.kind is ResourceKind.DATASET:
            yield from _filters(judge, standing, resource, deciding)
    for rule in policy.limits:
        names = [str(resource) for resource in resources]
        lacks_role = standing.roles.isdisjoint(rule.roles)
        lacks_resource = not any(covers(pattern, name) for pattern in rule.patterns for name in names)
        lacking = _named(role=lacks_role, resource=lacks_resource)
        yield Considered(
            rule=rule.id,
            kind="limit",
            effect="limit",
            party=party,
            resource=None,
            matched=not lacking,
            decided=not lacking and (rule.id, party, None) in deciding,
            lacking=lacking,
            place=rule.place,
        )


def _filters(judge: Judge, standing: Standing, resource: Resource, deciding: _Deciding) -> Iterator[Considered]:
    for rule in judge.policy.row_filters:
        lacks_role = standing.roles.isdisjoint(rule.roles)
        lacks_resource = rule.dataset != resource.name
        applies = not lacks_role and not lacks_resource
        unbound = applies and isinstance(bound(rule.condition, standing.attribute), Missing)
        yield Considered(
            rule=rule.id,
            kind="row_filter",
            effect="filter",
            party=standing.party,
            resource=resource,
            matched=applies,
            decided=applies and (rule.id, standing.party, resource) in deciding,
            lacking=_named(role=lacks_role, resource=lacks_resource, attribute=unbound),
            place=rule.place,
        )


def _lacking(grant: Grant, standing: Standing, action: Action, resource: Resource) -> tuple[str, ...]:
    name = str(resource)
    return _named(
        role=standing.roles.isdisjoint(grant.roles),
        action=asked(action, resource.kind) not in grant.actions,
        resource=not any(covers(pattern, name) for pattern in grant.patterns),
    )


def _named(**lacks: bool) -> tuple[str, ...]:
    return tuple(name for name, lacking in lacks.items() if lacking)


def _changes(verdict: Verdict) -> Iterator[str]:
    for reason in verdict.reasons:
        if reason.decision is Decision.ALLOW:
            continue
        if reason.kind is ReasonKind.ROW_FILTER:
            yield f"Give {reason.party} the attribute that the row filter {reason.rule!r} needs, under `principals`."
        elif reason.resource is None:
            yield "Name at least one resource."
        elif reason.rule == DEFAULT_DENY:
            patterns = ", ".join(candidates(reason.resource)[:-1])
            meant = asked(verdict.action, reason.resource.kind)
            yield f"A grant of `{meant}` on one of {patterns} to a role that {reason.party} holds."
        else:
            yield f"The rule {reason.rule!r} would have to stop covering {reason.party} or {reason.resource}."
    if verdict.decision is Decision.ALLOW:
        yield "A denying grant that covers either party and any of these resources."


def _line(each: Considered) -> str:
    on = "" if each.resource is None else f" on {each.resource}"
    if each.decided:
        end = "applies, decided"
    elif each.matched:
        end = "applies, another rule decided"
    else:
        end = f"does not apply: {', '.join(_WORDS[lacking] for lacking in each.lacking)}"
    return f"{each.place}: {each.rule} ({each.effect}) for {each.party}{on}: {end}"
