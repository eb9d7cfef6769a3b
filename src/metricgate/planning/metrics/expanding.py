"""What every metric type's file needs to expand a metric: the catalog, and where measures are noted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from metricgate.catalog.metrics import ConversionMetric, CumulativeMetric, InputMetric, Metric, SimpleMetric
from metricgate.planning.metrics.values import MeasureValue, Value
from metricgate.planning.scan_parts import COUNTING
from metricgate.planning.shifts import Shift
from metricgate.vocabulary.predicate import Predicate

Filters = tuple[Predicate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Under:
    """What holds for everything below a metric: the filters from above, and how far back in time."""

    filters: Filters = ()
    shifts: tuple[Shift, ...] = ()

    def filtered(self, own: Predicate | None) -> Under:
        """Return the same with one filter more, in front of the others."""
        return self if own is None or own in self.filters else replace(self, filters=(own, *self.filters))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A simple metric under all that is above it; ``measure`` is its unique name in the plan.

    Attributes:
        running: the cumulative metric whose input it is.
        conversion: the conversion metric whose conversions it counts; ``metric`` is then the base metric.
    """

    measure: str
    metric: SimpleMetric
    filters: Filters
    shifts: tuple[Shift, ...] = ()
    running: CumulativeMetric | None = None
    conversion: ConversionMetric | None = None
    converted: SimpleMetric | None = None
    converted_filters: Filters = ()


class Expansion:
    """Takes metrics apart down to simple ones; the same metric under the same conditions is one measure."""

    def __init__(
        self, metrics: Mapping[str, Metric], expand: Callable[[Metric, Under, Expansion], Value], taken: set[str]
    ) -> None:
        self._metrics = metrics
        self._expand = expand
        self._taken = set(taken)
        self._leaves: dict[tuple[object, ...], Leaf] = {}

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """All measures noted so far, in the order of their first use."""
        return tuple(self._leaves.values())

    def value_of(self, metric: Metric, under: Under = Under()) -> Value:
        """Return what the metric is over the noted measures."""
        return self._expand(metric, under, self)

    def input(self, each: InputMetric, under: Under) -> Value:
        """Return the value of an input under its own filter and offset and all from above."""
        return self.value_of(self._metrics[each.name], below(each, under))

    def simple(self, each: InputMetric) -> SimpleMetric:
        """Return an input that the catalog has checked to be simple."""
        found = self._metrics[each.name]
        if not isinstance(found, SimpleMetric):
            raise TypeError(f"{each.name} is not simple")
        return found

    def measure(self, metric: SimpleMetric, under: Under, *, running: CumulativeMetric | None = None) -> MeasureValue:
        """Note a measure and return it."""
        name = metric.header if running is None else running.header
        leaf = Leaf(
            measure=name.bare_name,
            metric=metric,
            filters=under.filtered(metric.filter).filters,
            shifts=under.shifts,
            running=running,
        )
        return self._value(self._noted(leaf), metric)

    def conversions(self, metric: ConversionMetric, base: Under, conversion: Under) -> MeasureValue:
        """Note the conversions of a conversion metric and return their measure."""
        converted = self.simple(metric.conversion)
        start = self.simple(metric.base)
        leaf = Leaf(
            measure=f"{metric.header.bare_name}_conversions",
            metric=start,
            filters=base.filtered(start.filter).filters,
            shifts=base.shifts,
            conversion=metric,
            converted=converted,
            converted_filters=conversion.filtered(converted.filter).filters,
        )
        return self._value(self._noted(leaf), converted)

    def _value(self, leaf: Leaf, metric: SimpleMetric) -> MeasureValue:
        return MeasureValue(measure=leaf.measure, counts=metric.aggregation in COUNTING, fill=metric.fill_nulls_with)

    def _noted(self, leaf: Leaf) -> Leaf:
        running = None if leaf.running is None else leaf.running.header.name
        conversion = None if leaf.conversion is None else leaf.conversion.header.name
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


def below(each: InputMetric, under: Under) -> Under:
    """Return what holds for an input: its filter before those from above, its offset after them."""
    found = under.filtered(each.filter)
    shift = each.offset_window or each.offset_to_grain
    return found if shift is None else replace(found, shifts=(*found.shifts, shift))
