"""Names as callers write them -> full metric names that they may see, or a question back.

Only metrics that the caller may describe are candidates: a hidden metric neither makes a name ambiguous nor shows up in
a hint, and its full name is answered like one that does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from metricgate.catalog.labels import with_labels
from metricgate.catalog.metrics import Metric, Status
from metricgate.gateway.call_context import CallContext
from metricgate.planning.metric_names import ambiguous_metric, unknown_metric
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.resource import Action, Resource, ResourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Full metric names in the order asked, and how each bare name was decided."""

    metrics: tuple[str, ...]
    notes: tuple[str, ...]


def resolve_metrics(context: CallContext, names: tuple[str, ...]) -> Named | Problems:
    """Return the full name of each of ``names``, or every name that is unknown or ambiguous."""
    full: list[str] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for position, name in enumerate(names):
        found = _resolve(context, name, f"metrics[{position}]")
        if isinstance(found, Problem):
            problems.append(found)
        else:
            full.append(found[0])
            notes.extend(found[1:])
    if problems:
        return Problems(tuple(problems))
    return Named(metrics=tuple(full), notes=tuple(notes))


def resource_of(context: CallContext, metric: str) -> Resource:
    """Return the metric of that full name as policy calls it, with its labels."""
    return with_labels(Resource(ResourceKind.METRIC, metric), context.governance.catalog)


def may_describe(context: CallContext, metric: str) -> bool:
    """Whether the caller may know of the metric."""
    return context.allows(Action.DESCRIBE, resource_of(context, metric))


def knows(context: CallContext, metric: str) -> bool:
    """Whether the metric is there for the caller at all: to be described, or, where that is not granted, queried."""
    resource = resource_of(context, metric)
    return context.allows(Action.DESCRIBE, resource) or context.allows(Action.QUERY, resource)


def is_retired(metric: Metric, today: date) -> bool:
    """Whether the metric's sunset date lies before ``today``; on the date itself it still answers."""
    header = metric.header
    if header.status is not Status.DEPRECATED or header.deprecation is None or header.deprecation.sunset_at is None:
        return False
    return header.deprecation.sunset_at < today.isoformat()


def is_usable(context: CallContext, name: str) -> bool:
    """Whether the metric would answer this caller by its standing: no draft that is closed to it, not retired."""
    metric = context.governance.catalog.metrics[name]
    if metric.header.status is Status.DRAFT:
        return context.allows(Action.QUERY_DRAFT, resource_of(context, name))
    return not is_retired(metric, context.today)


def _resolve(context: CallContext, name: str, path: str) -> tuple[str, ...] | Problem:
    catalog = context.governance.catalog
    if knows(context, name) and name in catalog.metrics:
        return (name,)
    found = catalog.find_metrics(name)
    visible = tuple(metric for metric in found if may_describe(context, metric))
    visible = tuple(metric for metric in visible if is_usable(context, metric)) or visible
    if not visible:
        known = [metric for metric in catalog.metrics if may_describe(context, metric)]
        return unknown_metric(name, known, catalog, path)
    if len(visible) == 1:
        if visible[0] == name:
            return visible
        return visible[0], f"{name!r} was read as {visible[0]!r}, the only metric of that name that you may use."
    decided = context.governance.judge.domain_of(context.call.principal)
    if decided is not None:
        domain, rule = decided
        own = [metric for metric in visible if catalog.metrics[metric].header.domain == domain]
        if len(own) == 1:
            others = ", ".join(metric for metric in visible if metric != own[0])
            return own[
                0
            ], f"{name!r} was read as {own[0]!r} by the domain rule {rule!r}; others of that name: {others}."
    return ambiguous_metric(name, visible, catalog, path, lambda each: may_describe(context, each))
