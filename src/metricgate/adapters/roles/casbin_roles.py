"""Casbin decides who holds which role and which grant applies.

Casbin's role manager says who holds what. Its plain enforcer evaluates a matcher on every grant (linear in their
number) and interprets it step by step (30 us for one grant); its ``FastEnforcer`` keeps the rules selected for a
request in the shared model, so that two threads decide on each other's rules. Here an index picks the few grants that
can concern a request (those of the caller's roles, on one of the patterns that cover the resource), and the model's
matcher, compiled once, decides on exactly these. They stand in the order of priority, denying ones first, so that the
first that matches decides, as under casbin's ``priority`` effect; a test holds the two to the same outcome. Nothing is
kept between decisions, so that threads need no lock for them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet

from casbin import Enforcer
from casbin.model import Model

from metricgate.policy.judge import Judge
from metricgate.policy.kinds.grants import Grant, GrantEffect
from metricgate.policy.kinds.roles import Role
from metricgate.policy.occasion import ALWAYS
from metricgate.policy.patterns import candidates, covers, well_formed
from metricgate.policy.policy import Policy
from metricgate.policy.ports import Ruling
from metricgate.policy.rule_index import NONE_SUSPENDED, Suspended
from metricgate.vocabulary.resource import Action, Resource

MODEL = """
[request_definition]
r = roles, action, resource, labels

[policy_definition]
p = role, action, pattern, eft, rule

[role_definition]
g = _, _

[policy_effect]
e = priority(p.eft) || deny

[matchers]
m = p.role in r.roles && p.action == r.action && covers(p.pattern, r.resource, r.labels)
"""

_REQUEST = ("r_roles", "r_action", "r_resource", "r_labels")
_LINE = ("p_role", "p_action", "p_pattern", "p_eft", "p_rule")
_Matcher = Callable[..., bool]
_Line = tuple[str, str, str, str, str]
_Key = tuple[str, Action, str]


class CasbinRoleBook:
    """A role book on casbin. Built once per policy, never changed, safe to share between threads.

    Args:
        roles: with their members and what they inherit.
        grants: in the order of the policy.
    """

    def __init__(self, roles: Sequence[Role], grants: Sequence[Grant]) -> None:
        self._guard = threading.Lock()
        model = Model()
        model.load_model_from_text(MODEL)
        self._enforcer = Enforcer(model)
        links = [[member, _role(role.name)] for role in roles for member in role.members]
        links += [[_role(role.name), _role(parent)] for role in roles for parent in role.inherits]
        model["g"]["g"].policy = links
        self._enforcer.build_role_links()
        self._matches = _compiled(model["m"]["m"].value)
        self._members = frozenset(member for role in roles for member in role.members)
        self._lines = _indexed(grants)
        self._rulings = {grant.id: Ruling(rule=grant.id, effect=grant.effect) for grant in grants}
        self._patterns = frozenset(pattern for _role_name, _action, pattern in self._lines)

    def roles_of(self, subjects: AbstractSet[str]) -> frozenset[str]:
        """Return the roles of a party, inherited ones included."""
        # Only names that the policy knows: casbin would remember every other one for ever.
        known = self._members & subjects
        with self._guard:
            found = [name for subject in known for name in self._enforcer.get_implicit_roles_for_user(subject)]
        return frozenset(name.removeprefix("role:") for name in found)

    def decide(
        self, roles: frozenset[str], action: Action, resource: Resource, suspended: Suspended = NONE_SUSPENDED
    ) -> Ruling | None:
        """Return the deciding grant, or None."""
        lines = self._candidates(roles, action, resource, suspended)
        if not lines:
            return None
        name = str(resource)
        for line in lines:
            if self._matches(*line, roles, action, name, resource.labels):
                found = self._rulings[line[4]]
                # What no rule could name may still be denied with all that surrounds it.
                return found if found.effect is GrantEffect.DENY or well_formed(resource) else None
        return None

    def _candidates(
        self, roles: Iterable[str], action: Action, resource: Resource, suspended: Suspended
    ) -> list[_Line]:
        found: list[tuple[bool, int, _Line]] = []
        for pattern in candidates(resource):
            if pattern in self._patterns:
                for role in roles:
                    found += self._lines.get((role, action, pattern), ())
        if len(found) > 1:
            found.sort()
        return [line for _allows, _position, line in found if line[4] not in suspended]


def _compiled(matcher: str) -> _Matcher:
    """Compile the model's matcher: casbin's ``p.role`` is ``p_role`` in it by now."""
    words = matcher.replace("&&", "and").replace("||", "or")
    names = ", ".join((*_LINE, *_REQUEST))
    compiled: _Matcher = eval(f"lambda {names}: {words}", {"__builtins__": {}, "covers": covers})  # noqa: S307 - a constant of this file
    return compiled


def _indexed(grants: Sequence[Grant]) -> dict[_Key, list[tuple[bool, int, _Line]]]:
    """Index the grants' lines by role, action and pattern.

    Of several with one effect only those up to the first that is always in force can decide.
    """
    index: dict[_Key, list[tuple[bool, int, _Line]]] = {}
    settled: set[tuple[bool, str, Action, str]] = set()
    for position, grant in enumerate(grants):
        allows = grant.effect is GrantEffect.ALLOW
        for role in grant.roles:
            for action in grant.actions:
                for pattern in grant.patterns:
                    lines = index.setdefault((role, action, pattern), [])
                    if (allows, role, action, pattern) not in settled:
                        lines.append((allows, position, (role, action, pattern, grant.effect, grant.id)))
                    if grant.terms == ALWAYS:
                        settled.add((allows, role, action, pattern))
    return index


def _role(name: str) -> str:
    """Casbin keeps parties and roles in one space of names: the prefix keeps them apart."""
    return f"role:{name}"


def casbin_judge(policy: Policy) -> Judge:
    """Return the judge of a policy, its roles and grants kept by Casbin."""
    return Judge(policy, CasbinRoleBook(policy.roles, policy.grants))
