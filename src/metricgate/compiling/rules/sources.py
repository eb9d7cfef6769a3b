"""FROM and LEFT JOINs: every table once, under its row filters wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from sqlglot import exp

from metricgate.catalog.expression import Expression
from metricgate.compiling.conditions import condition_tree, reference_tree
from metricgate.compiling.context import Context, ScanDraft
from metricgate.compiling.mask_trees import mask_tree
from metricgate.compiling.moments import rows_of
from metricgate.compiling.presence import where_found
from metricgate.compiling.series import select_series
from metricgate.compiling.spine_stretches import join_stretches
from metricgate.compiling.spines import spine_of
from metricgate.dialects.names import column, identifier, with_alias
from metricgate.dialects.padded_texts import ends_alike
from metricgate.dialects.trees import all_of, columns_of, literal, operand
from metricgate.planning.scan import (
    Converted,
    MemberValues,
    OverSpine,
    PerPeriod,
    Plain,
    ScanTable,
    SemiAdditive,
    Shape,
    SpineJoin,
    root_key_of,
    spine_join_of,
)
from metricgate.planning.scan_parts import Condition, Reference, Spine


def read_tables(draft: ScanDraft) -> None:
    """Read the root and join what the members need; a model with row filters is read through them.

    >>> from metricgate.compiling.examples import draft
    >>> orders = draft()
    >>> read_tables(orders)
    >>> orders.select.sql("duckdb")
    'SELECT FROM main.orders AS orders LEFT JOIN main.customer AS customer ON orders.customer_id = customer.id'
    """
    root, *joined = draft.scan.tables
    moments = spine_join_of(draft.scan)
    if moments is None:
        draft.select.set("from_", exp.From(this=source_of(root, draft)))
    else:
        _read_from_moments(moments, root, draft)
    keeps_both = isinstance(draft.scan, MemberValues) and draft.scan.whole
    for table in joined:
        source = source_of(table, draft)
        pairs = pairs_of(table, draft.scan.tables, draft.context)
        if not pairs:
            draft.select.append("joins", exp.Join(this=source, kind="CROSS"))
            continue
        side = "FULL" if keeps_both and (table.model or table.answer) else "LEFT"
        draft.select.append("joins", exp.Join(this=source, side=side, on=all_of(pairs)))


def _read_from_moments(moments: SpineJoin, root: ScanTable, draft: ScanDraft) -> None:
    known = relation(moments.table, draft)
    spine = spine_of(moments, known.copy(), draft.context)
    source = source_of(root, draft)
    if isinstance(draft.scan, Converted):  # base events that are shown at no moment stay: conversions may be theirs
        draft.select.set("from_", exp.From(this=source))
        draft.select.append("joins", exp.Join(this=spine, side="LEFT", on=rows_of(moments, draft.context)))
        return
    spine, ties = join_stretches(moments, spine, known, draft.context)
    draft.select.set("from_", exp.From(this=spine))
    on = all_of([*ties, rows_of(moments, draft.context)])
    draft.select.append("joins", exp.Join(this=source, on=on))


def pairs_of(table: ScanTable, tables: Sequence[ScanTable], context: Context) -> list[exp.Expr]:
    """What must hold for a joined row: equal keys, and that it is the one that holds at the time."""
    parent = table.parent or tables[0].alias
    model = next((each.model for each in tables if each.alias == parent), "")
    pairs: list[exp.Expr] = []
    for left, right in zip(table.parent_keys, table.keys, strict=not table.left):
        here = where_found(left, parent, model, table.parent_present, context)
        pairs += _keys_equal(here, (model, left), (table, right), context)
    for reference, key in (*zip(table.left, table.keys, strict=not table.parent_keys), *table.partitions):
        here = reference_tree(reference, context)
        pairs += _keys_equal(here, (reference.model, reference.expression), (table, key), context)
    if table.valid is not None:
        time = reference_tree(table.valid.time, context)
        start, end = (
            context.write(each, table.alias, table.model)
            if zones is None
            else context.dialect.converted(context.write(each, table.alias, table.model), zones)
            for each, zones in zip((table.valid.start, table.valid.end), table.valid.zones, strict=True)
        )
        still = exp.Or(
            this=exp.LT(this=operand(time.copy()), expression=operand(end)),
            expression=exp.Is(this=operand(end.copy()), expression=exp.Null()),
        )
        pairs += [exp.GTE(this=operand(time), expression=operand(start)), exp.Paren(this=still)]
    return pairs


def _keys_equal(
    here: exp.Expr, key: tuple[str, Expression], there: tuple[ScanTable, Expression], context: Context
) -> list[exp.Expr]:
    """Return that two keys are equal; texts in the spaces that they end in too, beside what an index serves."""
    table, other = there
    tree = context.write(other, table.alias, table.model)
    pairs: list[exp.Expr] = [exp.EQ(this=operand(here), expression=operand(tree))]
    if context.dialect.pads and all(context.kinds.collation_for(*each) for each in (key, (table.model, other))):
        pairs.append(ends_alike(here, tree))
    return pairs


def source_of(table: ScanTable, draft: ScanDraft) -> exp.Expr:
    """Return what is read of a table under its alias: its rows that the caller may see."""
    if table.answer is not None:
        inner = draft.context.answered(table.answer)
        return exp.Subquery(this=inner, alias=exp.TableAlias(this=identifier(table.alias)))
    filters = draft.context.row_filters.get(table.model, ())
    if not filters and table.model not in draft.context.masks and table.marker is None:
        return relation(table, draft)
    return exp.Subquery(
        this=_select_governed(table, filters, draft.scan, draft.context),
        alias=exp.TableAlias(this=identifier(table.alias)),
    )


def relation(table: ScanTable, draft: ScanDraft) -> exp.Expr:
    """Return the table's source under its alias; of a time spine, its moments."""
    spine = table.spine
    if spine is None:
        return stored_table(table)
    series = spine.series
    found = (
        _select_moments(table, spine, draft.context)
        if series is None
        else select_series(series, spine, lambda: source_of(draft.scan.tables[0], draft), draft.context)
    )
    return exp.Subquery(this=found, alias=exp.TableAlias(this=identifier(table.alias)))


