"""The judge: (principal, action, resources) -> Verdict.

Each resource must be granted to the agent and, where it acts for a user, to the user as well: rights are the
intersection. A denying grant beats an allowing one; what no grant allows is denied. What is allowed carries every row
filter of either party on the datasets named, and the tightest of all limits.

What is touched without needing a grant (the columns that a metric reads) is judged too: a denying grant on it denies,
and its masks and minimum groups bind.

Before all of these, a stop serves nothing to whom it binds, and a freeze denies every action that changes data.

A policy never changes, so a judgement under the same circumstances never does either. Which conditional rules are in
force is told first, from the purpose and the minute; judgements are remembered, boundedly, per principal, action,
resources and the rules that are not in force; standings per party; rulings per roles, action, resource and these rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from metricgate.policy.enforcement import JudgedCall
from metricgate.policy.kinds.grants import GrantEffect
from metricgate.policy.names import for_display
from metricgate.policy.obligations import Required, combine_obligations
from metricgate.policy.occasion import ALWAYS, UNKNOWN_CONTEXT, EvaluationContext, Terms, normalize_purpose
from metricgate.policy.patterns import effective_action
from metricgate.policy.policy import Policy
from metricgate.policy.ports import RoleBook, Ruling
from metricgate.policy.resolved_subject import Standing
from metricgate.policy.rule_index import NONE_SUSPENDED, Suspended
from metricgate.policy.standing_book import StandingBook
from metricgate.policy.verdict import DEFAULT_DENY, Decision, Verdict, VerdictReason
from metricgate.vocabulary.obligation import RowFilter
from metricgate.vocabulary.principal import Identity, Principal
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

_CASELESS = frozenset({ResourceKind.COLUMN, ResourceKind.FUNCTION})
_MOST_OCCASIONS = 64
_OTHER = "(another purpose)"
"""Stands for all purposes that no rule names, so that made-up ones do not fill the memory."""
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
        self._standings = StandingBook(policy, role_book)
        self.enforcements = tuple(kind.enforce(rules) for kind, rules in policy.by_kind.items() if rules)
        self._because = {grant.id: grant.because for grant in policy.grants}
        self._conditional = tuple(_conditional(policy))
        self._purposes = frozenset().union(*(terms.purposes for _rule, terms, _allows in self._conditional))
        self._judged = lru_cache(memory)(self._judge)
        self._stood = lru_cache(memory)(self._stand)
        self._ruled = lru_cache(memory * 4)(role_book.decide)
        self._told = lru_cache(_MOST_OCCASIONS)(self._tell)

    def judge(
        self,
        principal: Principal,
        action: Action,
        resources: Sequence[Resource],
        *,
        unless_forbidden: Sequence[Resource] = (),
        circumstances: EvaluationContext = UNKNOWN_CONTEXT,
    ) -> Verdict:
        """Decide whether ``principal`` may do ``action`` on all of ``resources``. On nothing at all: no.

        Tools are asked about ``call`` and records about ``read_record`` whatever the action, so that the tool can be
        judged together with what it touches (and limits on tools reach the query). Columns and functions are asked
        about ``read``.

        Args:
            principal: who asks.
            action: what for.
            resources: each needs a grant, of the agent and of the user.
            unless_forbidden: what is touched besides: it needs no grant, but a denying one counts, and what narrows it.
            circumstances: purpose and time, for rules that have conditions.
        """
        types = _types_of(principal)
        return self._judged(
            principal, types, action, tuple(resources), tuple(unless_forbidden), self.suspended_rules(circumstances)
        )

    def judge_person(
        self,
        person: Identity,
        action: Action,
        resources: Sequence[Resource],
        *,
        circumstances: EvaluationContext = UNKNOWN_CONTEXT,
    ) -> Verdict:
        """Decide whether a person, acting for nobody and with no agent between, may do ``action`` on all of these.

        Only doors at which people prove themselves ask so: no credential of an agent's leads here. A stop that names
        the person, one of its groups or roles denies; one of everybody does not, nor a freeze: people clean up then.
        """
        standing = self._stood("user", person, _types_in(person))
        suspended = self.suspended_rules(circumstances)
        named = tuple(dict.fromkeys(map(as_named, resources)))
        reasons = [self._reason(standing, action, each, suspended) for each in named]
        if not reasons:
            reasons = [_default(standing.party, None, "Nothing is named that could be allowed.")]
        denied = [reason for reason in reasons if reason.decision is not Decision.ALLOW]
        denied = [*self._of_person(standing, suspended), *denied]
        if denied:
            return self._verdict(action, denied)
        return Verdict(action=action, decision=Decision.ALLOW, reasons=tuple(reasons), policy_digest=self.policy.digest)

    def stop_reason(self, person: Identity, *, circumstances: EvaluationContext = UNKNOWN_CONTEXT) -> str | None:
        """Return why a person may do nothing at any door, or None: a stop names the person, a group or a role."""
        standing = self._stood("user", person, _types_in(person))
        return next((each.message for each in self._of_person(standing, self.suspended_rules(circumstances))), None)

    def person_reads(
        self,
        person: Identity,
        column: Resource,
        dataset: Resource,
        *,
        needs_grant: bool,
        circumstances: EvaluationContext = UNKNOWN_CONTEXT,
    ) -> bool:
        """Whether a person may be shown the column's values as they are: no rule denies, and none masks them.

        Args:
            person: who looks.
            column: with its labels.
            dataset: the column's own; a rule that denies reading it hides all of its columns.
            needs_grant: whether a rule must allow it, too.
            circumstances: purpose and time, for rules that have conditions.
        """
        standing = self._stood("user", person, _types_in(person))
        suspended = self.suspended_rules(circumstances)
        found = self.deciding_grant(standing, Action.READ, as_named(column), suspended)
        above = self.deciding_grant(standing, Action.READ, as_named(dataset), suspended)
        if any(each is not None and each.effect is GrantEffect.DENY for each in (found, above)):
            return False
        if needs_grant and found is None:
            return False
        owed = self._required_of(standing, (as_named(dataset), as_named(column)), suspended).obligations
        return not any(column.name.lower() == f"{each.dataset}.{each.column}".lower() for each in owed.masks)

    def person_filters(
        self, person: Identity, dataset: Resource, *, circumstances: EvaluationContext = UNKNOWN_CONTEXT
    ) -> tuple[RowFilter, ...] | None:
        """Return the row filters that bind a person on a dataset; None where one needs what is not known of them."""
        standing = self._stood("user", person, _types_in(person))
        owed = self._required_of(standing, (as_named(dataset),), self.suspended_rules(circumstances))
        return None if owed.missing else owed.obligations.row_filters

    def roles_of_person(self, person: Identity) -> frozenset[str]:
        """Return the roles of a person, inherited ones included."""
        return self._stood("user", person, _types_in(person)).roles

    def suspended_rules(self, circumstances: EvaluationContext) -> Suspended:
        """Return the ids of the conditional rules that are not in force."""
        if not self._conditional:
            return NONE_SUSPENDED
        purpose = None if circumstances.purpose is None else normalize_purpose(circumstances.purpose)
        if purpose is not None and purpose not in self._purposes:
            purpose = _OTHER
        return self._told(purpose, None if circumstances.now is None else int(circumstances.now.timestamp() // 60))

    def _tell(self, purpose: str | None, minute: int | None) -> Suspended:
        now = None if minute is None else datetime.fromtimestamp(minute * 60, UTC)
        circumstances = EvaluationContext(purpose=purpose, now=now)
        known: dict[tuple[Terms, bool], bool] = {}
        for _rule, terms, allows in self._conditional:
            if (terms, allows) not in known:
                known[terms, allows] = terms.in_force(circumstances, allows=allows)
        return frozenset(rule for rule, terms, allows in self._conditional if not known[terms, allows])

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

    def deciding_grant(
        self, standing: Standing, action: Action, resource: Resource, suspended: Suspended = NONE_SUSPENDED
    ) -> Ruling | None:
        """Return the grant that decides for one party on one resource, or None."""
        return self._ruled(standing.roles, effective_action(action, resource.kind), resource, suspended)

    def _stand(self, kind: str, identity: Identity, _types: _Types) -> Standing:
        return self._standings.of(kind, identity)

    def _judge(
        self,
        principal: Principal,
        _types: tuple[_Types, _Types],
        action: Action,
        resources: tuple[Resource, ...],
        touched: tuple[Resource, ...],
        suspended: Suspended,
    ) -> Verdict:
        standings = self.standings(principal)
        named = tuple(dict.fromkeys(map(as_named, resources)))
        reasons = [self._reason(standing, action, each, suspended) for each in named for standing in standings]
        beside = tuple(each for each in dict.fromkeys(map(as_named, touched)) if each not in named)
        if not resources:
            message = "Nothing is named that could be allowed."
            return self._verdict(action, [_default(standing.party, None, message) for standing in standings])
        denied = [reason for reason in reasons if reason.decision is not Decision.ALLOW]
        denied += (
            self._ruled_reason(standing, action, each, ruling)
            for each in beside
            for standing in standings
            if (ruling := self.deciding_grant(standing, action, each, suspended)) is not None
            and ruling.effect is GrantEffect.DENY
        )
        call = JudgedCall.of(standings, action, (*named, *beside), suspended)
        denied = [*self._denials(call), *denied]
        if denied:
            return self._verdict(action, denied)
        owed = self._required(call)
        if owed.missing:
            return self._verdict(action, owed.missing)
        return Verdict(
            action=action,
            decision=Decision.ALLOW,
            reasons=(*reasons, *owed.reasons),
            obligations=owed.obligations,
            policy_digest=self.policy.digest,
        )

    def _denials(self, call: JudgedCall) -> list[VerdictReason]:
        """Return what rules deny whatever is granted; first what they deny of the call as a whole."""
        found = [reason for each in self.enforcements for reason in each.denials(call)]
        return sorted(found, key=lambda reason: reason.resource is not None) if len(found) > 1 else found

    def _of_person(self, standing: Standing, suspended: Suspended) -> Iterator[VerdictReason]:
        return (reason for each in self.enforcements for reason in each.denials_of_person(standing, suspended))

    def _required(self, call: JudgedCall) -> Required:
        return combine_obligations(part for each in self.enforcements for part in each.obligations(call))

    def _required_of(self, standing: Standing, read: Sequence[Resource], suspended: Suspended) -> Required:
        """Return what one party owes that reads these."""
        return self._required(JudgedCall.of((standing,), Action.READ, read, suspended))

    def _verdict(self, action: Action, denied: Sequence[VerdictReason]) -> Verdict:
        return Verdict(action=action, decision=Decision.DENY, reasons=tuple(denied), policy_digest=self.policy.digest)

    def _reason(self, standing: Standing, action: Action, resource: Resource, suspended: Suspended) -> VerdictReason:
        ruling = self.deciding_grant(standing, action, resource, suspended)
        if ruling is not None:
            return self._ruled_reason(standing, action, resource, ruling)
        what = for_display(f"{standing.party} to {effective_action(action, resource.kind)} {resource}")
        return _default(standing.party, resource, f"No rule allows {what}.")

    def _ruled_reason(self, standing: Standing, action: Action, resource: Resource, ruling: Ruling) -> VerdictReason:
        allows = ruling.effect is GrantEffect.ALLOW
        because = self._because[ruling.rule]
        what = for_display(f"{standing.party} to {effective_action(action, resource.kind)} {resource}")
        said = f"The rule {ruling.rule!r} {'allows' if allows else 'forbids'} {what}"
        return VerdictReason(
            rule=ruling.rule,
            party=standing.party,
            resource=resource,
            decision=Decision.ALLOW if allows else Decision.DENY,
            message=f"{said}: {because}" if because else f"{said}.",
        )


def _conditional(policy: Policy) -> Iterator[tuple[str, Terms, bool]]:
    """Yield id, condition, and whether it allows, of every rule that has a condition."""
    for rule in policy.rules:
        if rule.terms != ALWAYS:
            yield rule.id, rule.terms, rule.opens


def as_named(resource: Resource) -> Resource:
    """Columns and functions are what they are in any case; rules name them in lower case."""
    if resource.kind not in _CASELESS or resource.name == resource.name.lower():
        return resource
    return Resource(resource.kind, resource.name.lower(), resource.labels)


def _default(party: str, resource: Resource | None, message: str) -> VerdictReason:
    return VerdictReason(rule=DEFAULT_DENY, party=party, resource=resource, decision=Decision.DENY, message=message)


def _types_of(principal: Principal) -> tuple[_Types, _Types]:
    """Tell apart in the memory what Python finds equal: attributes 1, 1.0 and True are different values in SQL."""
    return _types_in(principal.agent), () if principal.user is None else _types_in(principal.user)


def _types_in(identity: Identity) -> _Types:
    if not identity.attributes:
        return ()
    return tuple(
        type(each) for _name, value in identity.attributes for each in (value if isinstance(value, tuple) else (value,))
    )
