"""Looking back by the periods of calendars: which spine has them, and which of it can be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from metricgate.catalog.metrics import Window, calendar_of
from metricgate.catalog.saved import TimeSpine
from metricgate.planning.metrics.expansion import LeafMetric
from metricgate.planning.shifts import Shift
from metricgate.planning.spines import Spines
from metricgate.vocabulary.grain import Grain


def looked_back_by(leaf: LeafMetric) -> tuple[str, ...]:
    """Return the calendars by whose periods a leaf looks back, each once; not those of a conversion's window."""
    back: list[Shift | None] = [*leaf.shifts]
    if leaf.running is not None:
        back += [leaf.running.window, leaf.running.grain_to_date]
    return tuple(dict.fromkeys(name for name in map(calendar_of, back) if name is not None))


def home_of(names: Sequence[str], spines: Spines) -> TimeSpine | None:
    """Return the spine that has all the calendars; None where they stand in several, or there are none."""
    homes = {spines.calendars[name][0].name: spines.calendars[name][0] for name in names}
    return next(iter(homes.values())) if len(homes) == 1 else None


def calendars_served(leaf: LeafMetric, base: Grain, spines: Spines) -> bool:
    """Whether a leaf's calendars can be looked back by: all stand in one spine, whose grain is that of the moments."""
    names = looked_back_by(leaf)
    home = home_of(names, spines)
    return not names or (home is not None and home.granularity is base)


def converts_by_calendar(leaf: LeafMetric) -> bool:
    """Whether a conversion's window is given in periods of a calendar: events are no moments of a spine."""
    return leaf.conversion is not None and calendar_of(leaf.conversion.window) is not None


def to_start(leaf: LeafMetric) -> bool:
    """Whether a leaf is read at the start of a period."""
    return any(not isinstance(shift, Window) for shift in leaf.shifts)


def merge_windows(shifts: tuple[Shift, ...]) -> tuple[Shift, ...]:
    """Return the shifts with windows of one calendar that follow each other as one.

    A day that only a period between them lacks is then not lost.
    """
    found: list[Shift] = []
    for shift in shifts:
        last = found[-1] if found else None
        if (
            isinstance(shift, Window)
            and isinstance(last, Window)
            and shift.calendar
            and shift.calendar == last.calendar
        ):
            found[-1] = replace(last, count=last.count + shift.count)
        else:
            found.append(shift)
    return tuple(found)
