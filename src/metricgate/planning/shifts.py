"""How far back in time a value is taken from: windows of so much time, and starts of periods."""

from __future__ import annotations

from metricgate.catalog.metrics import Period, Window
from metricgate.vocabulary.grain import Grain

Shift = Window | Period
"""Back by a window, or back to the start of a period; either may be of a calendar."""

_OF_MONTHS = (Grain.MONTH, Grain.QUARTER, Grain.YEAR)


def is_elapsed(shift: Shift) -> bool:
    """Whether a shift is a length of time, hours and shorter; days and longer are steps of a calendar."""
    return isinstance(shift, Window) and shift.grain is not None and shift.grain < Grain.DAY


def by_months(shift: Shift) -> bool:
    """Whether the shift is a number of months, which are not equally long."""
    return isinstance(shift, Window) and shift.grain in _OF_MONTHS
