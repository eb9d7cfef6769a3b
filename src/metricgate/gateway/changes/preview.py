"""What a proposal is shown as: to its proposer what that one may see, to people who decide all of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from metricgate.approvals.preview import (
    DefinitionsPreview,
    Preview,
    RowCounts,
    SampleRow,
    StructurePreview,
    TableCounts,
    TablePreview,
)
from metricgate.approvals.proposal import Reversibility
from metricgate.catalog.labels import labels_of
from metricgate.changing.change import Row, RowChangeKind
from metricgate.changing.definitions import ActingDefinition, digest_of_definitions
from metricgate.changing.effect import Cause, ChangeEffect, RowChange, TableEffect
from metricgate.changing.structure import StructureEffect
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.changes.plan import PlannedChange
from metricgate.gateway.changes.ports import Rehearsal
from metricgate.gateway.changes.row_visibility import show_row
from metricgate.gateway.datasets import column_resource
from metricgate.policy.verdict import Decision
from metricgate.vocabulary.resource import Action
from metricgate.vocabulary.structure import StructureKind

_LONGEST_VALUE = 2_000
_CLASSES: Mapping[Reversibility, str] = {
    Reversibility.R0: "can be taken back exactly",
    Reversibility.R1: "can be taken back exactly; the engine sets some other columns anew",
    Reversibility.R2: "is made good by another action, not restored",
    Reversibility.R3: "can be taken back in part only",
    Reversibility.R4: "cannot be taken back",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalPreview:
    """A rehearsed proposal in numbers and samples.

    Attributes:
        preview: for people who decide, before anything was decided and without what the proposer says.
        columns: columns that change in the target, those that the engine changes besides among them.
        labels: sensitivity labels of what changes, sorted.
    """

    preview: Preview
    columns: tuple[str, ...]
    labels: tuple[str, ...]
    reversibility: Reversibility


def build_preview(planned: PlannedChange, rehearsal: Rehearsal, *, sample_rows: int) -> RehearsalPreview:
    """Return the preview of what a rehearsal found.

    Args:
        planned: what was rehearsed.
        rehearsal: what it does, and what came of taking it back.
        sample_rows: rows of each kind and table to show.
    """
    effect = rehearsal.effect
    own = [each for each in effect.tables if each.cause is Cause.STATEMENT]
    columns = tuple(dict.fromkeys(name for each in own for name in each.changed_columns()))
    labels = {label for name in columns for label in labels_of(planned.target.model, name)}
    labels.update(planned.target.model.sensitivity)
    if effect.structure is not None:
        columns = planned.columns
        labels |= {label for name in columns for label in labels_of(planned.target.model, name)}
    level = reversibility_of(rehearsal)
    preview = Preview(
        dataset=planned.target.model.name,
        rows=count_rows(effect),
        tables=preview_tables(effect, sample_rows),
        columns=columns,
        labels=tuple(sorted(labels)),
        unknown=tuple(effect.unknown),
        reversibility=str(level),
        not_back=tuple(rehearsal.not_back),
        definitions=preview_definitions(rehearsal.definitions),
        undo=describe_undo(rehearsal),
        structure=preview_structure(effect, planned.read_by),
    )
    return RehearsalPreview(preview=preview, columns=columns, labels=tuple(sorted(labels)), reversibility=level)


def reversibility_of(rehearsal: Rehearsal) -> Reversibility:
    """Return how far an effect can be taken back by its images: as it was when that was tried."""
    effect = rehearsal.effect
    if effect.structure is not None:
        return _of_structure(effect.structure)
    if effect.unknown or rehearsal.not_back:
        return Reversibility.R3
    return Reversibility.R1 if rehearsal.anew else Reversibility.R0


def describe_undo(rehearsal: Rehearsal) -> str:
    """Return in a sentence what taking it back gives."""
    level = reversibility_of(rehearsal)
    why = rehearsal.not_back if level is Reversibility.R3 else rehearsal.anew
    if level is Reversibility.R0 and not rehearsal.effect.rows and rehearsal.effect.structure is None:
        return "changes no row, so that there is nothing to take back"
    return _CLASSES[level] + (f": {'; '.join(why[:5])}" if why else "")


def _of_structure(effect: StructureEffect) -> Reversibility:
    if effect.losses:
        return Reversibility.R3
    return Reversibility.R1 if effect.change.kind is StructureKind.DROP_COLUMN else Reversibility.R0


def preview_definitions(definitions: Iterable[ActingDefinition]) -> DefinitionsPreview:
    """Return what people are shown of definitions: the digest over all, and by name what acts by itself."""
    found = sorted(set(definitions))
    acting = tuple(str(each) for each in found if each.acts)
    return DefinitionsPreview(digest=digest_of_definitions(found), acting=acting, number=len(found))


def preview_structure(effect: ChangeEffect, read_by: Sequence[str] = ()) -> StructurePreview | None:
    """Return what happens to a table itself, for people who decide; None where only rows change."""
    found = effect.structure
    if found is None:
        return None
    return StructurePreview(
        says=describe_structure(found),
        table=".".join(found.change.table),
        rows=found.rows,
        values=found.values,
        columns=tuple(f"{each.name} {each.type}" for each in found.columns),
        indexes=tuple(found.belongings),
        not_restored=tuple(found.losses),
        notes=tuple(found.notes),
        metrics=tuple(read_by),
    )


def describe_structure(effect: StructureEffect | None) -> str:
    """Return in a sentence what happens to a table."""
    if effect is None:
        return ""
    change, table = effect.change, ".".join(effect.change.table)
    kind = "" if change.column is None else f" {change.column.type}"
    return {
        StructureKind.DROP_TABLE: f"drops {table} with its {effect.rows:,} rows",
        StructureKind.RESTORE_TABLE: f"brings {table} back with its {effect.rows:,} rows",
        StructureKind.ADD_COLUMN: f"adds {change.column_name}{kind} to {table}",
        StructureKind.DROP_COLUMN: f"drops {change.column_name} of {table} with its {effect.values:,} values",
        StructureKind.RENAME_COLUMN: f"renames {change.column_name} of {table} to {change.new_name}",
        StructureKind.RESTORE_COLUMN: f"brings {change.column_name} of {table} back with {effect.values:,} values",
    }[change.kind]


def count_rows(effect: ChangeEffect) -> RowCounts:
    """Return how many rows are inserted, updated, deleted, and changed by cascades, and all of them together.

    Rows that a foreign key's cascade changes count there alone.
    """
    inserted, updated, deleted = (
        sum(each.count(kind) for each in effect.tables if each.cause is Cause.STATEMENT)
        for kind in (RowChangeKind.INSERT, RowChangeKind.UPDATE, RowChangeKind.DELETE)
    )
    total = effect.rows
    if effect.structure is not None:
        # All rows of a table go with it; of a column that goes, the values.
        going = effect.structure
        deleted = going.rows if going.change.kind is StructureKind.DROP_TABLE else 0
        updated = going.values
        total = deleted + updated
    cascaded = sum(len(each.rows) for each in effect.tables if each.cause is Cause.CASCADE)
    return RowCounts(insert=inserted, update=updated, delete=deleted, cascaded=cascaded, total=total)


def preview_tables(effect: ChangeEffect, sample_rows: int) -> tuple[TablePreview, ...]:
    """Return every table's effect with a sample, for people who decide."""
    return tuple(_table_preview(each, sample_rows) for each in effect.tables)


