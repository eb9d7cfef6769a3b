"""What inputs must be, seen when every metric is built: simple where rows are needed, with members that exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from metricgate.catalog import codes
from metricgate.catalog.building.metrics import Draft
from metricgate.catalog.building.origin import Findings, Step
from metricgate.catalog.metrics import (
    ConversionMetric,
    CumulativeMetric,
    DerivedMetric,
    InputMetric,
    Metric,
    Period,
    RatioMetric,
    SimpleMetric,
    Window,
    calendar_of,
)
from metricgate.catalog.model import SemanticModel
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.nearest import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class KindCheck:
    """Knows every metric, model and calendar."""

    metrics: Mapping[str, Metric]
    models: Mapping[str, SemanticModel]
    calendars: frozenset[str]
    findings: Findings

    def check(self, metric: Metric, draft: Draft) -> None:
        """Note inputs that are not simple where they must be, and lengths of time in units that no time spine has."""
        for length, steps in _lengths(metric):
            calendar = calendar_of(length)
            if calendar is not None and calendar not in self.calendars:
                message = f"{calendar!r} is no grain, and no time spine has a custom granularity of that name"
                example = "7 days" if isinstance(length, Window) else "month"
                hint = did_you_mean(calendar, [*self.calendars, *map(str, Grain)]) or f"Write for example {example}."
                self.findings.add(codes.INPUTS, message, draft.origin.at(*steps), hint)
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


def _lengths(metric: Metric) -> Iterator[tuple[Window | Period | None, tuple[Step, ...]]]:
    """Yield every length of time and every period that a definition names, with its place in it."""
    inputs: list[tuple[tuple[Step, ...], InputMetric]]
    match metric:
        case RatioMetric():
            inputs = [(("numerator",), metric.numerator), (("denominator",), metric.denominator)]
        case DerivedMetric():
            inputs = [(("input_metrics", at), each) for at, each in enumerate(metric.inputs)]
        case CumulativeMetric():
            inputs = [(("input_metric",), metric.input)]
            yield metric.window, ("window",)
            yield metric.grain_to_date, ("grain_to_date",)
        case ConversionMetric():
            inputs = [(("base_metric",), metric.base), (("conversion_metric",), metric.conversion)]
            yield metric.window, ("window",)
        case SimpleMetric():
            return
    for place, each in inputs:
        yield each.offset_window, (*place, "offset_window")
        yield each.offset_to_grain, (*place, "offset_to_grain")
