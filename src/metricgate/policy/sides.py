"""One of two policies that are compared: what the holders of a set of roles may do and how they are narrowed.

Rules are taken by what they do, not by their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from metricgate.policy.conditions import Attribute
from metricgate.policy.kinds.freezes import FreezeRule
from metricgate.policy.kinds.grants import Effect
from metricgate.policy.kinds.holds import HoldRule
from metricgate.policy.kinds.limits import LimitRule
from metricgate.policy.kinds.masks import MaskRule
from metricgate.policy.kinds.minimum_groups import MinimumGroupRule
from metricgate.policy.kinds.row_filters import RowFilterRule
from metricgate.policy.kinds.stops import StopRule
from metricgate.policy.masking import meet
from metricgate.policy.names import EVERYONE
from metricgate.policy.patterns import ANYTHING, covering
from metricgate.policy.policy import Policy
from metricgate.vocabulary.obligation import Mask, SmallGroups
from metricgate.vocabulary.predicate import And, Comparison, Not, Or, Predicate, Scalar, Template


@dataclass(frozen=True, slots=True)
class Subject:
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


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What is narrowed: a pattern, under a condition; ``sort`` tells what narrows it in several ways apart."""

    kind: str
    pattern: str
    condition: str
    sort: str = ""

    @property
    def text(self) -> str:
        """The pattern with its condition."""
        return f"{self.pattern} ({self.condition})" if self.condition else self.pattern


@dataclass(frozen=True, slots=True)
class Narrowing:
    """How something is narrowed: conditions that rows must meet, one mask, or one number; nothing where all is open."""

    conditions: frozenset[str] = frozenset()
    mask: Mask | None = None
    number: float | None = None
    words: str = ""
    larger_is_narrower: bool = False

    @property
    def text(self) -> str:
        """In words; empty where nothing is narrowed."""
        if self.conditions:
            return " and ".join(sorted(self.conditions))
        if self.mask is not None:
            return _mask_text(self.mask)
        return "" if self.number is None else f"{self.words} {self.number:,}".strip()

    @property
    def open(self) -> bool:
        """Whether nothing is narrowed."""
        return not self.conditions and self.mask is None and self.number is None

    def at_most(self, other: Narrowing) -> bool:
        """Whether this shows no more than the other does."""
        if self.open or other.open:
            return other.open
        if self.number is not None and other.number is not None:
            return self.number >= other.number if self.larger_is_narrower else self.number <= other.number
        if self.mask is not None and other.mask is not None:
            same = _shape(meet((other.mask, self.mask))) == _shape(self.mask)
            return same and self.mask.uses <= other.mask.uses
        return self.conditions >= other.conditions


_ALL_LARGE = Narrowing(conditions=frozenset({"answers with a smaller group are refused"}))
_FROZEN = Narrowing(conditions=frozenset({"nothing may be changed"}))
_STOPPED = Narrowing(conditions=frozenset({"no call is served"}))


class Side:
    """One policy, indexed by role."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._parents = {role.name: role.inherits for role in policy.roles}
        self._grants: dict[str, dict[tuple[str, str], list[tuple[Effect, str]]]] = {}
        for grant in policy.grants:
            for role in grant.roles:
                for action in grant.actions:
                    for pattern in grant.patterns:
                        found = self._grants.setdefault(role, {}).setdefault((action.value, pattern), [])
                        found.append((grant.effect, grant.terms.text))
        self._narrowings: dict[str, dict[Key, list[Narrowing]]] = {}
        for roles, key, narrowing in _narrowings(policy):
            for role in roles:
                self._narrowings.setdefault(role, {}).setdefault(key, []).append(narrowing)
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
        self.halts = {
            (target, Key(kind, pattern, rule.terms.text)): narrowing.text
            for kind, narrowing, rule, patterns in _halts(policy)
            for target in rule.targets
            for pattern in patterns
        }
        self.domains = {(role, rule.domain): "means it" for rule in policy.domains for role in rule.roles}

    def of_role(self, name: str) -> Subject:
        """Return what a holder of the role alone is; nobody but ``everyone`` where there is no such role."""
        return Subject(self._closure([name] if name in self._parents else []))

    def of_party(self, party: str) -> Subject:
        """Return what a party is by name."""
        return Subject(self._closure(role.name for role in self._policy.roles if party in role.members))

    def same_as(self, other: Side, role: str) -> bool:
        """Whether the role's own rules do the same on both sides."""
        mine, theirs = self._grants.get(role, {}), other._grants.get(role, {})
        return mine == theirs and self._narrowings.get(role, {}) == other._narrowings.get(role, {})

    def granted(self, subject: Subject) -> Iterator[tuple[str, str]]:
        """Yield every (action, pattern) that a grant to any of the roles names."""
        for role in subject.roles:
            yield from self._grants.get(role, {})

    def right(self, subject: Subject, action: str, pattern: str) -> Right:
        """Return what holds for things that the pattern covers and no narrower one."""
        found: dict[Effect, set[str]] = {Effect.ALLOW: set(), Effect.DENY: set()}
        for each in covering(pattern):
            for role in subject.roles:
                for effect, condition in self._grants.get(role, {}).get((action, each), ()):
                    found[effect].add(condition)
        allowed, denied = ({""} if "" in each else each for each in (found[Effect.ALLOW], found[Effect.DENY]))
        # What is always denied is not allowed under any condition.
        return Right(frozenset() if "" in denied else frozenset(allowed), frozenset(denied))

    def narrowed(self, subject: Subject) -> Iterator[Key]:
        """Yield everything that a rule on any of the roles narrows."""
        for role in subject.roles:
            yield from self._narrowings.get(role, {})

    def narrowing(self, subject: Subject, key: Key) -> Narrowing:
        """Return what all rules of one kind and condition make of things that the pattern covers."""
        found = [
            narrowing
            for each in covering(key.pattern)
            for role in subject.roles
            for narrowing in self._narrowings.get(role, {}).get(Key(key.kind, each, key.condition, key.sort), ())
        ]
        return _together(found)

    def _closure(self, names: Iterable[str]) -> frozenset[str]:
        waiting = list(names)
        found = {EVERYONE}
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._parents.get(name, ()))
        return frozenset(found)