def _table_preview(effect: TableEffect, most: int) -> TablePreview:
    return TablePreview(
        table=".".join(effect.table),
        cause=str(effect.cause),
        columns=tuple(effect.columns),
        key=tuple(effect.key),
        assigned=tuple(effect.assigned),
        rows=TableCounts(
            insert=effect.count(RowChangeKind.INSERT),
            update=effect.count(RowChangeKind.UPDATE),
            delete=effect.count(RowChangeKind.DELETE),
        ),
        sample=tuple(_sample_row(row) for kind in RowChangeKind for row in effect.first(kind, most)),
    )


def _sample_row(row: RowChange) -> SampleRow:
    """Return one row's change, long values cut."""
    return SampleRow(
        kind=str(row.kind),
        key=_cut_row(row.key),
        before=None if row.before is None else _cut_row(row.before),
        after=None if row.after is None else _cut_row(row.after),
    )


def _cut_row(row: Row) -> tuple[str | None, ...]:
    return tuple(None if value is None else _cut_value(value) for value in row)


def _cut_value(value: str) -> str:
    if len(value) <= _LONGEST_VALUE:
        return value
    return f"{value[:_LONGEST_VALUE]}... ({len(value):,} characters)"


def show_proposer(
    context: CallContext, planned: PlannedChange, effect: ChangeEffect, preview: Preview | None, *, sample_rows: int
) -> Preview | None:
    """Return the preview as the proposer may see it: of cascades only numbers, of columns only readable values."""
    if preview is None:
        return None
    tables: list[TablePreview] = []
    for each in effect.tables:
        if each.cause is not Cause.STATEMENT:
            continue
        before = {name for name in (*each.columns, *each.key) if _reads(context, planned, name)}
        after = set(before)
        if planned.action is not None:
            # The agent knows the action, not the table: which rows it names, and what it sets there.
            before |= set(each.key)
            after |= {*each.key, *planned.columns}
        sample = tuple(
            show_row(_sample_row(row), each.columns, each.key, before=before.__contains__, after=after.__contains__)
            for kind in RowChangeKind
            for row in each.first(kind, sample_rows)
        )
        tables.append(replace(_table_preview(each, 0), sample=sample))
    return replace(preview, tables=tuple(tables))


def _reads(context: CallContext, planned: PlannedChange, column: str) -> bool:
    verdict = context.judge(Action.READ, (context.tool, column_resource(planned.target.model, column)))
    return verdict.decision is Decision.ALLOW and not verdict.obligations.masks
