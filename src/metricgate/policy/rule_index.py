"""Finds the rules that bind a party on resources without looking at the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Generic, Protocol, TypeVar

from metricgate.policy.resolved_subject import Standing

Suspended = AbstractSet[str]
"""Ids of the conditional rules that are not in force."""
NONE_SUSPENDED: Suspended = frozenset()


class _Rule(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def roles(self) -> tuple[str, ...]: ...


class _Targeted(_Rule, Protocol):
    @property
    def targets(self) -> tuple[str, ...]: ...


R = TypeVar("R", bound=_Rule)
T = TypeVar("T", bound=_Targeted)


class RuleIndex(Generic[R]):
    """The rules of one kind by role and pattern. Never changes.

    Args:
        rules: in the order of the policy.
        patterns_of: what a rule covers.
        exempt_of: roles whose holders the rule leaves out.
    """

    def __init__(
        self,
        rules: Sequence[R],
        patterns_of: Callable[[R], Iterable[str]],
        exempt_of: Callable[[R], tuple[str, ...]] = lambda _rule: (),
    ) -> None:
        self._rules = tuple(rules)
        self._exempt = {position: exempt for position, rule in enumerate(rules) if (exempt := exempt_of(rule))}
        self._found: dict[tuple[str, str], list[int]] = {}
        for position, rule in enumerate(self._rules):
            for role in rule.roles:
                for pattern in patterns_of(rule):
                    self._found.setdefault((role, pattern), []).append(position)
        self.patterns = frozenset(pattern for _role, pattern in self._found)

    def on(self, roles: frozenset[str], patterns: Iterable[str], suspended: Suspended) -> tuple[R, ...]:
        """Return the rules in force that bind holders of ``roles`` on what these cover, in order, each once."""
        if not self._rules:
            return ()
        held: set[int] = set()
        for pattern in patterns:
            if pattern in self.patterns:
                for role in roles:
                    held.update(self._found.get((role, pattern), ()))
        return tuple(
            self._rules[position]
            for position in sorted(held)
            if self._rules[position].id not in suspended and roles.isdisjoint(self._exempt.get(position, ()))
        )


class PartyIndex(Generic[T]):
    """Rules by the roles and the targets that they name. Never changes."""

    def __init__(self, rules: Sequence[T]) -> None:
        self._rules: tuple[T, ...] = tuple(rules)
        self._of_roles: dict[str, list[int]] = {}
        self._of_targets: dict[str, list[int]] = {}
        for position, rule in enumerate(self._rules):
            for role in rule.roles:
                self._of_roles.setdefault(role, []).append(position)
            for target in rule.targets:
                self._of_targets.setdefault(target, []).append(position)

    def on(self, standing: Standing, suspended: Suspended) -> tuple[T, ...]:
        """Return the rules in force that bind the party, in their order."""
        if not self._rules:
            return ()
        held = {position for role in standing.roles for position in self._of_roles.get(role, ())}
        held.update(position for target in standing.targets for position in self._of_targets.get(target, ()))
        return tuple(self._rules[each] for each in sorted(held) if self._rules[each].id not in suspended)
