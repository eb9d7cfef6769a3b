"""One of two policies that are compared: what the holders of a set of roles may do and how they are narrowed.

Rules are taken by what they do, not by their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from metricgate.policy.kinds.grants import GrantEffect
from metricgate.policy.names import EVERYONE
from metricgate.policy.narrowings import NarrowedKey, Narrowing, together
from metricgate.policy.patterns import patterns_covering
from metricgate.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class RoleHolders:
    """Whoever holds exactly these roles."""

    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Right:
    """What grants say: conditions under which they allow and deny; an empty one is always."""

    allowed: frozenset[str]
    denied: frozenset[str]

    @property
    def rank(self) -> int:
        """From always denied over sometimes denied, not granted (0) and sometimes allowed to always."""
        if "" in self.denied:
            return -2
        if not self.allowed:
            return -1 if self.denied else 0
        return 2 if "" in self.allowed and not self.denied else 1

    @property
    def text(self) -> str:
        """In words."""
        if "" in self.denied:
            return "denied"
        allowed = f"allowed {' or '.join(sorted(self.allowed))}" if self.allowed else "not granted"
        return f"{allowed.strip()}, denied {' and '.join(sorted(self.denied))}" if self.denied else allowed.strip()


class PolicyIndex:
    """One policy, indexed by role."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._parents = {role.name: role.inherits for role in policy.roles}
        self._grants: dict[str, dict[tuple[str, str], list[tuple[GrantEffect, str]]]] = {}
        for grant in policy.grants:
            for role in grant.roles:
                for action in grant.actions:
                    for pattern in grant.patterns:
                        found = self._grants.setdefault(role, {}).setdefault((action.value, pattern), [])
                        found.append((grant.effect, grant.terms.text))
        self._narrowings: dict[str, dict[NarrowedKey, list[Narrowing]]] = {}
        self.halts: dict[tuple[str, NarrowedKey], str] = {}
        for rule in policy.rules:
            for key, narrowing in rule.narrowings():
                for role in rule.roles:
                    self._narrowings.setdefault(role, {}).setdefault(key, []).append(narrowing)
                self.halts |= {(target, key): narrowing.text for target in rule.named_targets()}
        self.role_names = frozenset({EVERYONE, *self._parents})
        self.links = {
            **{(member, role.name): "holds" for role in policy.roles for member in role.members},
            **{(role.name, parent): "inherits" for role in policy.roles for parent in role.inherits},
        }
        self.parties = frozenset(member for role in policy.roles for member in role.members)
        self.attributes = {
            **{(role.name, name): repr(value) for role in policy.roles for name, value in role.attributes},
            **{(each.party, name): repr(value) for each in policy.principals for name, value in each.attributes},
        }
        self.owners = {
            (each.party, each.owner): "answers for it" for each in policy.principals if each.owner is not None
        }
        self.domains = {(role, rule.domain): "means it" for rule in policy.domains for role in rule.roles}

    def of_role(self, name: str) -> RoleHolders:
        """Return what a holder of the role alone is; nobody but ``everyone`` where there is no such role."""
        return RoleHolders(self._closure([name] if name in self._parents else []))

    def of_party(self, party: str) -> RoleHolders:
        """Return what a party is by name."""
        return RoleHolders(self._closure(role.name for role in self._policy.roles if party in role.members))

    def same_as(self, other: PolicyIndex, role: str) -> bool:
        """Whether the role's own rules do the same on both sides."""
        mine, theirs = self._grants.get(role, {}), other._grants.get(role, {})
        return mine == theirs and self._narrowings.get(role, {}) == other._narrowings.get(role, {})

    def grants_of(self, subject: RoleHolders) -> Iterator[tuple[str, str]]:
        """Yield every (action, pattern) that a grant to any of the roles names."""
        for role in subject.roles:
            yield from self._grants.get(role, {})

    def right(self, subject: RoleHolders, action: str, pattern: str) -> Right:
        """Return what holds for things that the pattern covers and no narrower one."""
        found: dict[GrantEffect, set[str]] = {GrantEffect.ALLOW: set(), GrantEffect.DENY: set()}
        for each in patterns_covering(pattern):
            for role in subject.roles:
                for effect, condition in self._grants.get(role, {}).get((action, each), ()):
                    found[effect].add(condition)
        allowed, denied = ({""} if "" in each else each for each in (found[GrantEffect.ALLOW], found[GrantEffect.DENY]))
        # What is always denied is not allowed under any condition.
        return Right(frozenset() if "" in denied else frozenset(allowed), frozenset(denied))

    def narrowings_of(self, subject: RoleHolders) -> Iterator[NarrowedKey]:
        """Yield everything that a rule on any of the roles narrows."""
        for role in subject.roles:
            yield from self._narrowings.get(role, {})

    def narrow(self, subject: RoleHolders, key: NarrowedKey) -> Narrowing:
        """Return what all rules of one kind and condition make of things that the pattern covers."""
        found = [
            narrowing
            for each in patterns_covering(key.pattern)
            for role in subject.roles
            for narrowing in self._narrowings.get(role, {}).get(
                NarrowedKey(key.kind, each, key.condition, key.sort), ()
            )
        ]
        return together(found)

    def _closure(self, names: Iterable[str]) -> frozenset[str]:
        waiting = list(names)
        found = {EVERYONE}
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._parents.get(name, ()))
        return frozenset(found)
