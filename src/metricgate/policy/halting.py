"""What stops and freezes deny, found without looking at the rules of others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from metricgate.policy.indexing import Suspended
from metricgate.policy.kinds.freezes import FreezeRule
from metricgate.policy.kinds.stops import StopRule
from metricgate.policy.names import EVERYONE, shown
from metricgate.policy.policy import Policy
from metricgate.policy.standing import Standing
from metricgate.policy.verdict import Decision, Reason, ReasonKind
from metricgate.vocabulary.resource import Action, Resource
from metricgate.vocabulary.target import EVERYTHING

R = TypeVar("R", FreezeRule, StopRule)


def binds(rule: FreezeRule | StopRule, standing: Standing) -> bool:
    """Whether the rule names the party, by a role or by a target."""
    return not standing.roles.isdisjoint(rule.roles) or not standing.targets.isdisjoint(rule.targets)


class HaltBook:
    """The stops and freezes of one policy. Never changes."""

    def __init__(self, policy: Policy) -> None:
        self._stops = _ByParty(policy.stops)
        self._freezes = _ByParty(policy.freezes)

    def reasons(
        self, standings: Sequence[Standing], action: Action, resources: Sequence[Resource], suspended: Suspended
    ) -> Iterator[Reason]:
        """Yield why nothing is served to one of the parties, or nothing may be changed by it."""
        for standing in standings:
            for stop in self._stops.on(standing, suspended):
                yield _stopped(stop, standing)
        if not action.changes:
            return
        for standing in standings:
            for freeze in self._freezes.on(standing, suspended):
                for resource in resources:
                    if freeze.covers(resource):
                        what = shown(f"{standing.party} to {action} {resource}")
                        message = f"The freeze {freeze.id!r} forbids {what}: {freeze.because}"
                        yield _denial(freeze.id, standing, resource, message, ReasonKind.FREEZE)

    def of_person(self, standing: Standing, suspended: Suspended) -> Iterator[Reason]:
        """Yield the stops that name a person who acts alone, otherwise than with everybody else."""
        for stop in self._stops.on(standing, suspended):
            roles, targets = standing.roles - {EVERYONE}, standing.targets - {EVERYTHING}
            if not roles.isdisjoint(stop.roles) or not targets.isdisjoint(stop.targets):
                yield _stopped(stop, standing)


class _ByParty(Generic[R]):
    """Rules by the roles and the targets that they name."""

    def __init__(self, rules: Sequence[R]) -> None:
        self._rules: tuple[R, ...] = tuple(rules)
        self._of_roles: dict[str, list[int]] = {}
        self._of_targets: dict[str, list[int]] = {}
        for position, rule in enumerate(self._rules):
            for role in rule.roles:
                self._of_roles.setdefault(role, []).append(position)
            for target in rule.targets:
                self._of_targets.setdefault(target, []).append(position)

    def on(self, standing: Standing, suspended: Suspended) -> tuple[R, ...]:
        """Return the rules in force that bind the party, in their order."""
        if not self._rules:
            return ()
        held = {position for role in standing.roles for position in self._of_roles.get(role, ())}
        held.update(position for target in standing.targets for position in self._of_targets.get(target, ()))
        return tuple(self._rules[each] for each in sorted(held) if self._rules[each].id not in suspended)


def _stopped(stop: StopRule, standing: Standing) -> Reason:
    message = f"The stop {stop.id!r} serves no call of {shown(standing.party)}: {stop.because}"
    return _denial(stop.id, standing, None, message, ReasonKind.STOP)


def _denial(rule: str, standing: Standing, resource: Resource | None, message: str, kind: ReasonKind) -> Reason:
    return Reason(
        rule=rule, party=standing.party, resource=resource, decision=Decision.DENY, message=message, kind=kind
    )
