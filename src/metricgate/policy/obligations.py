"""What an allowed action owes, put together from the parts that rules of all kinds contribute: the strictest holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from metricgate.policy.enforcement import CallLimit, Obligation
from metricgate.policy.strictest_mask import strictest_mask
from metricgate.policy.verdict import VerdictReason
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Required:
    """Obligations and their reasons; or, in ``missing``, why they cannot be met: then nothing may be done."""

    obligations: Obligations
    reasons: tuple[VerdictReason, ...]
    missing: tuple[VerdictReason, ...]


@dataclass(slots=True)
class _Parts:
    """Parts by what they bind, each in the order in which it came."""

    filters: dict[str, RowFilter] = field(default_factory=dict)
    filtering: list[VerdictReason] = field(default_factory=list)
    masks: dict[tuple[str, str], list[tuple[Mask, VerdictReason]]] = field(default_factory=dict)
    groups: dict[str, MinimumGroup] = field(default_factory=dict)
    grouping: dict[tuple[str, str, str], VerdictReason] = field(default_factory=dict)
    limits: dict[str, tuple[Limit, VerdictReason]] = field(default_factory=dict)
    budgets: list[tuple[Budget, VerdictReason]] = field(default_factory=list)

    def add(self, each: Obligation) -> None:
        """Sort one in."""
        reason = each.reason
        match each.part:
            case RowFilter() as part:
                # By its writing: to Python, a filter on 1 equals one on True.
                self.filters[repr(part)] = part
                self.filtering.append(reason)
            case Mask() as part:
                self.masks.setdefault((part.dataset, part.column), []).append((part, reason))
            case MinimumGroup() as part:
                other = self.groups.get(part.dataset)
                self.groups[part.dataset] = part if other is None else _stricter(other, part)
                self.grouping.setdefault((reason.rule, reason.party, part.dataset), reason)
            case CallLimit(sort=sort, limit=limit):
                held = self.limits.get(sort)
                if held is None or limit.value < held[0].value:
                    self.limits[sort] = limit, reason
            case Budget() as part:
                self.budgets.append((part, reason))
            case _:
                assert_never(each.part)


def combine_obligations(contributed: Iterable[Obligation | VerdictReason]) -> Required:
    """Return what all parts make together.

    Of masks on one column, what each would let through; of minimum groups of one dataset, the largest; of limits of one
    sort, the lowest, which alone is told. Filters and budgets all hold.
    """
    parts = _Parts()
    missing: list[VerdictReason] = []
    for each in contributed:
        if isinstance(each, VerdictReason):
            missing.append(each)
        else:
            parts.add(each)
    masks, masking = _masks(parts)
    limits = {sort: parts.limits[sort] for sort in ("rows", "bytes", "seconds") if sort in parts.limits}
    tightest = {sort: limit for sort, (limit, _reason) in limits.items()}
    return Required(
        obligations=Obligations(
            row_filters=tuple(parts.filters.values()),
            masks=tuple(masks),
            minimum_groups=tuple(parts.groups.values()),
            rows=tightest.get("rows"),
            bytes=tightest.get("bytes"),
            seconds=tightest.get("seconds"),
            budgets=tuple(budget for budget, _reason in parts.budgets),
        ),
        reasons=(
            *parts.filtering,
            *masking,
            *parts.grouping.values(),
            *(reason for _limit, reason in limits.values()),
            *(reason for _budget, reason in parts.budgets),
        ),
        missing=tuple(missing),
    )


def _masks(parts: _Parts) -> tuple[list[Mask], list[VerdictReason]]:
    masks: list[Mask] = []
    reasons: list[VerdictReason] = []
    for binding in parts.masks.values():
        outcome = binding[0][0] if len(binding) == 1 else strictest_mask([mask for mask, _reason in binding])
        masks.append(outcome)
        reasons += _with_outcome(binding, outcome)
    return masks, reasons


def _with_outcome(binding: Sequence[tuple[Mask, VerdictReason]], outcome: Mask) -> list[VerdictReason]:
    """Say in the last reason what several masks make together, where no single one says it."""
    reasons = [reason for _mask, reason in binding]
    if outcome.method is not MaskMethod.NULL or any(mask.method is MaskMethod.NULL for mask, _reason in binding):
        return reasons
    *before, last = reasons
    message = f"{last.message} None of these masks shows less than all others, so that the value is not shown at all."
    return [*before, replace(last, message=message)]


def _stricter(held: MinimumGroup, other: MinimumGroup) -> MinimumGroup:
    """The larger size, of equal ones the first; refused as a whole where either says so."""
    small = SmallGroups.REFUSE if SmallGroups.REFUSE in {held.small, other.small} else SmallGroups.HIDE
    return replace(other if other.size > held.size else held, small=small)
