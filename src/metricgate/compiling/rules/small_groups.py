"""Groups that too few rows of a dataset made: left out by HAVING, or the whole answer is empty where there is one."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import Aggregation
from metricgate.compiling.context import ScanDraft
from metricgate.compiling.presence import where_found
from metricgate.compiling.rules.group_by import group_by_keys
from metricgate.dialects.names import column, identifier, unused_name, with_alias
from metricgate.dialects.trees import all_of, literal
from metricgate.planning.scan import MemberValues, ScanTable, root_key_of
from metricgate.planning.scan_parts import ScanMeasure

_ROWS = "rows_counted"


def keep_large_groups(draft: ScanDraft) -> None:
    """Keep the groups with enough rows of every dataset that has a minimum: the root's rows, others by their keys.

    >>> from dataclasses import replace
    >>> from metricgate.compiling.examples import draft
    >>> orders = draft()
    >>> orders.context = replace(orders.context, minimum_groups={"orders": 5, "customer": 3})
    >>> keep_large_groups(orders)
    >>> orders.select.sql("duckdb")
    'SELECT HAVING COUNT(*) >= 5 AND COUNT(DISTINCT customer.id) >= 3 AND COUNT(orders.amount) >= 5'

    All or nothing, the rows without a value are a group as well, which must be large or empty.
    """
    sizes = [draft.context.minimum_groups.get(table.model, 0) for table in draft.scan.tables]
    largest = max(sizes)
    if not largest:
        return
    apart = isinstance(draft.scan, MemberValues) and draft.scan.whole and len(sizes) > 1
    enough = _enough_keys(draft, sizes) if apart else list(_enough_rows(draft, sizes))
    for measure in draft.scan.measures:
        if measure.expression.columns:
            enough += _enough_values(measure, largest, draft)
    if draft.context.all_or_nothing and draft.scan.keys:
        _all_or_nothing(draft, all_of(enough))
    else:
        draft.select.set("having", exp.Having(this=all_of(enough)))


def _enough_rows(draft: ScanDraft, sizes: list[int]) -> Iterator[exp.Expr]:
    for at, (table, size) in enumerate(zip(draft.scan.tables, sizes, strict=True)):
        if size:
            # Joined rows appear once for each of the root's: their keys tell how many there are.
            counted = exp.Distinct(expressions=_keys_of(table, draft)) if at else exp.Star()
            yield exp.GTE(this=exp.Count(this=counted), expression=literal(size))


def _keys_of(table: ScanTable, draft: ScanDraft) -> list[exp.Expr]:
    found = None if table.marker is None else Expression(text=table.marker, columns=(table.marker,))
    return [where_found(key, table.alias, table.model, found, draft.context) for key in table.keys]


def _enough_keys(draft: ScanDraft, sizes: list[int]) -> list[exp.Expr]:
    """Group the distinct rows with their keys, where rows of either side may stand alone: nothing else tells whose.

    Of rows with equal keys one is enough, so it does not matter how an engine without FULL JOIN says it.
    """
    rows, names = draft.select, [key.name for key in draft.scan.keys]
    enough: list[exp.Expr] = []
    for at, (table, size) in enumerate(zip(draft.scan.tables, sizes, strict=True)):
        if size:
            told = _keys_of(table, draft) if at else [_root_key(draft)]
            counted = [unused_name(f"counted_{at}_{number}", names) for number in range(len(told))]
            for name, key in zip(counted, told, strict=True):
                rows.append("expressions", with_alias(key, name))
            apart = exp.Distinct(expressions=[column(name, _ROWS) for name in counted])
            enough.append(exp.GTE(this=exp.Count(this=apart), expression=literal(size)))
    rows.set("group", None)
    rows.set("distinct", exp.Distinct())
    draft.select = exp.Select(
        expressions=[column(name, _ROWS) for name in names],
        from_=exp.From(this=exp.Subquery(this=rows, alias=exp.TableAlias(this=identifier(_ROWS)))),
    )
    group_by_keys(draft)
    return enough


def _root_key(draft: ScanDraft) -> exp.Expr:
    root, key = draft.scan.tables[0], root_key_of(draft.scan)
    if key is None:  # such questions are refused before they are compiled
        raise ValueError(f"nothing tells the rows of {root.model} from none")
    return draft.context.write(key, root.alias, root.model)


def _enough_values(measure: ScanMeasure, size: int, draft: ScanDraft) -> list[exp.Expr]:
    """Rows without a value add nothing: a sum of one value in a large group is that value."""
    root = draft.scan.tables[0]
    value = draft.context.write(measure.expression, root.alias, root.model)
    if not draft.context.all_or_nothing:
        return [exp.GTE(this=exp.Count(this=value), expression=literal(size))]
    if measure.aggregation is Aggregation.SUM_BOOLEAN:
        # The number of rows for which it is true is the size of a group too.
        value = exp.Case(ifs=[exp.If(this=value, true=literal(1))])
    counted = exp.Count(this=value)
    others = exp.Sub(this=exp.Count(this=exp.Star()), expression=counted.copy())
    few = exp.Between(this=others, low=literal(1), high=literal(size - 1))
    return [exp.GTE(this=counted, expression=literal(size)), exp.Not(this=few)]


def _all_or_nothing(draft: ScanDraft, enough: exp.Expr) -> None:
    """Wrap the groups: their rows, where every one of them is large.

    The window sees all groups, before the question's order, limit and offset take some of them.
    """
    names = [*(key.name for key in draft.scan.keys), *(draft.outputs[each.name] for each in draft.scan.measures)]
    told = exp.Case(ifs=[exp.If(this=enough, true=literal(1))], default=literal(0))
    flag, groups = unused_name("all_large", names), unused_name("groups_found", names)
    draft.select.append("expressions", with_alias(exp.Window(this=exp.Min(this=told)), flag))
    draft.select = exp.Select(
        expressions=[column(name, groups) for name in names],
        from_=exp.From(this=exp.Subquery(this=draft.select, alias=exp.TableAlias(this=identifier(groups)))),
        where=exp.Where(this=exp.EQ(this=column(flag, groups), expression=literal(1))),
    )
