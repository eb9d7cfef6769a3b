"""Zones, grains and bounds of time."""

from __future__ import annotations

from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from metricgate.catalog.model import Dimension
from metricgate.vocabulary.grain import Grain, WeekStart
from metricgate.vocabulary.predicate import Scalar

_LONGEST_ZONE = 64


@lru_cache(maxsize=512)
def zone_of(name: str) -> ZoneInfo | None:
    """Return the IANA zone of that name, or None."""
    if len(name) > _LONGEST_ZONE or not name.isascii():
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None  # absent, a path, or not a zone file: never a zone


_SUNDAY = 6


def has_clock(dimension: Dimension) -> bool:
    """Whether the dimension's values have a time of day, so that zones matter."""
    return dimension.granularity is not None and dimension.granularity < Grain.DAY


def stored_zone(dimension: Dimension) -> str:
    """The zone of the stored timestamps."""
    return dimension.time_zone or "UTC"


def stored_moment(value: date | datetime, meant: str, stored: str) -> datetime:
    """Return the local time of zone ``stored`` at which ``value``, a local time of zone ``meant``, happens.

    A value with an offset of its own keeps it. A local time that a change of clocks skips or repeats is read with the
    offset before the change (PEP 495, fold 0).
    """
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    if moment.tzinfo is None:
        if meant == stored:
            return moment
        moment = moment.replace(tzinfo=ZoneInfo(meant))
    return moment.astimezone(ZoneInfo(stored)).replace(tzinfo=None)


def starts_period(value: date, grain: Grain, week_start: WeekStart | None = None) -> bool:
    """Whether the day is the first of its week, month, quarter or year; each day is of finer grains."""
    match grain:
        case Grain.WEEK:
            return value.weekday() == (_SUNDAY if week_start is WeekStart.SUNDAY else 0)
        case Grain.MONTH:
            return value.day == 1
        case Grain.QUARTER:
            return value.day == 1 and value.month % 3 == 1
        case Grain.YEAR:
            return value.day == 1 and value.month == 1
        case _:
            return True


def as_day(value: Scalar) -> date | None:
    """Return the day that a filter's value names; None where it is no day or has a time of day."""
    moment = as_moment(value)
    if isinstance(moment, datetime):
        return moment.date() if moment.time() == time() and moment.tzinfo is None else None
    return moment


def as_moment(value: Scalar) -> date | datetime | None:
    """Return the date or date-time that a filter's value names (ISO 8601), or None."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value) if len(value) <= len("2026-01-01") else datetime.fromisoformat(value)
    except ValueError:
        return None
