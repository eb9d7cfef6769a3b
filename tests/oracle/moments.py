"""Days and periods, counted the slow way."""

# ruff: noqa: DTZ001, PLR0911 -- one return per grain; local times without a zone are what the tables hold

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta

MONTHS = ("month", "quarter", "year")
ORDER = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")


def moment(value: date | datetime | None) -> datetime | None:
    """Return a date as its midnight, so that dates and times compare."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day)


def start_of(value: datetime | None, grain: str) -> datetime | None:
    """Return the first moment of the period that holds ``value``; weeks begin on Monday."""
    if value is None:
        return None
    midnight = datetime(value.year, value.month, value.day)
    match grain:
        case "second":
            return value.replace(microsecond=0)
        case "minute":
            return value.replace(second=0, microsecond=0)
        case "hour":
            return value.replace(minute=0, second=0, microsecond=0)
        case "day":
            return midnight
        case "week":
            return midnight - timedelta(days=midnight.weekday())
        case "month":
            return midnight.replace(day=1)
        case "quarter":
            return midnight.replace(day=1, month=(value.month - 1) // 3 * 3 + 1)
        case _:
            return midnight.replace(day=1, month=1)


def part_of(value: datetime, part: str) -> int:
    """Return a part of a date as a number; Monday is 1."""
    match part:
        case "dow":
            return value.isoweekday()
        case "doy":
            return value.timetuple().tm_yday
        case "week":
            return value.isocalendar().week
        case "quarter":
            return (value.month - 1) // 3 + 1
    return getattr(value, part)


def after(value: datetime, count: int, unit: str) -> datetime:
    """Return the moment ``count`` months, quarters or years later; where the month is too short, its last day."""
    return before(value, -count, unit)


def before(value: datetime, count: int, unit: str) -> datetime:
    """Return the moment ``count`` units earlier; where the month is too short, its last day."""
    if unit in {"day", "week"}:
        return value - timedelta(days=count * (7 if unit == "week" else 1))
    months = value.year * 12 + value.month - 1 - count * {"month": 1, "quarter": 3, "year": 12}[unit]
    year, month = divmod(months, 12)
    return value.replace(year=year, month=month + 1, day=min(value.day, monthrange(year, month + 1)[1]))
