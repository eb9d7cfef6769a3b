"""What can only be seen when all documents lie side by side: names used and not declared, declared twice, circles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from metricgate.policy import codes
from metricgate.policy.judging_changes import FLOORS
from metricgate.policy.kinds.roles import Role
from metricgate.policy.names import EVERYONE, is_name
from metricgate.policy.policy import Policy
from metricgate.policy.verdict import DEFAULT_DENY
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Code, Place, Problem


def check_together(policy: Policy) -> tuple[Problem, ...]:
    """Return everything that is wrong between the rules of one policy."""
    return (
        *_check_names(policy),
        *_unknown_roles(policy),
        *_cycles(policy.roles),
        *_unknown_rules(policy),
    )


def _rules_with_roles(policy: Policy) -> Iterator[tuple[str, tuple[str, ...], Place]]:
    for rule in policy.rules:
        yield rule.id, rule.named_roles(), rule.place
    for domain in policy.domains:
        yield domain.id, domain.roles, domain.place


def _check_names(policy: Policy) -> Iterator[Problem]:
    rules = [(name, place) for name, _roles, place in _rules_with_roles(policy)]
    yield from _twice("rule", rules)
    yield from _twice("role", [(role.name, role.place) for role in policy.roles])
    yield from _twice("principal", [(each.party, each.place) for each in policy.principals])
    yield from _twice("test", [(test.name, test.place) for test in policy.tests])
    for name, place in rules:
        if name == DEFAULT_DENY:
            message = f"`{DEFAULT_DENY}` is built in: it stands for the absence of a rule."
            yield _problem_at(codes.RESERVED_NAME, message, place)
        elif not is_name(name):
            yield _problem_at(codes.BAD_NAME, f"{name[:60]!r} cannot be the name of a rule.", place)


def _twice(what: str, named: Iterable[tuple[str, Place]]) -> Iterator[Problem]:
    seen: dict[str, Place] = {}
    for name, place in sorted(named, key=lambda each: (each[1].file or "", each[1].line or 0)):
        if name in seen:
            message = f"The {what} {name!r} is declared twice; the first stands at {_spot_text(seen[name])}."
            yield _problem_at(codes.DUPLICATE, message, place)
        seen.setdefault(name, place)


def _unknown_roles(policy: Policy) -> Iterator[Problem]:
    known = {EVERYONE, *(role.name for role in policy.roles)}
    inherited = ((f"role {role.name}", role.inherits, role.place) for role in policy.roles)
    ruled = ((f"rule {name}", roles, place) for name, roles, place in _rules_with_roles(policy))
    for what, roles, place in (*inherited, *ruled):
        for role in roles:
            if role not in known:
                hint = did_you_mean(role, known)
                message = f"The {what} names the role {role!r}, which no document declares."
                yield _problem_at(codes.UNKNOWN_ROLE, message, place, hint)


def _unknown_rules(policy: Policy) -> Iterator[Problem]:
    known = {DEFAULT_DENY, *FLOORS, *(name for name, _roles, _place in _rules_with_roles(policy))}
    for test in policy.tests:
        for rule in test.named_rules:
            if rule not in known:
                message = f"The test {test.name!r} expects the rule {rule!r}, which no document declares."
                yield _problem_at(codes.UNKNOWN_RULE, message, test.place, did_you_mean(rule, known))


def _cycles(roles: Sequence[Role]) -> Iterator[Problem]:
    """Find circles of inheritance: each is told once, at its first role."""
    parents = {role.name: role.inherits for role in roles}
    told: set[str] = set()
    for role in roles:
        circle = _circle_from(role.name, parents)
        if circle and not told.intersection(circle):
            told.update(circle)
            message = f"Roles inherit in a circle: {' -> '.join((*circle, circle[0]))}."
            yield _problem_at(codes.INHERITANCE_CYCLE, message, role.place)


def _circle_from(start: str, parents: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the shortest way from a role back to itself, or nothing."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    for way in ways:
        for parent in parents.get(way[-1], ()):
            if parent == start:
                return way
            if parent not in seen:
                seen.add(parent)
                ways.append((*way, parent))
    return ()


def _problem_at(code: Code, message: str, place: Place, hint: str | None = None) -> Problem:
    return Problem(code=code, message=message, where=place, hint=hint or code.cure)


def _spot_text(place: Place) -> str:
    return ":".join(str(part) for part in (place.file, place.line, place.column) if part is not None)
