"""SpineFill as a relation of their own, read from the time spine: what stands for one, and those without rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from metricgate.catalog.metrics import PeriodAggregation
from metricgate.compiling.conditions import condition_tree, reference_tree
from metricgate.compiling.context import Context, ScanDraft
from metricgate.compiling.moments import read_moment
from metricgate.compiling.row_selects import subquery, unused_in
from metricgate.compiling.rules.sources import pairs_of, relation, source_of
from metricgate.compiling.spines import spine_of
from metricgate.dialects.names import column, with_alias
from metricgate.dialects.trees import all_of, double, literal
from metricgate.planning.scan import Densified, OneSelect, OverSpine, PerPeriod, SpineFill
from metricgate.planning.scan_parts import ScanKey, ScanMeasure

Outputs = Mapping[str, str]
Select = Callable[[OneSelect, Context, Outputs], exp.Select]

_ROWS, _PERIODS = "moments", "periods"


def per_period_select(scan: PerPeriod, context: Context, outputs: Outputs, plain: Select) -> exp.Select:
    """Return the first value of each period, that of its last moment, or the mean over all of its moments.

    A group is there where it has a row at some moment of the period; at the others it has none: a count is 0, anything
    else empty.
    """
    moment, last, count = (unused_in(name, scan) for name in ("moment", "last_moment", "moments_in_period"))
    by_moment = OverSpine(
        name=scan.name,
        tables=scan.tables,
        keys=(*scan.keys, ScanKey(name=moment, reference=read_moment(scan.spine))),
        measures=scan.measures,
        conditions=scan.conditions,
        spine=scan.spine,
    )
    inner = plain(by_moment, context, outputs)
    if scan.aggregation is PeriodAggregation.FIRST:
        return _first_of_period(inner, moment, scan, outputs)
    found = exp.Select(
        expressions=[column(key.name, _ROWS) for key in scan.keys],
        from_=exp.From(this=subquery(inner, _ROWS)),
        joins=[_join_periods(scan.periods, _periods_of(scan, context, last, count))],
    )
    here = exp.EQ(this=column(moment, _ROWS), expression=column(last, _PERIODS))
    for measure in scan.measures:
        value = column(outputs[measure.name], _ROWS)
        if scan.aggregation is PeriodAggregation.AVERAGE:
            stands = _mean(measure, value, column(count, _PERIODS))
        else:
            stands = _zero_if_counted(exp.Max(this=exp.Case(ifs=[exp.If(this=here.copy(), true=value)])), measure)
        found.append("expressions", with_alias(stands, outputs[measure.name]))
    return _group_by_position(found, len(scan.keys))


def _first_of_period(inner: exp.Select, moment: str, scan: PerPeriod, outputs: Outputs) -> exp.Select:
    place, keys = unused_in("place", scan), [key.name for key in scan.keys]
    measures = [outputs[each.name] for each in scan.measures]
    number = exp.Window(
        this=exp.RowNumber(),
        partition_by=[column(key) for key in keys],
        order=exp.Order(expressions=[exp.Ordered(this=column(moment))]),
    )
    ranked = exp.Select(
        expressions=[*(column(name) for name in (*keys, *measures)), with_alias(number, place)],
        from_=exp.From(this=subquery(inner, _ROWS)),
    )
    found = exp.Select(
        expressions=[*(column(name) for name in (*keys, *measures))],
        from_=exp.From(this=subquery(ranked, "ranked")),
        where=exp.Where(this=exp.EQ(this=column(place), expression=literal(1))),
    )
    if not keys:  # where no moment reads a row there is still one answer
        values = [(each, outputs[each.name]) for each in scan.measures]
        found.set(
            "expressions",
            [with_alias(_zero_if_counted(exp.Max(this=column(name)), each), name) for each, name in values],
        )
    return found


def _periods_of(scan: PerPeriod, context: Context, last: str, count: str) -> exp.Select:
    """Each period shown, with its last moment and the number of its moments."""
    marks = [
        with_alias(exp.Max(this=reference_tree(read_moment(scan.spine), context)), last),
        with_alias(exp.Count(this=exp.Star()), count),
    ]
    draft = ScanDraft(scan=scan, context=context, outputs={})
    found = _select_periods(scan.periods, spine_of(scan.spine, relation(scan.spine.table, draft), context), draft)
    found.set("expressions", [*found.expressions, *marks])
    return _group_by_position(found, len(scan.periods.keys))


def _join_periods(periods: SpineFill, tree: exp.Select) -> exp.Join:
    on = [
        (exp.EQ if key.reference.granularity is not None else exp.NullSafeEQ)(
            this=column(key.name, _ROWS), expression=column(key.name, _PERIODS)
        )
        for key in periods.keys
    ]
    joined = subquery(tree, _PERIODS)
    return exp.Join(this=joined, on=all_of(list(on))) if on else exp.Join(this=joined, kind="CROSS")


def _mean(measure: ScanMeasure, value: exp.Expr, count: exp.Expr) -> exp.Expr:
    """The mean over a period's moments; what is empty has no part in it, unless something stands for it."""
    instead = 0 if measure.counts else measure.fill
    if instead is None:
        return exp.Avg(this=double(value))
    known = exp.Coalesce(this=double(value), expressions=[literal(instead)])
    total: exp.Expr = exp.Sum(this=known)
    if instead:
        missing = exp.Sub(this=exp.Max(this=count), expression=exp.Count(this=exp.Star()))
        total = exp.Add(this=total, expression=exp.Mul(this=exp.Paren(this=missing), expression=literal(instead)))
    return _zero_if_counted(exp.Div(this=exp.Paren(this=total), expression=exp.Max(this=count.copy())), measure)


