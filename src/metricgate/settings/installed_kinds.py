"""Which types of metrics and kinds of rules there are: the built-in ones, and those of installed packages."""

from __future__ import annotations

from functools import lru_cache

from metricgate.catalog.building.metrics import MetricType
from metricgate.catalog.metric_types import MetricTypes, with_types
from metricgate.policy.rule_kind import AnyKind
from metricgate.policy.rule_kinds import RuleKinds, with_kinds
from metricgate.settings.extension_points import METRIC_TYPES, RULE_KINDS


def metric_types() -> MetricTypes:
    """Return the built-in types of metrics, and after them every installed one by its entry point's name.

    Raises:
        TypeError: two have the same word.
    """
    return _with_types(tuple(METRIC_TYPES.installed().values()))


def rule_kinds() -> RuleKinds:
    """Return the built-in kinds of rules, and after them every installed one by its entry point's name.

    Raises:
        ValueError: two have the same name or key.
    """
    return _with_kinds(tuple(RULE_KINDS.installed().values()))


@lru_cache(maxsize=4)
def _with_types(more: tuple[MetricType, ...]) -> MetricTypes:
    """Return the same for the same types: files are remembered by the shape that they were read as."""
    return with_types(more)


@lru_cache(maxsize=4)
def _with_kinds(more: tuple[AnyKind, ...]) -> RuleKinds:
    """Return the same for the same kinds, as above."""
    return with_kinds(more)
