"""What inputs must be, seen when every metric is built: simple where rows are needed, with members that exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from metricgate.catalog import codes
from metricgate.catalog.building.metrics import Draft
from metricgate.catalog.building.origin import Findings, Step
from metricgate.catalog.dependencies import inputs_of
from metricgate.catalog.metrics import ConversionMetric, CumulativeMetric, Metric, SimpleMetric, Window
from metricgate.catalog.model import SemanticModel
from metricgate.vocabulary.nearest import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class KindCheck:
    """Knows every metric, model and calendar."""

    metrics: Mapping[str, Metric]
    models: Mapping[str, SemanticModel]
    calendars: frozenset[str]
    findings: Findings

    def check(self, metric: Metric, draft: Draft) -> None:
        """Note inputs that are not simple where they must be, and windows in units that no time spine has."""
        for window in _windows(metric):
            if window.calendar is not None and window.calendar not in self.calendars:
                message = f"{window.calendar!r} is no grain, and no time spine has a custom granularity of that name"
                hint = did_you_mean(window.calendar, self.calendars) or "Write for example 7 days."
                self.findings.add(codes.INPUTS, message, draft.origin.at(), hint)
        if isinstance(metric, CumulativeMetric):
            self._simple(metric.input.name, draft, "input_metric")
        if isinstance(metric, ConversionMetric):
            base = self._simple(metric.base.name, draft, "base_metric")
            conversion = self._simple(metric.conversion.name, draft, "conversion_metric")
            for index, each in enumerate(metric.constant_properties):
                self._member(base, each.base, draft, ("constant_properties", index, "base_property"))
                self._member(conversion, each.conversion, draft, ("constant_properties", index, "conversion_property"))
            for owner in (base, conversion):
                self._member(owner, metric.entity, draft, ("entity",))
            if len({self._width(owner, metric.entity) for owner in (base, conversion)}) > 1:
                message = (
                    f"the entity {metric.entity!r} has another number of key columns in one model than in the other"
                )
                self.findings.add(codes.JOIN_KEYS, message, draft.origin.at("entity"), "List the same number.")

    def _width(self, metric: SimpleMetric | None, entity: str) -> int:
        model = None if metric is None else self.models.get(metric.model)
        found = None if model is None else model.entity(entity)
        return 1 if found is None else len(found.expressions)

    def _simple(self, name: str, draft: Draft, key: str) -> SimpleMetric | None:
        found = self.metrics.get(name)
        if found is None or isinstance(found, SimpleMetric):
            return found
        message = f"{key} {name!r} is not a simple metric"
        self.findings.add(codes.INPUTS, message, draft.origin.at(key), "Only a simple metric has rows of its own.")
        return None

    def _member(self, metric: SimpleMetric | None, name: str, draft: Draft, steps: tuple[Step, ...]) -> None:
        if metric is None or metric.model not in self.models:
            return
        model = self.models[metric.model]
        if model.entity(name) is None and model.dimension(name) is None:
            members = [*(each.name for each in model.entities), *(each.name for each in model.dimensions)]
            message = f"the model {model.name!r} has no entity or dimension {name!r}"
            self.findings.add(codes.DANGLING_REFERENCE, message, draft.origin.at(*steps), did_you_mean(name, members))


def _windows(metric: Metric) -> Iterator[Window]:
    for each in inputs_of(metric):
        if each.offset_window is not None:
            yield each.offset_window
    if isinstance(metric, (CumulativeMetric, ConversionMetric)) and metric.window is not None:
        yield metric.window
