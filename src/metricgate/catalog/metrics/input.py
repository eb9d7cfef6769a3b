"""A metric used inside another one."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.catalog.metrics.window import Period, Window
from metricgate.vocabulary.predicate import Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class InputMetric:
    """A metric used inside another: full name, the name it has in the expression, and an own filter.

    Attributes:
        offset_window: its value that long before.
        offset_to_grain: its value at the start of the period.
    """

    name: str
    alias: str
    filter: Predicate | None = None
    offset_window: Window | None = None
    offset_to_grain: Period | None = None
