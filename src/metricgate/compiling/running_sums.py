"""Running metrics over what each moment's rows add up to, rather than over the rows themselves.

A row counts at every moment of its window: a thousand rows of one day would be read a thousand times each. Sums,
counts, extremes and averages of a day's rows are worked out once for each group, and read in their place. What has come
together since ever is then a running total, in the order of time, and a window over the rows of one group a frame of it
(``frames``): no moment is compared with every other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import Aggregation
from metricgate.compiling.conditions import condition_tree, key_tree, reference_tree
from metricgate.compiling.context import Context, ScanDraft
from metricgate.compiling.frames import SINCE_EVER, Frame, frame_of
from metricgate.compiling.moments import Beside, read_moment, rows_of
from metricgate.compiling.rules.sources import pairs_of, relation, source_of
from metricgate.compiling.spine_stretches import join_stretches
from metricgate.compiling.spines import spine_of
from metricgate.dialects.kinds import ValueKind
from metricgate.dialects.names import column, identifier, unused_name, with_alias
from metricgate.dialects.trees import all_of, double, literal
from metricgate.planning.periods import joined_to
from metricgate.planning.scan import OneSelect, OverSpine, Plain, ScanTable, SpineJoin
from metricgate.planning.scan_parts import Condition, Reference, ScanKey, ScanMeasure
from metricgate.planning.shifts import is_elapsed
from metricgate.vocabulary.grain import Grain

Outputs = Mapping[str, str]
Select = Callable[[OneSelect, Context, Outputs], exp.Select]

_PARTS = {
    Aggregation.SUM: (Aggregation.SUM,),
    Aggregation.COUNT: (Aggregation.COUNT,),
    Aggregation.SUM_BOOLEAN: (Aggregation.SUM_BOOLEAN,),
    Aggregation.MIN: (Aggregation.MIN,),
    Aggregation.MAX: (Aggregation.MAX,),
    Aggregation.AVERAGE: (Aggregation.SUM, Aggregation.COUNT),
}
"""What parts are added up to; of other aggregates the parts do not tell the whole."""
_ENDS: dict[Aggregation, type[exp.AggFunc]] = {Aggregation.MIN: exp.Min, Aggregation.MAX: exp.Max}
_EXACT = frozenset({ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.BOOLEAN})
_EVER, _GROUPS = "moments_and_rows", "groups_read"


def select_running_sums(scan: OneSelect, context: Context, outputs: Outputs, plain: Select) -> exp.Select | None:
    """Return the SELECT of a running scan; None where it must read the rows themselves.

    ``plain`` makes the SELECT of a scan without moments.
    """
    if not isinstance(scan, OverSpine) or not scan.spine.running or not _adds_up(scan, scan.spine, context):
        return None
    halves = _Halves.of(scan, scan.spine)
    return None if halves is None else _Summing(scan, halves, context, outputs, plain).select()


def _adds_up(scan: OverSpine, moments: SpineJoin, context: Context) -> bool:
    window = moments.window
    by_row = moments.time.zones is not None and window is not None and is_elapsed(window)
    return (
        not by_row
        and bool(scan.measures)
        and all(each.aggregation in _PARTS for each in scan.measures)
        and not any(context.minimum_groups.get(table.model) for table in scan.tables)
    )


@dataclass(frozen=True, slots=True)
class _Halves:
    """What is known of a row, and what of a moment that reads it.

    Attributes:
        homes: aliases of the spine and of what is joined to it.
        dated: the tables that are joined to the spine.
        rows: the tables of the rows.
        of_rows, of_moments: the conditions of either.
    """

    homes: frozenset[str]
    dated: tuple[ScanTable, ...]
    rows: tuple[ScanTable, ...]
    of_rows: tuple[Condition, ...]
    of_moments: tuple[Condition, ...]

    @staticmethod
    def of(scan: OverSpine, moments: SpineJoin) -> _Halves | None:
        """Return the halves; None where a join, a condition or a filter looks at both."""
        dated = tuple(joined_to(moments.table.alias, scan.tables[1:]))
        homes = frozenset({moments.table.alias, *(each.alias for each in dated)})
        rows = tuple(each for each in scan.tables if each.alias not in homes)
        if any(_tables_joined(each) & homes for each in rows) or any(_tables_joined(each) - homes for each in dated):
            return None
        filters = {reference.table for each in scan.measures for one in each.filters for _, reference in one.members}
        read = [{reference.table for _name, reference in each.members} for each in scan.conditions]
        if filters & homes or any(each & homes and each - homes for each in read):
            return None
        told = list(zip(scan.conditions, read, strict=True))
        return _Halves(
            homes=homes,
            dated=dated,
            rows=rows,
            of_rows=tuple(each for each, tables in told if not tables & homes),
            of_moments=tuple(each for each, tables in told if tables & homes),
        )


def _tables_joined(table: ScanTable) -> set[str]:
    found = {each.table for each in (*table.left, *(reference for reference, _key in table.partitions))}
    if table.valid is not None:
        found.add(table.valid.time.table)
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    """A measure of a moment's rows, as a column, and how several of them are one."""

    measure: ScanMeasure

    def whole(self, value: exp.Expr) -> exp.AggFunc:
        return _ENDS.get(self.measure.aggregation, exp.Sum)(this=value)


