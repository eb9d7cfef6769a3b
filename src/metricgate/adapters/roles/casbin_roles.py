"""Casbin decides who holds which role and which grant applies.

Casbin's plain enforcer evaluates its matcher on every rule (linear in their number), and its ``FastEnforcer`` keeps the
rules selected for a request in the shared model, so that two threads decide on each other's rules. Here an index picks
the few grants that can concern a request (those of the caller's roles, on one of the patterns that cover the resource),
casbin's matcher and its ``priority`` effect decide on exactly these, and a lock is held from the selection to the
decision. The candidates stand in the order of priority, denying ones first, so that casbin's explanation names the
deciding rule for an allow and a deny alike. No candidate means no rule: nothing is left to decide.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager

from casbin import Enforcer
from casbin.model import Model
from casbin.util import SimpleEval

from metricgate.policy.kinds.grants import Effect, Grant
from metricgate.policy.kinds.roles import Role
from metricgate.policy.patterns import candidates, covers, well_formed
from metricgate.policy.ports import Ruling
from metricgate.vocabulary.resource import Action, Resource

_MODEL = """
[request_definition]
r = roles, action, resource

[policy_definition]
p = role, action, pattern, eft, rule

[role_definition]
g = _, _

[policy_effect]
e = priority(p.eft) || deny

[matchers]
m = p.role in r.roles && p.action == r.action && covers(p.pattern, r.resource)
"""

_Line = tuple[str, str, str, str, str]
_Key = tuple[str, Action, str]


class CasbinRoleBook:
    """A role book on casbin. Built once per policy, never changed, safe to share between threads.

    Args:
        roles: with their members and what they inherit.
        grants: in the order of the policy.
        guard: held while casbin decides; a lock unless a test shows what happens without.
    """

    def __init__(
        self, roles: Sequence[Role], grants: Sequence[Grant], *, guard: AbstractContextManager[object] | None = None
    ) -> None:
        self._guard = threading.Lock() if guard is None else guard
        model = Model()
        model.load_model_from_text(_MODEL)
        self._enforcer = _Enforcer(model)
        self._enforcer.add_function("covers", covers)
        links = [[member, _role(role.name)] for role in roles for member in role.members]
        links += [[_role(role.name), _role(parent)] for role in roles for parent in role.inherits]
        model["g"]["g"].policy = links
        self._enforcer.build_role_links()
        self._selected = model["p"]["p"]
        self._members = frozenset(member for role in roles for member in role.members)
        self._lines = _indexed(grants)
        self._patterns = frozenset(pattern for _role_name, _action, pattern in self._lines)

    def roles_of(self, subjects: AbstractSet[str]) -> frozenset[str]:
        """Return the roles of a party, inherited ones included."""
        # Only names that the policy knows: casbin would remember every other one for ever.
        known = self._members & subjects
        with self._guard:
            found = [name for subject in known for name in self._enforcer.get_implicit_roles_for_user(subject)]
        return frozenset(name.removeprefix("role:") for name in found)

    def decide(self, roles: frozenset[str], action: Action, resource: Resource) -> Ruling | None:
        """Return the deciding grant, or None."""
        if not well_formed(resource):
            return None
        lines = self._candidates(roles, action, resource)
        if not lines:
            return None
        with self._guard:
            self._selected.policy = lines
            _allowed, line = self._enforcer.enforce_ex(roles, action, str(resource))
        return Ruling(rule=line[4], effect=Effect(line[3])) if line else None

    def _candidates(self, roles: Iterable[str], action: Action, resource: Resource) -> list[_Line]:
        patterns = [pattern for pattern in candidates(resource) if pattern in self._patterns]
        found: list[tuple[bool, int, _Line]] = []
        for pattern in patterns:
            for role in roles:
                found += self._lines.get((role, action, pattern), ())
        found.sort()
        return [line for _allows, _position, line in found]


class _Enforcer(Enforcer):  # type: ignore[misc]  # casbin has no types
    """Parses its matcher once instead of at every decision; the matcher and its functions never change here."""

    _parsed: SimpleEval | None = None

    def _get_expression(self, expr: str, functions: Mapping[str, object] | None = None) -> SimpleEval:
        if self._parsed is None:
            self._parsed = Enforcer._get_expression(expr, functions)  # noqa: SLF001 - the step that is done once
        return self._parsed


def _indexed(grants: Sequence[Grant]) -> dict[_Key, list[tuple[bool, int, _Line]]]:
    """Index the grants' lines by role, action and pattern; of several with one effect only the first can decide."""
    index: dict[_Key, list[tuple[bool, int, _Line]]] = {}
    for position, grant in enumerate(grants):
        allows = grant.effect is Effect.ALLOW
        for role in grant.roles:
            for action in grant.actions:
                for pattern in grant.patterns:
                    lines = index.setdefault((role, action, pattern), [])
                    if all(line[0] is not allows for line in lines):
                        lines.append((allows, position, (role, action, pattern, grant.effect, grant.id)))
    return index


def _role(name: str) -> str:
    """Casbin keeps parties and roles in one space of names: the prefix keeps them apart."""
    return f"role:{name}"
