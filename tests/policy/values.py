"""What masks make of values: to tell, without the product's own rule, whether one mask shows more than another."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations

from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.obligation import Mask, MaskMethod

_TEXTS = ("", "a", "ab", "abc", "abd", "xbc", "abcd", "abxcd", "axxxd", "axyxd", "zxyxd", "abcde", "abcdX", "abdde")
_NUMBERS = (0, 1, 2, 3, 5, 7, 10, 12, 14, 15, 16, 19, 20, 22, 29, 30, 31, 44, 45, 46, 59, 60, 61)
_DAYS = tuple(date(2025, 12, 20) + timedelta(days=3 * step) for step in range(40))
_SAMPLES = (*_TEXTS, *_NUMBERS, *_DAYS)


def shown(mask: Mask, value: object) -> object:
    """Return what the mask makes of a value; of one that is not of its kind, nothing."""
    if mask.method is MaskMethod.CONSTANT:
        return mask.value
    if mask.method is MaskMethod.HASH:
        return ("digest", value)
    if mask.method is MaskMethod.PARTIAL and isinstance(value, str):
        hidden = max(len(value) - mask.first - mask.last, 0)
        return value[: mask.first] + "*" * hidden + value[len(value) - mask.last :] if hidden else "*" * len(value)
    if mask.method is MaskMethod.BUCKET and isinstance(value, int) and mask.width:
        return value // mask.width
    return _period(value, mask.grain) if mask.method is MaskMethod.DATE and isinstance(value, date) else None


def _period(day: date, grain: Grain | None) -> object:
    match grain:
        case Grain.WEEK:
            return day.isocalendar()[:2]
        case Grain.MONTH:
            return (day.year, day.month)
        case Grain.YEAR:
            return day.year
        case _:
            return day


def shows_no_more(one: Mask, other: Mask) -> bool:
    """Whether two values that the other mask makes equal are equal under the first as well, whatever the values."""
    kinds = {MaskMethod.PARTIAL: str, MaskMethod.BUCKET: int, MaskMethod.DATE: date}
    fit = kinds.get(one.method) or kinds.get(other.method)
    samples = [each for each in _SAMPLES if fit is None or isinstance(each, fit)]
    return all(
        shown(one, a) == shown(one, b) for a, b in combinations(samples, 2) if shown(other, a) == shown(other, b)
    )