class _Summing:
    """Makes the SELECT in the order of the text, as parameters are numbered in it."""

    def __init__(self, scan: OverSpine, halves: _Halves, context: Context, outputs: Outputs, plain: Select) -> None:
        self._scan, self._moments, self._halves = scan, scan.spine, halves
        moments = scan.spine
        self._context, self._outputs, self._plain = context, outputs, plain
        self._keys = [key for key in scan.keys if key.reference.table not in halves.homes]
        self._shown = [*moments.columns, *_names_beside(moments)]
        self._taken = [*self._shown, *(key.name for key in scan.keys)]
        self._names = {key.name: self._unused(f"key_{at}") for at, key in enumerate(self._keys, start=1)}
        self._time = self._unused("time_read")
        self._parts = {each.name: self._parts_of(each) for each in scan.measures}
        self._rows = scan.tables[0].alias
        self._frame: Frame | None = None

    def _unused(self, wanted: str) -> str:
        self._taken.append(unused_name(wanted, self._taken))
        return self._taken[-1]

    def _parts_of(self, measure: ScanMeasure) -> list[_Part]:
        return [
            _Part(replace(measure, name=self._unused("part"), aggregation=each, fill=None))
            for each in _PARTS[measure.aggregation]
        ]

    def select(self) -> exp.Select:
        """Return the SELECT of keys and measures."""
        moments = self._moments
        to_date = moments.since is None or (isinstance(moments.since, Grain) and not self._keys)
        ever = moments.window is None and to_date and not moments.starts
        self._frame = None if self._keys or not self._is_exact() else frame_of(moments, self._context)
        ever = ever or self._frame is not None
        home = moments.table.alias if ever else self._rows
        select = exp.Select(expressions=[*self._selected_keys(home), *self._selected_measures(home)])
        where = self._read_totals(select) if ever else self._read_parts(select)
        draft = ScanDraft(scan=self._scan, context=self._context, outputs=self._outputs)
        for table in self._halves.dated:
            source = source_of(table, draft)
            on = all_of(pairs_of(table, self._scan.tables, self._context))
            select.append("joins", exp.Join(this=source, side="LEFT", on=on))
        where += [condition_tree(each, self._context) for each in self._conditions(at_spine=False)]
        if not ever:
            where += [condition_tree(each, self._context) for each in self._conditions(at_spine=True)]
        if where:
            select.set("where", exp.Where(this=all_of(where)))
        if self._scan.keys:
            places = range(1, len(self._scan.keys) + 1)
            select.set("group", exp.Group(expressions=[literal(at) for at in places]))
        return select

    def _is_exact(self) -> bool:
        """Whether sums over frames are right to the last digit: of doubles not everywhere."""
        if not self._context.dialect.frames_subtract:
            return True
        model = self._scan.tables[0].model
        summed = [each for each in self._scan.measures if Aggregation.SUM in _PARTS[each.aggregation]]
        return all(self._context.kinds.kind(model, each.expression) in _EXACT for each in summed)

    def _conditions(self, *, at_spine: bool) -> list[Condition]:
        """The conditions of moments: ``at_spine``: those that look at nothing that is joined to it."""
        alias = {self._moments.table.alias}
        return [
            each
            for each in self._halves.of_moments
            if ({reference.table for _name, reference in each.members} <= alias) is at_spine
        ]

    def _selected_keys(self, home: str) -> list[exp.Expr]:
        return [
            with_alias(column(self._names[key.name], home), key.name)
            if key in self._keys
            else with_alias(key_tree(key.reference, self._context), key.name)
            for key in self._scan.keys
        ]

    def _selected_measures(self, home: str) -> list[exp.Expr]:
        return [with_alias(self._whole(each, home), self._outputs[each.name]) for each in self._scan.measures]

    def _whole(self, measure: ScanMeasure, home: str) -> exp.Expr:
        wholes: list[exp.Expr] = [each.whole(column(each.measure.name, home)) for each in self._parts[measure.name]]
        if measure.aggregation is Aggregation.AVERAGE:
            return exp.Div(this=double(wholes[0]), expression=wholes[1])
        if measure.counts:
            counted = exp.Coalesce(this=wholes[0], expressions=[literal(0)])
            return exp.Cast(this=counted, to=exp.DataType(this=exp.DType.BIGINT))
        return wholes[0]

    def _added_up(self) -> exp.Select:
        """The groups of each moment's rows, with their parts."""
        parts = tuple(each.measure for found in self._parts.values() for each in found)
        scan = Plain(
            name=self._scan.name,
            tables=self._halves.rows,
            keys=(
                *(replace(key, name=self._names[key.name]) for key in self._keys),
                ScanKey(name=self._time, reference=self._moments.time),
            ),
            measures=parts,
            conditions=self._halves.of_rows,
        )
        return self._plain(scan, self._context, {each.name: each.name for each in parts})

    def _known(self) -> exp.Expr:
        draft = ScanDraft(scan=self._scan, context=self._context, outputs={})
        return relation(self._moments.table, draft)

    def _spine(self) -> exp.Expr:
        return spine_of(self._moments, self._known(), self._context)

    def _read_parts(self, select: exp.Select) -> list[exp.Expr]:
        """Join the moments with the parts that each of them reads."""
        time = Reference(
            table=self._rows,
            model="",
            name="",
            expression=_column_expression(self._time),
            granularity=self._moments.grain,
        )
        moments = replace(self._moments, time=time)
        known = self._known()  # once: its values are bound
        spine, ties = join_stretches(moments, spine_of(moments, known.copy(), self._context), known, self._context)
        select.set("from_", exp.From(this=spine))
        on = all_of([*ties, rows_of(moments, self._context)])
        select.append("joins", exp.Join(this=_as_subquery(self._added_up(), self._rows), on=on))
        return []

    def _read_totals(self, select: exp.Select) -> list[exp.Expr]:
        """Read from one relation of moments, each for every group, and parts: running totals, in the order of time.

        Returns which of its rows are moments that have read something.
        """
        is_moment, read = self._unused("is_moment"), self._unused("rows_read")
        groups, alias = list(self._names.values()), self._moments.table.alias
        parts = [each for found in self._parts.values() for each in found]
        both = exp.Union(this=self._reading(is_moment), expression=self._being_read(is_moment), distinct=False)
        apart: list[exp.Expr] = [column(each, _EVER) for each in groups]
        since = self._moments.since
        if isinstance(since, Grain):
            apart.append(self._context.dialect.truncated(column(self._time, _EVER), since))
        order = [exp.Ordered(this=column(each, _EVER), nulls_first=True) for each in (self._time, is_moment)]

        if self._frame is not None:
            order = [exp.Ordered(this=self._frame.number(column(self._time, _EVER)), nulls_first=True)]

        def running(function: exp.Expr, name: str) -> exp.Expr:
            spec = SINCE_EVER.copy() if self._frame is None else self._frame.spec()
            partition = [each.copy() for each in apart]
            ordered = exp.Order(expressions=[each.copy() for each in order])
            return with_alias(exp.Window(this=function, partition_by=partition, order=ordered, spec=spec), name)

        rows = exp.Sum(this=exp.Sub(this=literal(1), expression=column(is_moment, _EVER)))
        totals = exp.Select(
            expressions=[
                *(column(each, _EVER) for each in (*self._shown, *groups, is_moment)),
                *(running(each.whole(column(each.measure.name, _EVER)), each.measure.name) for each in parts),
                running(rows, read),
            ],
            from_=exp.From(this=_as_subquery(both, _EVER)),
        )
        select.set("from_", exp.From(this=_as_subquery(totals, alias)))
        return [
            exp.EQ(this=column(is_moment, alias), expression=literal(1)),
            exp.GT(this=column(read, alias), expression=literal(0)),
        ]

    def _reading(self, is_moment: str) -> exp.Select:
        """The moments that are asked, each for every group of rows."""
        alias, groups = self._moments.table.alias, list(self._names.values())
        found = exp.Select(
            expressions=[
                *(column(each, alias) for each in self._shown),
                *(column(each, _GROUPS) for each in groups),
                with_alias(reference_tree(read_moment(self._moments), self._context), self._time),
                *(with_alias(exp.Null(), each.measure.name) for parts in self._parts.values() for each in parts),
                with_alias(literal(1), is_moment),
            ],
            from_=exp.From(this=self._spine()),
        )
        if groups:
            every = exp.Select(
                expressions=[column(each, self._rows) for each in groups],
                from_=exp.From(this=_as_subquery(self._added_up(), self._rows)),
                distinct=exp.Distinct(),
            )
            found.append("joins", exp.Join(this=_as_subquery(every, _GROUPS), kind="CROSS"))
        conditions = [condition_tree(each, self._context) for each in self._conditions(at_spine=True)]
        if conditions:
            found.set("where", exp.Where(this=all_of(conditions)))
        return found

    def _being_read(self, is_moment: str) -> exp.Select:
        """What the rows of each moment add up to; those without a time are read by none."""
        timed = exp.Not(this=exp.Is(this=column(self._time, self._rows), expression=exp.Null()))
        return exp.Select(
            expressions=[
                *(with_alias(exp.Null(), each) for each in self._shown),
                *(column(each, self._rows) for each in (*self._names.values(), self._time)),
                *(column(each.measure.name, self._rows) for parts in self._parts.values() for each in parts),
                with_alias(literal(0), is_moment),
            ],
            from_=exp.From(this=_as_subquery(self._added_up(), self._rows)),
            where=exp.Where(this=timed),
        )


def _names_beside(moments: SpineJoin) -> list[str]:
    return [Beside.of(moments).read] if moments.beside else []


def _column_expression(name: str) -> Expression:
    return Expression(text=name, columns=(name,))


def _as_subquery(inner: exp.Expr, alias: str) -> exp.Subquery:
    return exp.Subquery(this=inner, alias=exp.TableAlias(this=identifier(alias)))
