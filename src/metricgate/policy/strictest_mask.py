"""Several masks on one column -> the one that shows no more than any of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.obligation import Mask, MaskMethod


def strictest_mask(masks: Sequence[Mask]) -> Mask:
    """Return what every one of these masks would let through, usable in what all of them are.

    NULL shows nothing and goes before all. Masks of one method give the coarser: fewer characters on each side, the
    wider bucket, the longer period. Two of which neither shows less than the other (a hash and a part of the value,
    buckets of 10 and 15, weeks and months) give NULL. A constant, which shows nothing either, takes the place of any
    one other. So one more mask never shows more, in whatever order they come; of two constants the first stays. The
    rule that is named is the first that is as strict as the outcome.

    Args:
        masks: of one column, at least one, in the order of the policy.
    """
    found = _strictest(masks)
    named = next((each.rule for each in masks if _shows(each) == _shows(found)), masks[0].rule)
    return replace(found, rule=named, uses=frozenset.intersection(*(each.uses for each in masks)))


def _strictest(masks: Sequence[Mask]) -> Mask:
    nothing = Mask(rule="", dataset=masks[0].dataset, column=masks[0].column, method=MaskMethod.NULL)
    constants = [each for each in masks if each.method is MaskMethod.CONSTANT]
    others = [each for each in masks if each.method is not MaskMethod.CONSTANT]
    coarsest = _coarsest(others) if others else None
    if others and coarsest is None:
        return nothing
    if coarsest is None or (constants and coarsest.method is not MaskMethod.NULL):
        return constants[0]
    return coarsest


def _coarsest(masks: Sequence[Mask]) -> Mask | None:
    """Return the coarsest of masks none of which is a constant, or None where two of them cannot be compared."""
    first = masks[0]
    methods = {each.method for each in masks}
    if MaskMethod.NULL in methods or len(methods) > 1:
        return next((each for each in masks if each.method is MaskMethod.NULL), None)
    match first.method:
        case MaskMethod.PARTIAL:
            return replace(first, first=min(each.first for each in masks), last=min(each.last for each in masks))
        case MaskMethod.BUCKET:
            widths = sorted({each.width or 0 for each in masks})
            nested = all(_nested(narrow, wide) for narrow, wide in pairwise(widths))
            return replace(first, width=widths[-1]) if nested else None
        case MaskMethod.DATE:
            grains = sorted(each.grain for each in masks if each.grain is not None)
            across = Grain.WEEK in grains and grains[-1] is not Grain.WEEK
            return None if across else replace(first, grain=grains[-1])
        case _:
            return first


def _nested(narrow: float, wide: float) -> bool:
    """Whether buckets of one width hold whole buckets of the other. Only whole widths tell that exactly."""
    return float(wide).is_integer() and float(narrow).is_integer() and wide % narrow == 0


def _shows(mask: Mask) -> tuple[object, ...]:
    return (mask.method, repr(mask.value), mask.first, mask.last, mask.width, mask.grain)
