"""How the words of one question are bound to models: what makes the tables and binders of every scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from metricgate.catalog.metrics import SimpleMetric
from metricgate.catalog.model import SemanticModel
from metricgate.planning.binding import Answers, Binder, SpineRoot
from metricgate.planning.clocks import Clocks
from metricgate.planning.metrics.expanding import Leaf
from metricgate.planning.owning import own_reference
from metricgate.planning.resolving import Resolver
from metricgate.planning.scan_parts import Measure
from metricgate.planning.tables import Moment, Tables
from metricgate.vocabulary.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Binders:
    """Makes tables and binders for one question, which share its clocks and note their problems in one list.

    Attributes:
        models: by name.
        resolver: what the caller may name.
        answers: plans the questions that filters ask.
        clocks: of the question's times.
        problems: every binder appends to it.
    """

    models: Mapping[str, SemanticModel]
    resolver: Resolver
    answers: Answers
    clocks: Clocks
    problems: list[Problem]

    def tables(self, root: SemanticModel, metric: SimpleMetric | None, *, whole: bool = False) -> Tables:
        """Return the tables of a scan, with the moment at which changing rows hold; ``whole`` as of ``ScanTables``."""
        name = None if metric is None else metric.time_dimension
        dimension = None if name is None else root.dimension(name)
        time = None
        if dimension is not None:
            time = Moment(reference=own_reference(root, dimension), dimension=dimension, clocks=self.clocks)
        return Tables(root, self.models, time, whole=whole)

    def binder(self, root: SemanticModel, tables: Tables, asked_for: str, spine: SpineRoot | None = None) -> Binder:
        """Return a binder for the question; ``asked_for`` is what its problems speak of."""
        return Binder(
            resolver=self.resolver,
            root=root,
            tables=tables,
            clocks=self.clocks,
            problems=self.problems,
            asked_for=asked_for,
            answers=self.answers,
            spine=spine,
        )

    def measure(self, binder: Binder, leaf: Leaf) -> Measure:
        """Return a leaf's aggregate under its filters, which ``binder`` binds; problems of these are noted."""
        metric = leaf.metric
        place = f"metric {metric.header.name}"
        bound = [binder.condition(each, place, metric.time_dimension, from_metric=True) for each in leaf.filters]
        return Measure(
            name=leaf.measure,
            aggregation=metric.aggregation,
            expression=self.clocks.reading(metric.model, metric.expression),
            percentile=metric.percentile,
            filters=tuple(each for each in bound if each is not None),
            fill=metric.fill_nulls_with,
        )
