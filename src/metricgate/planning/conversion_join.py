"""The conversion side of a conversion metric."""

from __future__ import annotations

from metricgate.catalog.model import Dimension, SemanticModel
from metricgate.planning.binders import Binders
from metricgate.planning.clocks import on_one_clock
from metricgate.planning.message_subject import subject_of
from metricgate.planning.metrics.expansion import LeafMetric
from metricgate.planning.own_members import own_members
from metricgate.planning.scan import ConversionSide, Converted, Plain, SpineJoin
from metricgate.planning.scan_parts import Reference
from metricgate.planning.zones import Zones
from metricgate.vocabulary.grain import Grain


def with_conversions(
    binders: Binders, rows: Plain, spine: SpineJoin | None, leaf: LeafMetric, dimension: Dimension
) -> Converted | None:
    """Return a leaf's base events with their conversions; None where the conversions have no time.

    Args:
        binders: of the question.
        rows: the base events.
        spine: the moments that they are read from, under an offset.
        leaf: of a conversion metric.
        dimension: the time of the base events.
    """
    asked, counted = leaf.conversion, leaf.converted
    if asked is None or counted is None or counted.time_dimension is None:
        return None
    home, away = binders.models[leaf.metric.model], binders.models[counted.model]
    time = away.dimension(counted.time_dimension)
    if time is None:
        return None
    tables = binders.tables(away, counted)
    binder = binders.binder(away, tables, subject_of([asked.name]))
    pairs = [(asked.entity, asked.entity), *asked.equal]
    measure = binders.measure(binder, _as_leaf(leaf))
    grain = max(dimension.granularity or Grain.DAY, time.granularity or Grain.DAY, key=lambda each: each.rank)
    own, other = on_one_clock([binders.clocks.at_rest(home.name, dimension), binders.clocks.at_rest(away.name, time)])
    return Converted(
        name=rows.name,
        tables=rows.tables,
        keys=rows.keys,
        measures=(measure,),
        conditions=rows.conditions,
        spine=spine,
        base=ConversionSide(
            time=_time_reference(home, dimension, grain, own),
            equal=tuple(each for one, _other in pairs for each in own_members(home, one)),
        ),
        conversions=Plain(name=away.name, tables=tables.tables, keys=(), measures=(measure,), conditions=()),
        events=ConversionSide(
            time=_time_reference(away, time, grain, other),
            equal=tuple(each for _one, other in pairs for each in own_members(away, other)),
        ),
        window=asked.window,
    )


def _as_leaf(leaf: LeafMetric) -> LeafMetric:
    if leaf.converted is None:
        raise ValueError("not a conversion")
    return LeafMetric(measure=leaf.measure, metric=leaf.converted, filters=leaf.converted_filters)


def _time_reference(model: SemanticModel, dimension: Dimension, grain: Grain, zones: Zones | None) -> Reference:
    return Reference(
        table=model.name,
        model=model.name,
        name=dimension.name,
        expression=dimension.expression,
        granularity=dimension.granularity,
        grain=grain,
        zones=zones,
    )