def _narrowings(policy: Policy) -> Iterator[tuple[tuple[str, ...], Key, Narrowing]]:
    for rule in policy.rules:
        match rule:
            case RowFilterRule():
                key = Key("row_filter", f"dataset:{rule.dataset}", rule.terms.text)
                yield rule.roles, key, Narrowing(conditions=frozenset({condition_text(rule.condition)}))
            case MaskRule():
                for pattern in rule.patterns:
                    yield (
                        rule.roles,
                        Key("mask", pattern, _exempting(rule)),
                        Narrowing(mask=replace(rule.on("", ""), rule="")),
                    )
            case MinimumGroupRule():
                yield from _groups(rule)
            case _:
                pass
    for limit in policy.limits:
        yield from _limits(limit)
    for hold in policy.holds:
        yield from _holds(hold)
    for kind, narrowing, halt, patterns in _halts(policy):
        for pattern in patterns:
            yield halt.roles, Key(kind, pattern, halt.terms.text), narrowing


def _groups(rule: MinimumGroupRule) -> Iterator[tuple[tuple[str, ...], Key, Narrowing]]:
    for pattern in rule.patterns:
        narrowing = Narrowing(number=rule.size, words="at least", larger_is_narrower=True)
        yield rule.roles, Key("minimum_group", pattern, _exempting(rule)), narrowing
        if rule.small is SmallGroups.REFUSE:
            yield rule.roles, Key("minimum_group", pattern, _exempting(rule), rule.small), _ALL_LARGE


def _halts(policy: Policy) -> Iterator[tuple[str, Narrowing, FreezeRule | StopRule, tuple[str, ...]]]:
    for freeze in policy.freezes:
        yield "freeze", _FROZEN, freeze, freeze.patterns
    for stop in policy.stops:
        yield "stop", _STOPPED, stop, (ANYTHING,)


def _limits(rule: LimitRule) -> Iterator[tuple[tuple[str, ...], Key, Narrowing]]:
    sorts: dict[str, float | None] = {"rows": rule.rows, "seconds": rule.seconds, "bytes": rule.bytes}
    sorts |= {measure.value: value for measure, value in rule.budgets}
    for pattern in rule.patterns:
        for sort, value in sorts.items():
            if value is not None:
                narrowing = Narrowing(number=value, words=sort.replace("_", " "))
                yield rule.roles, Key("limit", pattern, rule.terms.text, sort), narrowing


def _holds(rule: HoldRule) -> Iterator[tuple[tuple[str, ...], Key, Narrowing]]:
    what = f"{' or '.join(rule.actions) or 'any change'} held for {rule.demand_text}"
    said = f"{what} where {rule.stakes_text}" if rule.stakes_text else what
    for pattern in rule.patterns:
        yield rule.roles, Key("hold", pattern, rule.terms.text), Narrowing(conditions=frozenset({said}))


def _exempting(rule: MaskRule | MinimumGroupRule) -> str:
    exempt = f"except {', '.join(sorted(rule.unless_roles))}" if rule.unless_roles else ""
    return "; ".join(part for part in (exempt, rule.terms.text) if part)


def _together(found: list[Narrowing]) -> Narrowing:
    masks = [each.mask for each in found if each.mask is not None]
    numbers = [each for each in found if each.number is not None]
    if masks:
        return Narrowing(mask=meet(sorted(masks, key=_mask_text)))
    if numbers:
        pick = max if numbers[0].larger_is_narrower else min
        return pick(numbers, key=lambda each: each.number or 0)
    return Narrowing(conditions=reduce(or_, (each.conditions for each in found), frozenset()))


def condition_text(condition: Predicate) -> str:
    """Return a row filter's condition in words; attributes of the caller as ``{attribute: NAME}``."""
    match condition:
        case Comparison():
            values = ", ".join(_value_text(value) for value in condition.values)
            return f"{condition.member} {condition.op} {values}".rstrip()
        case And():
            return f"({' and '.join(map(condition_text, condition.parts))})"
        case Or():
            return f"({' or '.join(map(condition_text, condition.parts))})"
        case Not():
            return f"not {condition_text(condition.part)}"
        case Template():
            values = ", ".join(map(_value_text, condition.values))
            return f"{condition.text} of {', '.join(condition.members)} with {values}".removesuffix(" with ")


def _value_text(value: Scalar) -> str:
    return f"{{attribute: {value}}}" if isinstance(value, Attribute) else repr(value)


def _mask_text(mask: Mask) -> str:
    parts: list[str] = [mask.method.value]
    shown = {"value": mask.value, "first": mask.first, "last": mask.last, "width": mask.width, "grain": mask.grain}
    parts += [f"{name} {value}" for name, value in shown.items() if value not in {None, 0}]
    if mask.uses:
        parts.append(f"usable in {', '.join(sorted(mask.uses))}")
    return ", ".join(parts)


def _shape(mask: Mask) -> tuple[object, ...]:
    return (mask.method, repr(mask.value), mask.first, mask.last, mask.width, mask.grain)
