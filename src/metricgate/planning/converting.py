"""The conversion side of a conversion metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricgate.catalog.model import Dimension, SemanticModel
from metricgate.planning.clocks import on_one_clock
from metricgate.planning.metrics.expanding import Leaf
from metricgate.planning.owning import own_members
from metricgate.planning.scan import Conversion, Events, Reference, Scan
from metricgate.planning.zones import Zones
from metricgate.vocabulary.grain import Grain

if TYPE_CHECKING:
    from metricgate.planning.scanning import Scanning


def conversion_of(scanning: Scanning, leaf: Leaf, dimension: Dimension) -> Conversion | None:
    """Return the conversions of a leaf's base events; None where the conversions have no time."""
    metric, converted = leaf.conversion, leaf.converted
    if metric is None or converted is None or converted.time_dimension is None:
        return None
    home = scanning.catalog.models[leaf.metric.model]
    away = scanning.catalog.models[converted.model]
    time = away.dimension(converted.time_dimension)
    if time is None:
        return None
    tables = scanning.tables(away, converted)
    binder = scanning.binder(away, tables, f"Metric {metric.header.name!r}")
    pairs = [(metric.entity, metric.entity), *((each.base, each.conversion) for each in metric.constant_properties)]
    measure = scanning.measure(binder, _as_leaf(leaf))
    grain = max(dimension.granularity or Grain.DAY, time.granularity or Grain.DAY, key=lambda each: each.rank)
    own, other = on_one_clock([scanning.clocks.at_rest(home.name, dimension), scanning.clocks.at_rest(away.name, time)])
    scan = Scan(name=away.name, tables=tables.tables, keys=(), measures=(measure,), conditions=())
    return Conversion(
        base=Events(
            time=_time(home, dimension, grain, own),
            equal=tuple(each for one, _other in pairs for each in own_members(home, one)),
        ),
        scan=scan,
        events=Events(
            time=_time(away, time, grain, other),
            equal=tuple(each for _one, other in pairs for each in own_members(away, other)),
        ),
        window=metric.window,
    )


def _as_leaf(leaf: Leaf) -> Leaf:
    if leaf.converted is None:
        raise ValueError("not a conversion")
    return Leaf(measure=leaf.measure, metric=leaf.converted, filters=leaf.converted_filters)


def _time(model: SemanticModel, dimension: Dimension, grain: Grain, zones: Zones | None) -> Reference:
    return Reference(
        table=model.name,
        model=model.name,
        name=dimension.name,
        expression=dimension.expression,
        granularity=dimension.granularity,
        grain=grain,
        zones=zones,
    )
