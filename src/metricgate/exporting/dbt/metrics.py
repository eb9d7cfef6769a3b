"""Metrics of every type -> dbt's latest spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.dependencies import built_on, inputs_of
from metricgate.catalog.metrics import InputMetric, Metric, SimpleMetric
from metricgate.catalog.model import SemanticModel
from metricgate.exporting.conditions import Unsaid
from metricgate.exporting.dbt.filters import Filters
from metricgate.exporting.dbt.models import meta_of
from metricgate.exporting.definitions import Document, WrittenDefinitions
from metricgate.importing.dbt.kept_filters import KEPT_FILTERS, kept_filter
from metricgate.importing.report import Notes
from metricgate.importing.source_parts import without_empty
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import Predicate, Template


@dataclass(slots=True)
class DbtMetricWriter:
    """Writes the metrics of a catalog; ``names`` are their names in dbt."""

    definitions: WrittenDefinitions
    names: Mapping[str, str]
    notes: Notes

    @property
    def _catalog(self) -> Catalog:
        return self.definitions.catalog

    def documents(self) -> dict[str, Document]:
        """Return each metric in dbt's form by its full name here; one that dbt cannot say is told and left out."""
        found: dict[str, Document] = {}
        why: dict[str, str] = {}
        for full, metric in self._catalog.metrics.items():
            try:
                found[full] = self._document(metric)
            except Unsaid as unsaid:
                why[full] = str(unsaid)
        self._without(found, why)
        for full, reason in why.items():
            self.notes.note_dropped(f"the metric {full!r}", self.definitions.metrics[full].place, reason)
        return found

    def _without(self, found: dict[str, Document], why: dict[str, str]) -> None:
        """Leave out what is built on something left out."""
        waiting = True
        while waiting:
            waiting = False
            for full in list(found):
                missing = next((each for each in built_on(self._catalog.metrics[full]) if each not in found), None)
                if missing is not None:
                    del found[full]
                    why[full] = f"it is built on {missing!r}, which is left out"
                    waiting = True

    def _document(self, metric: Metric) -> Document:
        full = metric.header.name
        document = self.definitions.metrics[full].document
        model = self._model(metric)
        meta = meta_of({key: value for key, value in document.items() if key != "label"})
        kept = self._kept(metric, model)
        if kept:
            held = meta.get("meta")
            meta = {"meta": {**(held if isinstance(held, dict) else {}), KEPT_FILTERS: kept}}
        return without_empty(
            name=self.names[full],
            description=metric.header.description,
            label=metric.header.label,
            **self._typed(metric),
            filter=self._filter(metric.filter, model),
            time_granularity=self._grain(metric),
            config=meta,
        )

    def _typed(self, metric: Metric) -> Document:
        keys = metric.as_dbt(self)
        if keys is None:
            raise Unsaid(f"dbt has no metrics of type {metric.type}")
        if (
            isinstance(metric, SimpleMetric)
            and metric.fill_nulls_with is None
            and "fill_nulls_with" in without_empty(**keys)
        ):
            place = self.definitions.metrics[metric.header.name].place
            reason = "a count of nothing is 0 here and no value in dbt: fill_nulls_with: 0 is written"
            self.notes.note_changed(f"the metric {metric.header.name!r}", place, reason)
        return {"type": metric.type, **without_empty(**keys)}

    def input(self, each: InputMetric, *, alias: bool = False) -> Json:
        """Return an input in dbt's form: its name alone where that says all."""
        name = self.names[each.name]
        found = without_empty(
            name=name,
            alias=each.alias if alias and each.alias != name else None,
            filter=self._filter(each.filter, self._model(self._catalog.metrics[each.name])),
            offset_window=None if each.offset_window is None else str(each.offset_window),
            offset_to_grain=None if each.offset_to_grain is None else str(each.offset_to_grain),
        )
        return name if len(found) == 1 else found

    def condition(self, condition: Predicate | None) -> Json:
        """Return a filter over the members of any model."""
        return self._filter(condition, None)

    def model(self, name: str) -> Json:
        """Return a model's name."""
        return name

    def _filter(self, condition: Predicate | None, model: SemanticModel | None) -> str | None:
        if condition is None:
            return None
        return Filters(catalog=self._catalog, names=self.names).text(condition, model)

    def _kept(self, metric: Metric, model: SemanticModel | None) -> list[Json]:
        """Return the filters of the metric and its inputs that are no template: dbt's text cannot hold their form."""
        filters = Filters(catalog=self._catalog, names=self.names)
        inputs = [(each.filter, self._model(self._catalog.metrics[each.name])) for each in inputs_of(metric)]
        found: list[Json] = []
        for each, own in [(metric.filter, model), *inputs]:
            if each is not None and not isinstance(each, Template):
                item = kept_filter(filters.text(each, own), filters.write_filter(each, own))
                found.extend([] if item in found else [item])
        return found

    def _grain(self, metric: Metric) -> str | None:
        """Return what plain ``metric_time`` means: dbt's own rule is the day, ours the grain of the data."""
        if metric.header.time_granularity is not None:
            return str(metric.header.time_granularity)
        grains = [grain for each in self._leaves(metric) if (grain := self._time_grain(each)) is not None]
        finest = max(grains, default=Grain.DAY)
        return str(finest) if finest < Grain.DAY else None

    def _time_grain(self, metric: SimpleMetric) -> Grain | None:
        found = self._catalog.models[metric.model].dimension(metric.time_dimension or "")
        return None if found is None else found.granularity

    def _leaves(self, metric: Metric) -> Iterator[SimpleMetric]:
        if isinstance(metric, SimpleMetric):
            yield metric
            return
        for each in inputs_of(metric):
            yield from self._leaves(self._catalog.metrics[each.name])

    def _model(self, metric: Metric) -> SemanticModel | None:
        """Return the model of all rows that a metric aggregates; None where there are several."""
        models = {each.model for each in self._leaves(metric)}
        return self._catalog.models[next(iter(models))] if len(models) == 1 else None
