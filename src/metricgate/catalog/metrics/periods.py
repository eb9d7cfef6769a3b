"""Which of a period's values stands for the period."""

from __future__ import annotations

from enum import StrEnum


class PeriodAggregation(StrEnum):
    """Which of a period's running values stands for the period, where the question is coarser than the data."""

    FIRST = "first"
    LAST = "last"
    AVERAGE = "average"