def _zero_if_counted(value: exp.Expr, measure: ScanMeasure) -> exp.Expr:
    return exp.Coalesce(this=value, expressions=[literal(0)]) if measure.counts else value


def densified_select(scan: Densified, found: exp.Select, context: Context, outputs: Outputs) -> exp.Select:
    """Return the groups of the shape, ``found``, and beside them the periods in which it has none.

    Parameters are numbered in the order of the text: the spine's are bound last, so it stands last.
    """
    periods = scan.periods
    is_row, any_row = unused_in("is_row", scan), unused_in("any_row", scan)
    own = {key.name for key in periods.keys}
    names = [*(key.name for key in scan.keys), *(outputs[each.name] for each in scan.measures)]
    rows = exp.Select(
        expressions=[*(column(name, _ROWS) for name in names), with_alias(literal(1), is_row)],
        from_=exp.From(this=subquery(found, _ROWS)),
    )
    draft = ScanDraft(scan=scan.shape, context=context, outputs={})
    spine = _group_by_position(_select_periods(periods, relation(periods.table, draft), draft), len(periods.keys))
    known = [exp.Not(this=exp.Is(this=column(name, _PERIODS), expression=exp.Null())) for name in periods.named]
    every = exp.Select(
        expressions=[
            *(column(name, _PERIODS) if name in own else with_alias(exp.Null(), name) for name in names),
            with_alias(literal(0), is_row),
        ],
        from_=exp.From(this=subquery(spine, _PERIODS)),
    )
    if known:
        every.set("where", exp.Where(this=all_of(list(known))))
    both = exp.Union(this=rows, expression=every, distinct=False)
    told = exp.Window(this=exp.Max(this=column(is_row)), partition_by=[column(key.name) for key in periods.keys])
    marked = exp.Select(
        expressions=[*(column(name) for name in (*names, is_row)), with_alias(told, any_row)],
        from_=exp.From(this=subquery(both, "groups_and_periods")),
    )
    return exp.Select(
        expressions=[column(name) for name in names],
        from_=exp.From(this=subquery(marked, "told_apart")),
        where=exp.Where(this=exp.EQ(this=column(is_row), expression=column(any_row))),
    )


def _select_periods(periods: SpineFill, spine: exp.Expr, draft: ScanDraft) -> exp.Select:
    """The keys of the spine's moments, under the conditions that speak of them."""
    context = draft.context
    found = exp.Select(
        expressions=[with_alias(reference_tree(key.reference, context), key.name) for key in periods.keys],
        from_=exp.From(this=spine),
    )
    for table in periods.joined:
        pairs = pairs_of(table, (periods.table, *periods.joined), context)
        found.append("joins", exp.Join(this=source_of(table, draft), side="LEFT", on=all_of(pairs)))
    if periods.conditions:
        found.set("where", exp.Where(this=all_of([condition_tree(each, context) for each in periods.conditions])))
    return found


def _group_by_position(select: exp.Select, keys: int) -> exp.Select:
    if keys:
        select.set("group", exp.Group(expressions=[literal(at) for at in range(1, keys + 1)]))
    return select
