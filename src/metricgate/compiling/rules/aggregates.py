"""Measures follow the keys: each an aggregate over the rows for which its own filters hold."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from sqlglot import exp

from metricgate.catalog.metrics import Aggregation, Percentile
from metricgate.compiling.conditions import condition_tree
from metricgate.compiling.context import Context, ScanDraft
from metricgate.compiling.rules.shared_filters import own_filters
from metricgate.dialects.names import with_alias
from metricgate.dialects.padded_texts import under_collation
from metricgate.dialects.trees import all_of, double, literal
from metricgate.planning.scan import Shape
from metricgate.planning.scan_parts import ScanMeasure


def select_measures(draft: ScanDraft) -> None:
    """Select each measure's aggregate.

    >>> from metricgate.compiling.examples import draft
    >>> orders = draft()
    >>> select_measures(orders)
    >>> orders.select.sql("duckdb")
    'SELECT SUM(orders.amount) AS revenue, COUNT(*) FILTER(WHERE orders.status = $1) AS returned'
    >>> orders.context.parameters
    ['R']
    """
    for measure in draft.scan.measures:
        tree = _aggregate(measure, draft)
        draft.select.append("expressions", with_alias(tree, draft.outputs[measure.name]))


def _aggregate(measure: ScanMeasure, draft: ScanDraft) -> exp.Expr:
    context = draft.context
    filters = own_filters(measure, draft.scan)
    value = measured_value(measure, draft.scan, context)
    approximates = context.dialect.approximates
    if not filters:
        return aggregate(measure, value, approximates=approximates)
    if context.dialect.filters_aggregates:
        # Ordered as in the text: the aggregate binds nothing, its FILTER does.
        tree = aggregate(measure, value, approximates=approximates)
        where = all_of([condition_tree(each, context) for each in filters])
        return exp.Filter(this=tree, expression=exp.Where(this=where))
    return aggregate(measure, _case_where(measure, value, context, draft), approximates=approximates)


def measured_value(measure: ScanMeasure, scan: Shape, context: Context) -> exp.Expr:
    """Return what a measure aggregates, of the scan's root."""
    root = scan.tables[0]
    value = context.write(measure.expression, root.alias, root.model)
    if measure.aggregation is not Aggregation.COUNT_DISTINCT or not context.dialect.pads:
        return value
    return under_collation(value, context.kinds.collation_for(root.model, measure.expression))


def _case_where(measure: ScanMeasure, value: exp.Expr, context: Context, draft: ScanDraft) -> exp.Expr:
    where = all_of([condition_tree(each, context) for each in own_filters(measure, draft.scan)])
    return exp.Case(ifs=[exp.If(this=where, true=value)])


_MEDIAN = Percentile(value=0.5)
_PLAIN: Mapping[Aggregation, type[exp.AggFunc]] = MappingProxyType(
    {Aggregation.SUM: exp.Sum, Aggregation.AVERAGE: exp.Avg, Aggregation.MIN: exp.Min, Aggregation.MAX: exp.Max}
)


def aggregate(measure: ScanMeasure, value: exp.Expr, *, approximates: bool = False) -> exp.Expr:
    """Return the measure's aggregate of a value."""
    match measure.aggregation:
        case Aggregation.SUM | Aggregation.AVERAGE | Aggregation.MIN | Aggregation.MAX:
            return _PLAIN[measure.aggregation](this=value)
        case Aggregation.COUNT:
            return exp.Count(this=exp.Star() if isinstance(value, exp.Literal) else value)
        case Aggregation.COUNT_DISTINCT:
            return exp.Count(this=exp.Distinct(expressions=[value]))
        case Aggregation.SUM_BOOLEAN:
            return exp.Count(this=exp.Case(ifs=[exp.If(this=value, true=literal(1))]))
        case Aggregation.MEDIAN | Aggregation.PERCENTILE:
            return _percentile_tree(value, measure.percentile or _MEDIAN, approximates=approximates)
        case _:
            assert_never(measure.aggregation)


def _percentile_tree(value: exp.Expr, asked: Percentile, *, approximates: bool) -> exp.Expr:
    """An approximate one may be exact: where the engine cannot, or where a value of the data is wanted."""
    fraction = asked.value
    kind = exp.PercentileDisc if asked.discrete else exp.PercentileCont
    if not asked.discrete:
        # DuckDB cuts an interpolated DECIMAL at the column's scale, without a word.
        value = double(value)
    if asked.approximate and approximates and not asked.discrete:
        return exp.ApproxQuantile(this=value, quantile=literal(fraction))
    order = exp.Order(expressions=[exp.Ordered(this=value)])
    return exp.WithinGroup(this=kind(this=literal(fraction)), expression=order)
