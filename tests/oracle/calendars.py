"""Periods of a calendar: which day stands where in which of them, numbered once and then looked up."""

from __future__ import annotations

from datetime import datetime


class Periods(dict):
    """A period, or None, for each day; ``every`` lists the days of each period, in the order of the first days."""

    def __init__(self, periods: dict[datetime, object]) -> None:
        super().__init__(periods)
        found: dict[object, list[datetime]] = {}
        for day in sorted(periods):
            if periods[day] is not None:
                found.setdefault(periods[day], []).append(day)
        self.every = list(found.values())
        self.places = {day: (number, place) for number, days in enumerate(self.every) for place, day in enumerate(days)}

    def first_day(self, day: datetime) -> datetime | None:
        """Return the first day of the period that holds the day."""
        return self.every[self.places[day][0]][0] if day in self.places else None

    def day_before(self, day: datetime, count: int, *, clamped: bool = False) -> datetime | None:
        """Return the day at the same place ``count`` periods before; None (clamped: the last) where it has none."""
        number, place = self.places.get(day, (0, 0))
        if number < count:
            return None
        earlier = self.every[number - count]
        if place < len(earlier):
            return earlier[place]
        return earlier[-1] if clamped else None

    def period_after(self, day: datetime | None, count: int) -> list[datetime]:
        """Return the days of the period ``count`` periods after the one that holds the day."""
        number = self.places[day][0] + count if day in self.places else len(self.every)
        return self.every[number] if number < len(self.every) else []
