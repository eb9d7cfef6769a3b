"""What inputs must be, seen when every metric is built: simple where rows are needed, with members that exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from metricgate.catalog import codes
from metricgate.catalog.building.metrics import MetricDraft
from metricgate.catalog.building.origin import Findings
from metricgate.catalog.metrics import Metric, Period, SimpleMetric, Window, calendar_of
from metricgate.catalog.metrics.metric import Steps
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

    def check(self, metric: Metric, draft: MetricDraft) -> None:
        """Note inputs that are not simple where they must be, and lengths of time in units that no time spine has."""
        for length, steps in _lengths(metric):
            calendar = calendar_of(length)
            if calendar is not None and calendar not in self.calendars:
                message = f"{calendar!r} is no grain, and no time spine has a custom granularity of that name"
                example = "7 days" if isinstance(length, Window) else "month"
                hint = did_you_mean(calendar, [*self.calendars, *map(str, Grain)]) or f"Write for example {example}."
                self.findings.add(codes.INPUTS, message, draft.origin.at(*steps), hint)
        metric.check(_InputChecks(self.metrics, self.models, self.findings, draft))


@dataclass(frozen=True, slots=True)
class _InputChecks:
    """The checks of one metric's inputs."""

    metrics: Mapping[str, Metric]
    models: Mapping[str, SemanticModel]
    findings: Findings
    draft: MetricDraft

    def simple(self, name: str, steps: Steps) -> Metric | None:
        """Return the metric of that full name where it is simple; note it where it is not."""
        found = self.metrics.get(name)
        if found is None or isinstance(found, SimpleMetric):
            return found
        message = f"{steps[0]} {name!r} is not a simple metric"
        place = self.draft.origin.at(*steps)
        self.findings.add(codes.INPUTS, message, place, "Only a simple metric has rows of its own.")
        return None

    def member(self, metric: object | None, name: str, steps: Steps) -> None:
        """Note it where a simple metric's model lacks the member."""
        if not isinstance(metric, SimpleMetric) or metric.model not in self.models:
            return
        model = self.models[metric.model]
        if model.entity(name) is None and model.dimension(name) is None:
            members = [*(each.name for each in model.entities), *(each.name for each in model.dimensions)]
            message = f"the model {model.name!r} has no entity or dimension {name!r}"
            place = self.draft.origin.at(*steps)
            self.findings.add(codes.DANGLING_REFERENCE, message, place, did_you_mean(name, members))

    def same_width(self, metrics: Iterable[object | None], entity: str, steps: Steps) -> None:
        """Note it where an entity has more key columns in one simple metric's model than in another's."""
        if len({self._width(each, entity) for each in metrics}) > 1:
            message = f"the entity {entity!r} has another number of key columns in one model than in the other"
            self.findings.add(codes.JOIN_KEYS, message, self.draft.origin.at(*steps), "List the same number.")

    def _width(self, metric: object | None, entity: str) -> int:
        model = self.models.get(metric.model) if isinstance(metric, SimpleMetric) else None
        found = None if model is None else model.entity(entity)
        return 1 if found is None else len(found.expressions)


def _lengths(metric: Metric) -> Iterator[tuple[Window | Period | None, Steps]]:
    """Yield every length of time and every period that a definition names, with its place in it."""
    for steps, length in metric.lengths():
        yield length, steps
    for steps, each in metric.built_from():
        yield each.offset_window, (*steps, "offset_window")
        yield each.offset_to_grain, (*steps, "offset_to_grain")
