"""Shared by the benchmarks: how a figure is taken and printed. Run all with ``make bench``."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure beside the floor measured in the same run.

    ``value`` and ``floor`` share ``unit``; ``aim`` is what we try to stay at or under (or over, for rates).
    """

    subject: str
    name: str
    value: float
    unit: str
    floor_name: str
    floor: float
    aim: str = ""


def median_us(work: Callable[[], object], *, rounds: int = 7, calls: int = 200) -> float:
    """Return the median over ``rounds`` of the mean microseconds of one call."""
    work()
    means = []
    for _ in range(rounds):
        begin = time.perf_counter_ns()
        for _ in range(calls):
            work()
        means.append((time.perf_counter_ns() - begin) / calls / 1_000)
    return statistics.median(means)
