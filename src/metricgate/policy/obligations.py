"""What an allowed action owes: row filters with the party's attributes bound in them, and limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from metricgate.policy.conditions import Missing, bound
from metricgate.policy.kinds.limits import LimitRule
from metricgate.policy.kinds.row_filters import RowFilterRule
from metricgate.policy.names import shown
from metricgate.policy.patterns import covers
from metricgate.policy.policy import Policy
from metricgate.policy.standing import Standing
from metricgate.policy.verdict import Decision, Reason, ReasonKind
from metricgate.vocabulary.obligation import Limit, Obligations, RowFilter
from metricgate.vocabulary.resource import Resource, ResourceKind


@dataclass(slots=True, kw_only=True)
class Required:
    """Obligations and their reasons; or, in ``missing``, why they cannot be met: then nothing may be done."""

    obligations: Obligations = field(default_factory=Obligations)
    reasons: list[Reason] = field(default_factory=list)
    missing: list[Reason] = field(default_factory=list)


class ObligationBook:
    """The row filters and limits of one policy, indexed by what they speak of."""

    def __init__(self, policy: Policy) -> None:
        self._filters: dict[str, list[RowFilterRule]] = {}
        for rule in policy.row_filters:
            self._filters.setdefault(rule.dataset, []).append(rule)
        self._limits: dict[str, list[tuple[int, LimitRule]]] = {}
        for position, limit in enumerate(policy.limits):
            for role in limit.roles:
                self._limits.setdefault(role, []).append((position, limit))

    def required(self, standings: Sequence[Standing], resources: Sequence[Resource]) -> Required:
        """Return what these parties owe when they touch these resources."""
        required = Required()
        filters: dict[str, RowFilter] = {}
        for standing in standings:
            for row_filter, reason in self._row_filters(standing, resources):
                if row_filter is None:
                    required.missing.append(reason)
                else:
                    # By its writing: to Python, a filter on 1 equals one on True.
                    filters[repr(row_filter)] = row_filter
                    required.reasons.append(reason)
        tightest = {sort: self._tightest(sort, standings, resources) for sort in ("rows", "bytes", "seconds")}
        for sort, found in tightest.items():
            if found is not None:
                limit, party = found
                required.reasons.append(_limit_reason(sort, limit, party))
        limits = {sort: None if found is None else found[0] for sort, found in tightest.items()}
        required.obligations = Obligations(row_filters=tuple(filters.values()), **limits)
        return required

    def filters_on(self, standing: Standing, dataset: str) -> tuple[RowFilterRule, ...]:
        """Return the row filters that bind the party on the dataset, in the order of the policy."""
        rules = self._filters.get(dataset, ())
        return tuple(rule for rule in rules if not standing.roles.isdisjoint(rule.roles))

    def limits_on(self, standing: Standing, resources: Sequence[Resource]) -> tuple[LimitRule, ...]:
        """Return the limits on the party when it touches any of the resources, in the order of the policy."""
        held = {position: rule for role in standing.roles for position, rule in self._limits.get(role, ())}
        named = [str(resource) for resource in resources]
        return tuple(
            rule
            for _position, rule in sorted(held.items())
            if any(covers(pattern, name) for pattern in rule.patterns for name in named)
        )

    def _row_filters(
        self, standing: Standing, resources: Sequence[Resource]
    ) -> Iterator[tuple[RowFilter | None, Reason]]:
        for resource in dict.fromkeys(resources):
            if resource.kind is not ResourceKind.DATASET:
                continue
            for rule in self.filters_on(standing, resource.name):
                condition = bound(rule.condition, standing.attribute)
                missing = isinstance(condition, Missing)
                reason = Reason(
                    rule=rule.id,
                    party=standing.party,
                    resource=resource,
                    decision=Decision.DENY if missing else Decision.ALLOW,
                    message=_filter_message(rule, standing, condition if isinstance(condition, Missing) else None),
                    kind=ReasonKind.ROW_FILTER,
                )
                if isinstance(condition, Missing):
                    yield None, reason
                else:
                    yield RowFilter(rule=rule.id, dataset=rule.dataset, condition=condition), reason

    def _tightest(
        self, sort: str, standings: Sequence[Standing], resources: Sequence[Resource]
    ) -> tuple[Limit, str] | None:
        best: tuple[Limit, str] | None = None
        for standing in standings:
            for rule in self.limits_on(standing, resources):
                value = {"rows": rule.rows, "bytes": rule.bytes, "seconds": rule.seconds}[sort]
                if value is not None and (best is None or value < best[0].value):
                    best = Limit(rule=rule.id, value=value), standing.party
        return best


def _filter_message(rule: RowFilterRule, standing: Standing, missing: Missing | None) -> str:
    if missing is None:
        return f"The rule {rule.id!r} shows {shown(standing.party)} only some rows of dataset:{rule.dataset}."
    return (
        f"The rule {rule.id!r} on dataset:{rule.dataset} needs the attribute {missing.attribute!r} of "
        f"{shown(standing.party)}, which {missing.why}."
    )


def _limit_reason(sort: str, limit: Limit, party: str) -> Reason:
    value = int(limit.value) if limit.value == int(limit.value) else limit.value
    return Reason(
        rule=limit.rule,
        party=party,
        resource=None,
        decision=Decision.ALLOW,
        message=f"The rule {limit.rule!r} limits {shown(party)} to {value:,} {sort}.",
        kind=ReasonKind.LIMIT,
    )
