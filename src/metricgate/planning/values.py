"""Whether a filter's values fit its operator and its member."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time

from metricgate.planning import codes
from metricgate.planning.scan_parts import Reference
from metricgate.planning.time_values import as_day, as_moment
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.predicate import Comparison, Operator, Scalar
from metricgate.vocabulary.problem import Problem

_TEXT = (Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH)
_NONE = (Operator.IS_NULL, Operator.IS_NOT_NULL)
_LISTS = (Operator.IN, Operator.NOT_IN)


def mismatch(comparison: Comparison, reference: Reference) -> Problem | None:
    """Return what is wrong with the comparison, without its place, or None."""
    return _check_count(comparison) or _nulls(comparison) or _check_types(comparison, reference)


def convert_values(comparison: Comparison, reference: Reference) -> Comparison:
    """Return the comparison with dates or timestamps as values where the member is a time; it must fit."""
    if reference.granularity is None:
        return comparison
    convert = as_day if (reference.grain or reference.granularity) >= Grain.DAY else as_timestamp
    return replace(comparison, values=tuple(convert(value) for value in comparison.values))


def as_timestamp(value: Scalar) -> datetime | None:
    """Return the date-time that a filter's value names; a day is its midnight."""
    moment = as_moment(value)
    if moment is None or isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time())


def _check_count(comparison: Comparison) -> Problem | None:
    given, op = len(comparison.values), comparison.op
    wanted = "one value"
    if op in _NONE:
        wanted, fits = "no value", given == 0
    elif op in _LISTS:
        wanted, fits = "at least one value", given >= 1
    elif op is Operator.BETWEEN:
        wanted, fits = "two values", given == len(("low", "high"))
    else:
        fits = given == 1
    if fits:
        return None
    return Problem(
        code=codes.VALUE_COUNT,
        message=f"{comparison.member!r} {op} wants {wanted}, not {given}.",
        hint="An empty list would match nothing: leave the filter out." if op in _LISTS else None,
    )


def _nulls(comparison: Comparison) -> Problem | None:
    if None not in comparison.values:
        return None
    return Problem(
        code=codes.VALUE_TYPE,
        message=f"{comparison.member!r} {comparison.op} null is never true.",
        hint="Use is_null or is_not_null.",
    )


def _check_types(comparison: Comparison, reference: Reference) -> Problem | None:
    if reference.granularity is None:
        if comparison.op in _TEXT and not all(isinstance(value, str) for value in comparison.values):
            return _wrong_type(comparison, "text")
        return None
    if comparison.op in _TEXT:
        return _wrong_type(comparison, "a comparison such as >= with a date: a time is not text")
    by_day = (reference.grain or reference.granularity) >= Grain.DAY
    for value in comparison.values:
        wanted = _wanted_form(value, reference, by_day=by_day)
        if wanted is not None:
            return _wrong_type(comparison, wanted, value)
    return None


def _wanted_form(value: Scalar, reference: Reference, *, by_day: bool) -> str | None:
    """What should stand in the value's place, or None where it fits."""
    moment = as_moment(value)
    if moment is None:
        return "an ISO 8601 date such as 2026-01-31"
    if by_day and as_day(value) is None:
        return f"a date without a time of day: it is compared by {_grain_name(reference)}"
    if isinstance(moment, datetime) and moment.tzinfo is not None and reference.grain is not None:
        return "a local date-time without an offset"
    return None


def _grain_name(reference: Reference) -> str:
    return str(reference.grain or reference.granularity)


def _wrong_type(comparison: Comparison, wanted: str, value: Scalar = None) -> Problem:
    got = "" if value is None else f", not {str(value)[:60]!r}"
    return Problem(code=codes.VALUE_TYPE, message=f"{comparison.member!r} {comparison.op} wants {wanted}{got}.")
