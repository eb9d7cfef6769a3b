"""What an allowed action owes: rows to hide, values to mask, groups too small to show, limits and budgets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from metricgate.policy.conditions import Missing, bound
from metricgate.policy.indexing import RuleIndex, Suspended
from metricgate.policy.kinds.limits import LimitRule
from metricgate.policy.kinds.masks import MaskRule
from metricgate.policy.kinds.minimum_groups import MinimumGroupRule, dataset_of
from metricgate.policy.kinds.row_filters import RowFilterRule
from metricgate.policy.masking import meet
from metricgate.policy.names import shown
from metricgate.policy.patterns import candidates
from metricgate.policy.policy import Policy
from metricgate.policy.standing import Standing
from metricgate.policy.verdict import Decision, Reason, ReasonKind
from metricgate.vocabulary.obligation import (
    Budget,
    Limit,
    Mask,
    MaskMethod,
    MinimumGroup,
    Obligations,
    RowFilter,
    SmallGroups,
)
from metricgate.vocabulary.resource import Resource, ResourceKind


@dataclass(slots=True, kw_only=True)
class Required:
    """Obligations and their reasons; or, in ``missing``, why they cannot be met: then nothing may be done."""

    obligations: Obligations = field(default_factory=Obligations)
    reasons: list[Reason] = field(default_factory=list)
    missing: list[Reason] = field(default_factory=list)


class ObligationBook:
    """The rules of one policy that narrow, indexed by what they speak of."""

    def __init__(self, policy: Policy) -> None:
        self._filters = RuleIndex[RowFilterRule](policy.row_filters, lambda rule: (f"dataset:{rule.dataset}",))
        self._masks = RuleIndex[MaskRule](policy.masks, lambda rule: rule.patterns, lambda rule: rule.unless_roles)
        self._groups = RuleIndex[MinimumGroupRule](
            policy.minimum_groups, lambda rule: rule.patterns, lambda rule: rule.unless_roles
        )
        self._limits = RuleIndex[LimitRule](policy.limits, lambda rule: rule.patterns)

    def required(
        self, standings: Sequence[Standing], resources: Sequence[Resource], suspended: Suspended = frozenset()
    ) -> Required:
        """Return what these parties owe when they touch these resources.

        Args:
            standings: of the agent and, where there is one, of the user.
            resources: everything that is touched, each once.
            suspended: ids of the rules that are not in force.
        """
        required = Required()
        covering = [(resource, candidates(resource)) for resource in resources]
        filters = self._row_filters(standings, covering, suspended, required)
        masks = self._column_masks(standings, covering, suspended, required)
        groups = self._smallest_groups(standings, covering, suspended, required)
        patterns = {pattern for _resource, patterns in covering for pattern in patterns}
        limits = [(each, self._limits.on(each.roles, patterns, suspended)) for each in standings]
        required.obligations = Obligations(
            row_filters=filters,
            masks=masks,
            minimum_groups=groups,
            rows=_tightest("rows", [(each, rule.id, rule.rows) for each, rules in limits for rule in rules], required),
            bytes=_tightest(
                "bytes", [(each, rule.id, rule.bytes) for each, rules in limits for rule in rules], required
            ),
            seconds=_tightest(
                "seconds", [(each, rule.id, rule.seconds) for each, rules in limits for rule in rules], required
            ),
            budgets=tuple(_budgets(limits, required)),
        )
        return required

    def _row_filters(
        self, standings: Sequence[Standing], covering: _Covering, suspended: Suspended, required: Required
    ) -> tuple[RowFilter, ...]:
        found: dict[str, RowFilter] = {}
        for standing in standings:
            for resource, _patterns in covering:
                if resource.kind is not ResourceKind.DATASET:
                    continue
                for rule in self._filters.on(standing.roles, (f"dataset:{resource.name}",), suspended):
                    condition = bound(rule.condition, standing.attribute)
                    missing = condition if isinstance(condition, Missing) else None
                    reason = Reason(
                        rule=rule.id,
                        party=standing.party,
                        resource=resource,
                        decision=Decision.ALLOW if missing is None else Decision.DENY,
                        message=_filter_message(rule, standing, missing),
                        kind=ReasonKind.ROW_FILTER,
                    )
                    if isinstance(condition, Missing):
                        required.missing.append(reason)
                    else:
                        row_filter = RowFilter(rule=rule.id, dataset=rule.dataset, condition=condition)
                        # By its writing: to Python, a filter on 1 equals one on True.
                        found[repr(row_filter)] = row_filter
                        required.reasons.append(reason)
        return tuple(found.values())

    def _column_masks(
        self, standings: Sequence[Standing], covering: _Covering, suspended: Suspended, required: Required
    ) -> tuple[Mask, ...]:
        masks: dict[str, Mask] = {}
        for resource, patterns in covering:
            if resource.kind is not ResourceKind.COLUMN:
                continue
            dataset, _dot, column = resource.name.partition(".")
            binding: list[Mask] = []
            reasons: list[Reason] = []
            for standing in standings:
                for rule in self._masks.on(standing.roles, patterns, suspended):
                    binding.append(rule.on(dataset, column))
                    reasons.append(_mask_reason(rule, standing, resource))
            if binding:
                masks[resource.name] = meet(binding)
                required.reasons += _with_outcome(reasons, binding, masks[resource.name])
        return tuple(masks.values())

    def _smallest_groups(
        self, standings: Sequence[Standing], covering: _Covering, suspended: Suspended, required: Required
    ) -> tuple[MinimumGroup, ...]:
        groups: dict[str, MinimumGroup] = {}
        told: set[tuple[str, str, str]] = set()
        for resource, patterns in covering:
            dataset = dataset_of(resource)
            if dataset is None:
                continue
            for standing in standings:
                for rule in self._groups.on(standing.roles, patterns, suspended):
                    own = MinimumGroup(rule=rule.id, dataset=dataset, size=rule.size, small=rule.small)
                    groups[dataset] = _stricter(groups.get(dataset, own), own)
                    if (rule.id, standing.party, dataset) not in told:
                        told.add((rule.id, standing.party, dataset))
                        required.reasons.append(_group_reason(rule, standing, dataset))
        return tuple(groups.values())


_Covering = Sequence[tuple[Resource, tuple[str, ...]]]


def _tightest(sort: str, given: Sequence[tuple[Standing, str, float | None]], required: Required) -> Limit | None:
    best: tuple[Limit, str] | None = None
    for standing, rule, value in given:
        if value is not None and (best is None or value < best[0].value):
            best = Limit(rule=rule, value=value), standing.party
    if best is None:
        return None
    limit, party = best
    value = int(limit.value) if limit.value == int(limit.value) else limit.value
    message = f"The rule {limit.rule!r} limits {shown(party)} to {value:,} {sort}."
    required.reasons.append(_reason(limit.rule, party, None, message, ReasonKind.LIMIT))
    return limit


def _budgets(limits: Sequence[tuple[Standing, Sequence[LimitRule]]], required: Required) -> Iterator[Budget]:
    for standing, rules in limits:
        for rule in rules:
            for measure, value in rule.budgets:
                words = measure.value.replace("_", " ")
                what = f"{value:,} {words}" if " " in words else f"{value:,} {words} calls"
                message = f"The rule {rule.id!r} gives {shown(standing.party)} a budget of {what}."
                required.reasons.append(_reason(rule.id, standing.party, None, message, ReasonKind.LIMIT))
                yield Budget(rule=rule.id, party=standing.party, measure=measure, value=value)


def _filter_message(rule: RowFilterRule, standing: Standing, missing: Missing | None) -> str:
    if missing is None:
        return f"The rule {rule.id!r} shows {shown(standing.party)} only some rows of dataset:{rule.dataset}."
    return (
        f"The rule {rule.id!r} on dataset:{rule.dataset} needs the attribute {missing.attribute!r} of "
        f"{shown(standing.party)}, which {missing.why}."
    )


def _mask_reason(rule: MaskRule, standing: Standing, resource: Resource) -> Reason:
    said = f"The rule {rule.id!r} masks {resource} for {shown(standing.party)} ({rule.method})"
    message = f"{said}: {rule.because}" if rule.because else f"{said}."
    return _reason(rule.id, standing.party, resource, message, ReasonKind.MASK)


def _with_outcome(reasons: Sequence[Reason], binding: Sequence[Mask], outcome: Mask) -> list[Reason]:
    """Say in the last reason what several masks make together, where no single one says it."""
    if outcome.method is not MaskMethod.NULL or any(each.method is MaskMethod.NULL for each in binding):
        return list(reasons)
    *before, last = reasons
    message = f"{last.message} None of these masks shows less than all others, so that the value is not shown at all."
    return [*before, _reason(last.rule, last.party, last.resource, message, ReasonKind.MASK)]


def _stricter(held: MinimumGroup, other: MinimumGroup) -> MinimumGroup:
    """The larger size, of equal ones the first; refused as a whole where either says so."""
    small = SmallGroups.REFUSE if SmallGroups.REFUSE in {held.small, other.small} else SmallGroups.HIDE
    return replace(other if other.size > held.size else held, small=small)


def _group_reason(rule: MinimumGroupRule, standing: Standing, dataset: str) -> Reason:
    said = f"The rule {rule.id!r} shows {shown(standing.party)} no group of fewer than {rule.size:,} rows of {dataset}"
    if rule.small is SmallGroups.REFUSE:
        said += ", nor any answer that has one"
    message = f"{said}: {rule.because}" if rule.because else f"{said}."
    resource = Resource(ResourceKind.DATASET, dataset)
    return _reason(rule.id, standing.party, resource, message, ReasonKind.MINIMUM_GROUP)


def _reason(rule: str, party: str, resource: Resource | None, message: str, kind: ReasonKind) -> Reason:
    return Reason(rule=rule, party=party, resource=resource, decision=Decision.ALLOW, message=message, kind=kind)
