"""Do the members that filters name exist? What they join to exactly is planning's matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from metricgate.catalog import codes
from metricgate.catalog.building.metrics import MetricDraft
from metricgate.catalog.building.origin import Findings
from metricgate.catalog.metrics import Metric, SimpleMetric
from metricgate.catalog.model import SemanticModel
from metricgate.catalog.names import METRIC_TIME, split_metric_call
from metricgate.catalog.paths import entity_owners, reaches
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.predicate import Predicate, members_of
from metricgate.vocabulary.problem import Place

_GRAINS = frozenset(grain.value for grain in Grain)


@dataclass(slots=True)
class MemberCheck:
    """Knows, for each model, the members that a filter over it may name."""

    models: Mapping[str, SemanticModel]
    metrics: Mapping[str, Metric]
    findings: Findings
    calendars: frozenset[str] = frozenset()
    grains: frozenset[str] = frozenset()
    known: dict[str, frozenset[str]] = field(default_factory=dict)
    owners: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.grains = _GRAINS | self.calendars
        self.owners = entity_owners(self.models)

    def check(self, metric: Metric, draft: MetricDraft) -> None:
        """Note every member in the metric's filters that its models cannot reach."""
        self._condition(metric.filter, metric, draft.origin.at("filter"))
        for steps, each in metric.built_from():
            self._input(each.name, each.filter, draft.origin.at(*steps, "filter"))

    def _input(self, name: str, condition: Predicate | None, where: Place) -> None:
        if name in self.metrics:
            self._condition(condition, self.metrics[name], where)

    def _condition(self, condition: Predicate | None, metric: Metric, where: Place) -> None:
        if condition is None:
            return
        models = sorted({leaf.model for leaf in self._leaves(metric)})
        for member in members_of(condition):
            for model in models:
                known = self._members(model)
                if split_metric_call(member) is None and _without_grain(member, self.grains) not in known:
                    hint = did_you_mean(member, known)
                    message = f"the filter names {member!r}, which the model {model!r} does not reach"
                    self.findings.add(codes.DANGLING_REFERENCE, message, where, hint)

    def _leaves(self, metric: Metric) -> Iterator[SimpleMetric]:
        waiting = [metric]
        seen: set[str] = set()
        while waiting:
            here = waiting.pop()
            if isinstance(here, SimpleMetric):
                yield here
            for each in here.rows():
                if each.name in self.metrics and each.name not in seen:
                    seen.add(each.name)
                    waiting.append(self.metrics[each.name])

    def _members(self, model: str) -> frozenset[str]:
        if model not in self.known:
            self.known[model] = frozenset(self._reachable(model))
        return self.known[model]

    def _reachable(self, start: str) -> Iterator[str]:
        """Every spelling: the full path, its shorter ends, and with the model's own primary entity before it."""
        yield METRIC_TIME
        primary = self.models[start].primary_entity
        for reach in reaches(self.models, start, self.owners):
            model = self.models[reach.model]
            names = [each.name for each in model.dimensions] + [each.name for each in model.entities]
            full = (primary, *reach.path) if primary is not None else reach.path
            ends = [full[at:] for at in range(len(full))] + ([()] if not reach.path else [])
            for path in ends:
                for name in names:
                    yield "__".join((*path, name))


def _without_grain(member: str, grains: frozenset[str]) -> str:
    head, _, last = member.rpartition("__")
    return head if head and (last in grains or last.startswith("extract_")) else member
