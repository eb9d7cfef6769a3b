"""The judge: (principal, action, resources) -> Verdict.

Each resource must be granted to the agent and, where it acts for a user, to the user as well: rights are the
intersection. A denying grant beats an allowing one; what no grant allows is denied. What is allowed carries every row
filter of either party on the datasets named, and the tightest of all limits.

A policy never changes, so a judgement never does either. Judgements are remembered, boundedly, per principal, action
and resources; standings per party; rulings per set of roles, action and resource.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from metricgate.policy.kinds.grants import Effect
from metricgate.policy.names import shown
from metricgate.policy.obligations import ObligationBook
from metricgate.policy.patterns import asked
from metricgate.policy.policy import Policy
from metricgate.policy.ports import RoleBook, Ruling
from metricgate.policy.standing import Standing, standing_of
from metricgate.policy.verdict import DEFAULT_DENY, Decision, Reason, Verdict
from metricgate.vocabulary.principal import Identity, Principal
from metricgate.vocabulary.resource import Action, Resource

_Types = tuple[type, ...]


class Judge:
    """Decides under one policy. Safe to ask from several threads at once, as its role book is.

    Args:
        policy: the rules.
        role_book: built from the same policy's roles and grants.
        memory: how many judgements are remembered; 0 remembers none.
    """

    def __init__(self, policy: Policy, role_book: RoleBook, *, memory: int = 4096) -> None:
        self.policy = policy
        self._role_book = role_book
        self._obligations = ObligationBook(policy)
        self._because = {grant.id: grant.because for grant in policy.grants}
        self._judged = lru_cache(memory)(self._judge)
        self._stood = lru_cache(memory)(self._stand)
        self._ruled = lru_cache(memory * 4)(role_book.decide)

    def judge(self, principal: Principal, action: Action, resources: Sequence[Resource]) -> Verdict:
        """Decide whether ``principal`` may do ``action`` on all of ``resources``. On nothing at all: no.

        Tools are asked about ``call`` and records about ``read_record`` whatever the action, so that the tool can be
        judged together with what it touches (and limits on tools reach the query).
        """
        return self._judged(principal, _types_of(principal), action, tuple(resources))

    def standings(self, principal: Principal) -> tuple[Standing, ...]:
        """Return the standing of the agent and, where there is one, of the user."""
        agent = self._stood("agent", principal.agent, _types_in(principal.agent))
        if principal.user is None:
            return (agent,)
        return agent, self._stood("user", principal.user, _types_in(principal.user))

    def domain_of(self, principal: Principal) -> tuple[str, str] | None:
        """Return (domain, rule id) that bare metric names of the principal mean, or None where that is open.

        It is open where no rule speaks of agent or user, and where rules disagree, within one party or between the
        two: then nothing is guessed and the caller is asked.
        """
        found: dict[str, str] = {}
        for standing in self.standings(principal):
            for rule in self.policy.domains:
                if not standing.roles.isdisjoint(rule.roles):
                    found.setdefault(rule.domain, rule.id)
        return next(iter(found.items())) if len(found) == 1 else None

    def ruling(self, standing: Standing, action: Action, resource: Resource) -> Ruling | None:
        """Return the grant that decides for one party on one resource, or None."""
        return self._ruled(standing.roles, asked(action, resource.kind), resource)

    def _stand(self, kind: str, identity: Identity, _types: _Types) -> Standing:
        return standing_of(kind, identity, self.policy, self._role_book)

    def _judge(
        self, principal: Principal, _types: tuple[_Types, _Types], action: Action, resources: tuple[Resource, ...]
    ) -> Verdict:
        standings = self.standings(principal)
        named = tuple(dict.fromkeys(resources))
        reasons = [self._reason(standing, action, resource) for resource in named for standing in standings]
        denied = [reason for reason in reasons if reason.decision is not Decision.ALLOW]
        if not resources:
            message = "Nothing is named that could be allowed."
            denied = [_default(standing.party, None, message) for standing in standings]
        if denied:
            return self._verdict(action, denied)
        required = self._obligations.required(standings, resources)
        if required.missing:
            return self._verdict(action, required.missing)
        return Verdict(
            action=action,
            decision=Decision.ALLOW,
            reasons=(*reasons, *required.reasons),
            obligations=required.obligations,
            policy_digest=self.policy.digest,
        )

    def _verdict(self, action: Action, denied: Sequence[Reason]) -> Verdict:
        return Verdict(action=action, decision=Decision.DENY, reasons=tuple(denied), policy_digest=self.policy.digest)

    def _reason(self, standing: Standing, action: Action, resource: Resource) -> Reason:
        ruling = self.ruling(standing, action, resource)
        what = shown(f"{standing.party} to {asked(action, resource.kind)} {resource}")
        if ruling is None:
            return _default(standing.party, resource, f"No rule allows {what}.")
        allows = ruling.effect is Effect.ALLOW
        because = self._because[ruling.rule]
        said = f"The rule {ruling.rule!r} {'allows' if allows else 'forbids'} {what}"
        return Reason(
            rule=ruling.rule,
            party=standing.party,
            resource=resource,
            decision=Decision.ALLOW if allows else Decision.DENY,
            message=f"{said}: {because}" if because else f"{said}.",
        )


def _default(party: str, resource: Resource | None, message: str) -> Reason:
    return Reason(rule=DEFAULT_DENY, party=party, resource=resource, decision=Decision.DENY, message=message)


def _types_of(principal: Principal) -> tuple[_Types, _Types]:
    """Tell apart in the memory what Python finds equal: attributes 1, 1.0 and True are different values in SQL."""
    return _types_in(principal.agent), () if principal.user is None else _types_in(principal.user)


def _types_in(identity: Identity) -> _Types:
    if not identity.attributes:
        return ()
    return tuple(
        type(each) for _name, value in identity.attributes for each in (value if isinstance(value, tuple) else (value,))
    )
