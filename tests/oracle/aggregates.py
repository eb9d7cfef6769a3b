"""Aggregates and expressions over values, in plain Python; NULL is None."""

from __future__ import annotations

import math
from collections.abc import Callable

# ruff: noqa: PLR0911 -- one return per aggregation

COUNTS = {"count", "count_distinct", "sum_boolean"}


def aggregate(metric: dict, values: list) -> object:
    """Aggregate values; NULL ones count for nothing."""
    values = [value for value in values if value is not None]
    match metric["agg"]:
        case "count":
            return len(values)
        case "count_distinct":
            return len(set(values))
        case "sum_boolean":
            return sum(values)
    if not values:
        return None
    match metric["agg"]:
        case "sum":
            return sum(values)
        case "average":
            return sum(values) / len(values)
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "median":
            return _percentile(values, 0.5, "continuous")
    return _percentile(values, metric["percentile"], metric["percentile_type"])


def divided(numerator: object, denominator: object) -> float | None:
    """Divide; over zero or nothing there is no value."""
    return None if numerator is None or not denominator else numerator / denominator


DERIVED: dict[str, Callable] = {
    "it": lambda it: it,
    "before": lambda before: before,
    "a - b": lambda a, b: None if None in (a, b) else a - b,
    "a + b": lambda a, b: None if None in (a, b) else a + b,
    "a * 2": lambda a: None if a is None else a * 2,
    "a / b": divided,
    "COALESCE(a, 0) + COALESCE(b, 0)": lambda a, b: (a or 0) + (b or 0),
}


def filled(value: object, fill: object) -> object:
    """Return what stands in the place of no value, if anything does."""
    return fill if value is None and fill is not None else value


def mean(values: list) -> float | None:
    """Return the mean of the values that there are."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _percentile(values: list, share: float, kind: str) -> object:
    """Continuous: between the two neighbours; discrete: the first value that so many do not exceed."""
    values = sorted(values)
    if kind == "discrete":
        return values[max(math.ceil(share * len(values)) - 1, 0)]
    place = share * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)
