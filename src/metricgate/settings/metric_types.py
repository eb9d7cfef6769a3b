"""Which types of metrics are installed: the built-in ones, and those of other packages."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import entry_points

from metricgate.catalog.building.metrics import MetricType
from metricgate.catalog.metric_types import METRIC_TYPES, MetricTypes, with_types


def metric_types() -> MetricTypes:
    """Return the built-in types of metrics, and after them every installed one by its entry point's name.

    Raises:
        TypeError: two have the same word.
    """
    found = sorted(entry_points(group=METRIC_TYPES), key=lambda entry: entry.name)
    return _with_types(tuple(entry.load() for entry in found))


@lru_cache(maxsize=4)
def _with_types(more: tuple[MetricType, ...]) -> MetricTypes:
    """Return the same for the same types: files are remembered by the shape that they were read as."""
    return with_types(more)
