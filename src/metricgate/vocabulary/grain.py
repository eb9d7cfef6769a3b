"""Grains of time, ordered from fine to coarse; parts of dates."""

from __future__ import annotations

from enum import StrEnum


class Grain(StrEnum):
    """A grain of time. ``<`` compares fineness: ``Grain.DAY < Grain.MONTH``."""

    MILLISECOND = "millisecond"
    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def rank(self) -> int:
        """0 for the finest."""
        return _RANK[self]

    def __lt__(self, other: str) -> bool:
        return self.rank < Grain(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Grain(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Grain(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Grain(other).rank


class WeekStart(StrEnum):
    """The day on which weeks begin. ISO 8601's begin on Monday; the date part ``week`` is always ISO 8601's."""

    MONDAY = "monday"
    SUNDAY = "sunday"


class DatePart(StrEnum):
    """A part of a time, as a number. ``dow`` is ISO 8601's day of the week: Monday is 1, Sunday 7."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"
    DOW = "dow"
    DOY = "doy"


_RANK = {grain: rank for rank, grain in enumerate(Grain)}
