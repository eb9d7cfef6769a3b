"""The standing of every party under one policy.

What a credential proves (groups, attributes) counts for verified identities only. An asserted identity is known by its
name alone: its roles and attributes come from policy documents, and they can only narrow what the agent may do.
"""

from __future__ import annotations

from metricgate.policy.conditions import Missing
from metricgate.policy.names import EVERYONE
from metricgate.policy.policy import Policy
from metricgate.policy.ports import RoleBook
from metricgate.policy.resolved_subject import Standing
from metricgate.vocabulary.principal import AttributeValue, Identity, Proof
from metricgate.vocabulary.target import targets_of


class StandingBook:
    """Tells the standing of parties under one policy. Never changes."""

    def __init__(self, policy: Policy, role_book: RoleBook) -> None:
        self._role_book = role_book
        self._giving = tuple(role for role in policy.roles if role.attributes)
        self._given = {each.party: each.attributes for each in policy.principals}

    def of(self, kind: str, identity: Identity) -> Standing:
        """Return the standing of ``identity`` as an ``agent`` or a ``user``."""
        verified = identity.proof is Proof.VERIFIED
        party = f"{kind}:{identity.id}"
        groups = {f"group:{group}" for group in identity.groups} if verified else set()
        roles = self._role_book.roles_of({party, *groups}) | {EVERYONE}
        attributes: dict[str, AttributeValue | Missing] = dict(identity.attributes) if verified else {}
        attributes.update(self._of_roles(roles))
        attributes.update(self._given.get(party, ()))
        return Standing(party=party, roles=roles, attributes=attributes, targets=targets_of(kind, identity))

    def _of_roles(self, roles: frozenset[str]) -> dict[str, AttributeValue | Missing]:
        """Collect the roles' attributes. Two roles that differ leave an attribute without a value: none is guessed."""
        found: dict[str, AttributeValue | Missing] = {}
        given_by: dict[str, str] = {}
        for role in self._giving:
            if role.name not in roles:
                continue
            for name, value in role.attributes:
                if name not in found:
                    found[name] = value
                    given_by[name] = role.name
                elif repr(found[name]) != repr(value):
                    why = f"is given differently by the roles {given_by[name]!r} and {role.name!r}"
                    found[name] = Missing(name, why)
        return found
