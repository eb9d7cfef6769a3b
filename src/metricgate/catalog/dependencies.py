"""What a metric is built on: its inputs, and metrics whose values its filters compare with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metricgate.catalog.metrics import InputMetric, Metric, SimpleMetric
from metricgate.catalog.names import split_metric_call
from metricgate.vocabulary.predicate import members_of


def inputs_of(metric: Metric) -> Iterator[InputMetric]:
    """Yield the metrics that a metric is computed from."""
    yield from (each for _steps, each in metric.built_from())


def named_in_filters(metric: Metric) -> tuple[str, ...]:
    """Return the full names of the metrics whose values the filters of a metric and of its inputs name."""
    filters = [metric.filter, *(each.filter for each in inputs_of(metric))]
    calls = [split_metric_call(member) for each in filters for member in members_of(each)]
    return tuple(dict.fromkeys(call[0] for call in calls if call is not None))


def built_on(metric: Metric) -> tuple[str, ...]:
    """Return the full names of all metrics that a metric needs."""
    return tuple(dict.fromkeys([*(each.name for each in inputs_of(metric)), *named_in_filters(metric)]))


def models_behind(start: str, metrics: Mapping[str, Metric]) -> tuple[str, ...]:
    """Return the names of the models that a metric (by its full name) and all that it needs aggregate, sorted."""
    found: set[str] = set()
    waiting, seen = [start], {start}
    while waiting:
        metric = metrics[waiting.pop()]
        if isinstance(metric, SimpleMetric):
            found.add(metric.model)
        following = [each for each in built_on(metric) if each not in seen]
        seen.update(following)
        waiting.extend(following)
    return tuple(sorted(found))
