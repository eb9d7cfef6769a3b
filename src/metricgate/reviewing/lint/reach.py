"""Reach: models and dimensions that no question can use.

Whether anybody asks for what can be asked stands in the record, not here.
"""

from __future__ import annotations

from collections.abc import Iterator

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.metrics import SimpleMetric
from metricgate.catalog.paths import entity_owners, reaches
from metricgate.planning.planner import Planner
from metricgate.reviewing import codes
from metricgate.reviewing.lint.lint_problem import lint_problem
from metricgate.vocabulary.problem import Problem


def unreachable(catalog: Catalog) -> Iterator[Problem]:
    """Models that no metric is built on or joins to, and dimensions by which none can be grouped."""
    first = {metric.model: name for name, metric in catalog.metrics.items() if isinstance(metric, SimpleMetric)}
    owners = entity_owners(catalog.models)
    used = {reach.model for root in first for reach in reaches(catalog.models, root, owners)}
    planner = Planner(catalog)
    seen = {(each.model, each.dimension) for name in first.values() for each in planner.reachable((name,))}
    times = {
        (metric.model, metric.time_dimension) for metric in catalog.metrics.values() if isinstance(metric, SimpleMetric)
    }
    for model in catalog.models.values():
        if model.name not in used:
            message = f"no metric uses the model {model.name} or can be grouped by anything of it"
            yield lint_problem(codes.UNUSED_MODEL, message, model.place)
            continue
        for dimension in model.dimensions:
            about = (model.name, dimension.name)
            if about not in seen and about not in times and dimension.validity is None:
                message = f"no metric can be grouped by {model.name}.{dimension.name}"
                yield lint_problem(codes.UNREACHABLE_DIMENSION, message, dimension.place)
