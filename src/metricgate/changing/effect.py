"""What a change does to rows: before and after of each, of the tables that it names and of those that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from metricgate.changing.change import ChangeKind, Row
from metricgate.changing.shape import Location
from metricgate.changing.structure import StructureEffect
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json


class Cause(StrEnum):
    """Why a row changes."""

    STATEMENT = "statement"
    """The change names it."""
    CASCADE = "cascade"
    """A foreign key's reaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """One row. ``before`` is None for a row that is inserted, ``after`` for one that is deleted.

    Attributes:
        key: values of the table's key; as they were, where the key itself changes.
    """

    key: Row
    before: Row | None = None
    after: Row | None = None

    @property
    def kind(self) -> ChangeKind:
        """What happens to the row."""
        if self.before is None:
            return ChangeKind.INSERT
        return ChangeKind.DELETE if self.after is None else ChangeKind.UPDATE


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEffect:
    """What happens to the rows of one table.

    Attributes:
        columns: names of the table's columns, in the order of every ``before`` and ``after``.
        key: names of its key's columns.
        assigned: the columns that the change itself sets; what else differs, the engine did (defaults, triggers).
        rows: sorted by kind and key, so that equal effects are equal.
    """

    table: Location
    cause: Cause
    columns: tuple[str, ...]
    key: tuple[str, ...]
    assigned: tuple[str, ...]
    rows: tuple[RowChange, ...] = field(repr=False)

    def count(self, kind: ChangeKind) -> int:
        """Return how many rows this happens to."""
        return sum(1 for row in self.rows if row.kind is kind)

    def changed_columns(self) -> tuple[str, ...]:
        """Return the columns that differ between before and after in some row, in order; all, for whole rows."""
        found = [False] * len(self.columns)
        for row in self.rows:
            before, after = row.before, row.after
            if before is None or after is None:
                return self.columns
            for at, (old, new) in enumerate(zip(before, after, strict=True)):
                found[at] = found[at] or old != new
        return tuple(name for name, differs in zip(self.columns, found, strict=True) if differs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Everything that a change does, as far as it can be known.

    Attributes:
        unknown: why more may happen than is listed (a trigger, a table without a key behind a cascade); empty where all
            is known.
        structure: what happens to a table itself; then ``tables`` is empty.
    """

    tables: tuple[TableEffect, ...]
    unknown: tuple[str, ...] = ()
    structure: StructureEffect | None = None

    @property
    def rows(self) -> int:
        """Rows that change, those behind cascades too; of a table that changes itself, all of them."""
        return sum(len(each.rows) for each in self.tables) + (0 if self.structure is None else self.structure.rows)

    @property
    def digest(self) -> str:
        """The digest of what can be foretold: keys, all of each row before, and the assigned columns after.

        What the engine gives by itself (the next number of a sequence, the time of a default or a trigger) may differ
        between a rehearsal and the real run, and so may the keys of inserted rows that such a value makes.
        """
        if self.structure is not None:
            return self.structure.digest
        return digest_of([_foretold(each) for each in self.tables])

    def of(self, cause: Cause) -> Sequence[TableEffect]:
        """Return the tables' effects that have this cause."""
        return [each for each in self.tables if each.cause is cause]


def _foretold(effect: TableEffect) -> Json:
    whole = effect.cause is Cause.CASCADE
    places = [at for at, name in enumerate(effect.columns) if whole or name in effect.assigned]
    rows: list[Json] = []
    for row in effect.rows:
        after = None if row.after is None else [row.after[at] for at in places]
        key = None if row.kind is ChangeKind.INSERT else list(row.key)
        rows.append([str(row.kind), key, None if row.before is None else list(row.before), after])
    return [list(effect.table), str(effect.cause), list(effect.columns), list(effect.assigned), rows]
