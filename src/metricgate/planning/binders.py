"""How the words of one question are bound to models: what makes the tables and binders of every scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from metricgate.catalog.metrics import SimpleMetric
from metricgate.catalog.model import SemanticModel
from metricgate.planning.clocks import Clocks
from metricgate.planning.member_resolver import Resolver
from metricgate.planning.message_subject import MessageSubject
from metricgate.planning.metrics.expansion import LeafMetric
from metricgate.planning.own_members import own_reference
from metricgate.planning.scan_binder import Answers, Binder, SpineRoot
from metricgate.planning.scan_parts import ScanMeasure
from metricgate.planning.tables import Moment, ScanTables
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

    def tables(self, root: SemanticModel, metric: SimpleMetric | None, *, whole: bool = False) -> ScanTables:
        """Return the tables of a scan, with the moment at which changing rows hold; ``whole`` as of ``ScanTables``."""
        name = None if metric is None else metric.time_dimension
        dimension = None if name is None else root.dimension(name)
        time = None
        if dimension is not None:
            time = Moment(reference=own_reference(root, dimension), dimension=dimension, clocks=self.clocks)
        return ScanTables(root, self.models, time, whole=whole)

    def binder(
        self, root: SemanticModel, tables: ScanTables, asked_for: MessageSubject, spine: SpineRoot | None = None
    ) -> Binder:
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

    def measure(self, binder: Binder, leaf: LeafMetric) -> ScanMeasure:
        """Return a leaf's aggregate under its filters, which ``binder`` binds; problems of these are noted."""
        metric = leaf.metric
        place = f"metric {metric.header.name}"
        bound = [binder.condition(each, place, metric.time_dimension, from_metric=True) for each in leaf.filters]
        return ScanMeasure(
            name=leaf.measure,
            aggregation=metric.aggregation,
            expression=self.clocks.read_expression(metric.model, metric.expression),
            percentile=metric.percentile,
            filters=tuple(each for each in bound if each is not None),
            fill=metric.fill_nulls_with,
        )