def _select_moments(table: ScanTable, spine: Spine, context: Context) -> exp.Select:
    """Each moment once, as a bare column: so an engine without hash joins can still look it up."""
    time = context.dialect.truncated(column(spine.column, table.alias), spine.grain)
    return exp.Select(
        expressions=[with_alias(time, spine.column), *(column(each, table.alias) for each in spine.calendars)],
        from_=exp.From(this=stored_table(table)),
        distinct=exp.Distinct(),
    )


def stored_table(table: ScanTable) -> exp.Expr:
    """Return the table's source under its alias, as it is."""
    *catalog_and_schema, name = table.source
    parts = {"this": identifier_of_source(name)}
    for key, part in zip(("db", "catalog"), reversed(catalog_and_schema), strict=False):
        parts[key] = identifier_of_source(part)
    return exp.Table(**parts, alias=exp.TableAlias(this=identifier(table.alias)))


def identifier_of_source(name: str) -> exp.Identifier:
    """Return a part of a relation's name; quoted exactly where it must be."""
    return identifier(name)


def _select_governed(table: ScanTable, filters: tuple[Condition, ...], scan: Shape, context: Context) -> exp.Select:
    """``SELECT the needed columns, masked, FROM source WHERE filters``: nothing else of a hidden row gets out.

    A marker tells afterwards that there was a row.
    """
    needed = dict.fromkeys(read for each in _expressions_read(table, scan) for read in columns_of(each))
    root_key = root_key_of(scan)
    if root_key is not None and table is scan.tables[0] and context.minimum_groups.get(table.model):
        needed |= dict.fromkeys(columns_of(root_key))
    masks = context.masks.get(table.model, {})
    selected: list[exp.Expr] = []
    for name, quoted in needed:
        found = exp.Column(this=exp.Identifier(this=name, quoted=quoted), table=identifier(table.alias))
        mask = masks.get(name.lower())
        selected.append(found if mask is None else exp.alias_(mask_tree(found, mask, context), name, quoted=quoted))
    if table.marker is not None:
        selected.append(with_alias(literal(1), table.marker))
    select = exp.Select(expressions=selected or [literal(1)], from_=exp.From(this=stored_table(table)))
    if filters:  # over the columns as they are stored
        stored_as = replace(context, kinds=context.kinds.without_masks())
        conditions = [condition_tree(_move_condition(each, table.alias), stored_as) for each in filters]
        select.set("where", exp.Where(this=all_of(conditions)))
    return select


def _joined_by(scan: Shape) -> list[Reference]:
    found = [reference for table in scan.tables for reference in table.left]
    found += [reference for table in scan.tables for reference, _partition in table.partitions]
    found += [table.valid.time for table in scan.tables if table.valid is not None]
    spine = spine_join_of(scan)
    if spine is not None:
        found.append(spine.time)
    match scan:
        case SemiAdditive():
            found += [scan.time, *scan.apart]
        case Plain() | MemberValues() | OverSpine() | PerPeriod() | Converted():
            pass  # a conversion's sides are keys where they are read
        case _:
            assert_never(scan)
    return found


def _move_condition(condition: Condition, alias: str) -> Condition:
    members = tuple((name, replace(reference, table=alias)) for name, reference in condition.members)
    return replace(condition, members=members)


def _expressions_read(table: ScanTable, scan: Shape) -> Iterator[Expression]:
    conditions = [*scan.conditions, *(each for measure in scan.measures for each in measure.filters)]
    references = [key.reference for key in scan.keys]
    references += [reference for condition in conditions for _name, reference in condition.members]
    references += _joined_by(scan)
    yield from (reference.expression for reference in references if reference.table == table.alias)
    if table is scan.tables[0]:
        yield from (measure.expression for measure in scan.measures)
    yield from table.keys
    yield from (partition for _reference, partition in table.partitions)
    if table.valid is not None:
        yield from (table.valid.start, table.valid.end)
    for child in scan.tables:
        if child.parent == table.alias:
            yield from child.parent_keys
