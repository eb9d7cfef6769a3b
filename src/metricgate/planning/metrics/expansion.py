"""What every metric type's file needs to expand a metric: the catalog, and where measures are noted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import InputMetric, Metric, Period, PeriodAggregation, SimpleMetric, Window
from metricgate.catalog.metrics.metric import Equal
from metricgate.catalog.metrics.simple import COUNTING
from metricgate.planning.metrics.values import DerivedValue, MeasureValue, RatioValue, Value
from metricgate.planning.shifts import Shift
from metricgate.vocabulary.predicate import Predicate

Filters = tuple[Predicate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterScope:
    """What holds for everything below a metric: the filters from above, and how far back in time."""

    filters: Filters = ()
    shifts: tuple[Shift, ...] = ()

    def with_filter(self, own: Predicate | None) -> FilterScope:
        """Return the same with one filter more, in front of the others."""
        return self if own is None or own in self.filters else replace(self, filters=(own, *self.filters))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningWindow:
    """Rows up to each moment, of the metric of that full name: within a window, or since a period's start."""

    name: str
    window: Window | None
    grain_to_date: Period | None
    period_aggregation: PeriodAggregation


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversions:
    """Conversions of base events, for the metric of that full name: same entity and members, within a window."""

    name: str
    entity: str
    equal: Equal
    window: Window | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafMetric:
    """A simple metric under all that is above it; ``measure`` is its unique name in the plan.

    Attributes:
        running: it is read over the rows up to each moment.
        conversion: what is counted are conversions of its rows, which are base events.
    """

    measure: str
    metric: SimpleMetric
    filters: Filters
    shifts: tuple[Shift, ...] = ()
    running: RunningWindow | None = None
    conversion: Conversions | None = None
    converted: SimpleMetric | None = None
    converted_filters: Filters = ()


class Expansion:
    """Takes metrics apart down to simple ones; the same metric under the same conditions is one measure."""

    def __init__(self, metrics: Mapping[str, Metric], taken: set[str]) -> None:
        self._metrics = metrics
        self._taken = set(taken)
        self._leaves: dict[tuple[object, ...], LeafMetric] = {}

    @property
    def leaves(self) -> tuple[LeafMetric, ...]:
        """All measures noted so far, in the order of their first use."""
        return tuple(self._leaves.values())

    def value_of(self, metric: Metric, under: FilterScope = FilterScope()) -> Value:
        """Return what the metric is over the noted measures."""
        return metric.expand(_Within(self, metric, under))

    def input(self, each: InputMetric, under: FilterScope) -> Value:
        """Return the value of an input under its own filter and offset and all from above."""
        return self.value_of(self._metrics[each.name], below(each, under))

    def simple(self, each: InputMetric) -> SimpleMetric:
        """Return an input that the catalog has checked to be simple.

        Raises:
            TypeError: it is not.
        """
        found = self._metrics[each.name]
        if not isinstance(found, SimpleMetric):
            raise TypeError(f"{each.name} is not simple")
        return found

    def measure(
        self, metric: SimpleMetric, under: FilterScope, *, running: RunningWindow | None = None
    ) -> MeasureValue:
        """Note a measure and return it."""
        name = metric.header.name if running is None else running.name
        leaf = LeafMetric(
            measure=name.rpartition(".")[2],
            metric=metric,
            filters=under.with_filter(metric.filter).filters,
            shifts=under.shifts,
            running=running,
        )
        return self._value(self._noted(leaf), metric)

    def conversions(
        self,
        asked: Conversions,
        start: SimpleMetric,
        base: FilterScope,
        converted: SimpleMetric,
        conversion: FilterScope,
    ) -> MeasureValue:
        """Note the conversions of the rows of ``start`` and return their measure."""
        leaf = LeafMetric(
            measure=f"{asked.name.rpartition('.')[2]}_conversions",
            metric=start,
            filters=base.with_filter(start.filter).filters,
            shifts=base.shifts,
            conversion=asked,
            converted=converted,
            converted_filters=conversion.with_filter(converted.filter).filters,
        )
        return self._value(self._noted(leaf), converted)

    def _value(self, leaf: LeafMetric, metric: SimpleMetric) -> MeasureValue:
        return MeasureValue(measure=leaf.measure, counts=metric.aggregation in COUNTING, fill=metric.fill_nulls_with)

    def _noted(self, leaf: LeafMetric) -> LeafMetric:
        running = None if leaf.running is None else leaf.running.name
        conversion = None if leaf.conversion is None else leaf.conversion.name
        key = (leaf.metric.header.name, leaf.filters, leaf.shifts, running, conversion, leaf.converted_filters)
        known = self._leaves.get(key)
        if known is None:
            known = self._leaves[key] = replace(leaf, measure=self._name(leaf.measure))
        return known

    def _name(self, wanted: str) -> str:
        name, number = wanted, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name.lower())
        return name


def below(each: InputMetric, under: FilterScope) -> FilterScope:
    """Return what holds for an input: its filter before those from above, its offset after them."""
    found = under.with_filter(each.filter)
    shift = each.offset_window or each.offset_to_grain
    return found if shift is None else replace(found, shifts=(*found.shifts, shift))


@dataclass(frozen=True, slots=True)
class _Within:
    """What one metric computes, over measures that are noted, under all that holds from above."""

    expansion: Expansion
    metric: Metric
    under: FilterScope

    @property
    def _inner(self) -> FilterScope:
        return self.under.with_filter(self.metric.filter)

    def measure(self) -> Value:
        if not isinstance(self.metric, SimpleMetric):
            raise TypeError(f"{self.metric.header.name} is not simple")
        return self.expansion.measure(self.metric, self.under)

    def input(self, each: InputMetric) -> Value:
        return self.expansion.input(each, self._inner)

    def running_value(
        self, each: InputMetric, *, window: Window | None, since: Period | None, stands: PeriodAggregation
    ) -> Value:
        name = self.metric.header.name
        running = RunningWindow(name=name, window=window, grain_to_date=since, period_aggregation=stands)
        return self.expansion.measure(self.expansion.simple(each), below(each, self._inner), running=running)

    def conversions(
        self, base: InputMetric, conversion: InputMetric, *, entity: str, equal: Equal, window: Window | None
    ) -> Value:
        asked = Conversions(name=self.metric.header.name, entity=entity, equal=equal, window=window)
        converted, start = self.expansion.simple(conversion), self.expansion.simple(base)
        return self.expansion.conversions(
            asked, start, below(base, self._inner), converted, below(conversion, FilterScope())
        )

    def events(self, base: InputMetric) -> Value:
        return self.expansion.measure(self.expansion.simple(base), below(base, self._inner))

    def ratio(self, numerator: Value, denominator: Value) -> Value:
        return RatioValue(numerator=numerator, denominator=denominator)

    def derived_value(self, expression: Expression, inputs: tuple[tuple[str, Value], ...]) -> Value:
        return DerivedValue(expression=expression, inputs=inputs)
