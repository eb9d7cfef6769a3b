"""A slow judge, written from the documentation: loops over rules, no casbin, no index, no memory."""

from __future__ import annotations

import calendar
from datetime import timedelta
from zoneinfo import ZoneInfo

from metricgate.policy.kinds.grants import GrantEffect
from metricgate.policy.occasion import EvaluationContext, Occasion, Terms
from metricgate.policy.policy import Policy
from metricgate.policy.verdict import DEFAULT_DENY, Decision
from metricgate.vocabulary.principal import Principal, Proof
from metricgate.vocabulary.resource import Action, Resource, ResourceKind


def subjects_of(principal: Principal) -> list[set[str]]:
    """Return the names of each party."""
    found = [{f"agent:{principal.agent.id}"}]
    if principal.user is not None:
        groups = principal.user.groups if principal.user.proof is Proof.VERIFIED else ()
        found.append({f"user:{principal.user.id}", *(f"group:{group}" for group in groups)})
    return found


def roles_held(policy: Policy, subjects: set[str]) -> set[str]:
    """Return a party's roles."""
    held = {role.name for role in policy.roles if subjects & set(role.members)}
    for _ in policy.roles:
        held |= {parent for role in policy.roles if role.name in held for parent in role.inherits}
    return held | {"everyone"}


def matches(pattern: str, resource: Resource) -> bool:
    """Whether a pattern covers a resource, by its name or by a label."""
    if pattern == "*":
        return True
    names = [f"{resource.kind.value}:{resource.name}", *(f"label:{label}" for label in resource.labels)]
    if pattern.endswith("*"):
        return any(name.startswith(pattern[:-1]) and len(name) > len(pattern[:-1]) for name in names)
    return pattern in names


def in_force(terms: Terms, circumstances: EvaluationContext, *, allows: bool) -> bool:
    """A rule that allows needs certainty; one that denies or narrows is off only with certainty."""
    certainly_on = True
    certainly_off = False
    if terms.when is not None:
        certainly_on &= _answers(terms.when, circumstances) == {"yes"}
        certainly_off |= "no" in _answers(terms.when, circumstances)
    if terms.unless is not None:
        answers = _answers(terms.unless, circumstances)
        certainly_on &= "no" in answers
        certainly_off |= answers == {"yes"}
    return certainly_on if allows else not certainly_off


def _answers(occasion: Occasion, circumstances: EvaluationContext) -> set[str]:
    """Ask every part for itself: yes, no, or unknown."""
    found = {"yes"}
    if occasion.purposes is not None:
        purpose = circumstances.purpose
        known = None if purpose is None else purpose.strip().lower() in occasion.purposes
        found.add({None: "unknown", True: "yes", False: "no"}[known])
    timed = (occasion.days, occasion.hours, occasion.not_before, occasion.not_after)
    if timed == (None, None, None, None):
        return found
    now = circumstances.now
    if now is None:
        return found | {"unknown"}
    if occasion.not_before is not None and now < occasion.not_before:
        found.add("no")
    if occasion.not_after is not None and not now < occasion.not_after:
        found.add("no")
    local = now.astimezone(ZoneInfo(occasion.zone))
    clock = f"{local:%H:%M}"
    day = local
    if occasion.hours is not None:
        start, end = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in occasion.hours)
        if start < end:
            inside = start <= clock < end
        else:
            inside = clock >= start or clock < end
            day = local - timedelta(days=1) if clock < end else local
        found.add("yes" if inside else "no")
    if occasion.days is not None:
        found.add("yes" if calendar.day_abbr[day.weekday()].lower() in occasion.days else "no")
    return found


def asked(action: Action, kind: ResourceKind) -> Action:
    """Tools are called, columns and functions are read."""
    only = {ResourceKind.TOOL: Action.CALL, ResourceKind.COLUMN: Action.READ, ResourceKind.FUNCTION: Action.READ}
    return only.get(kind, action)


def ruling(
    policy: Policy, subjects: set[str], action: Action, resource: Resource, circumstances: EvaluationContext
) -> tuple[Decision, str]:
    held = roles_held(policy, subjects)
    matching = [
        grant
        for grant in policy.grants
        if held & set(grant.roles)
        and asked(action, resource.kind) in grant.actions
        and any(matches(pattern, resource) for pattern in grant.patterns)
        and in_force(grant.terms, circumstances, allows=grant.effect is GrantEffect.ALLOW)
    ]
    for grant in matching:
        if grant.effect is GrantEffect.DENY:
            return Decision.DENY, grant.id
    return (Decision.ALLOW, matching[0].id) if matching else (Decision.DENY, DEFAULT_DENY)


def binding(
    policy: Policy, kind: str, subjects: set[str], touched: list[Resource], circumstances: EvaluationContext
) -> list:
    """Return (rule, resource) for every rule of a kind that binds a party on one of the resources."""
    held = roles_held(policy, subjects)
    found = []
    for rule in next(rules for each, rules in policy.by_kind.items() if each.key == kind):
        patterns = (f"dataset:{rule.dataset}",) if kind == "row_filters" else rule.patterns
        exempt = set(getattr(rule, "unless_roles", ()))
        if not held & set(rule.roles) or held & exempt or not in_force(rule.terms, circumstances, allows=False):
            continue
        found += [(rule, each) for each in touched if any(matches(pattern, each) for pattern in patterns)]
    return found
