"""What an action would do, and how risky that is, as people and its proposer are shown it: values without any JSON.

How they are written and read stands in ``documents.py`` alone. A number is None where it was erased.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

Count = int | None
"""So many; None where the number was erased."""
Cells = tuple[str | None, ...]
"""A row's values as texts; None stands for NULL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """Rows of the target by what happens to them, those behind foreign keys, and all of them."""

    insert: Count = 0
    update: Count = 0
    delete: Count = 0
    cascaded: Count = 0
    total: Count = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCounts:
    """Rows of one table by what happens to them."""

    insert: Count = 0
    update: Count = 0
    delete: Count = 0

    @property
    def total(self) -> int:
        """How many there are, as far as it is known."""
        return (self.insert or 0) + (self.update or 0) + (self.delete or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRow:
    """One row before and after.

    Attributes:
        kind: ``insert``, ``update`` or ``delete``.
        key: values of the table's key.
        before: values of the table's columns, in their order; None of a row that is inserted.
        after: likewise; None of a row that is deleted.
    """

    kind: str
    key: Cells | None
    before: Cells | None
    after: Cells | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePreview:
    """What happens to one table's rows.

    Attributes:
        table: its name in full, parts joined by dots.
        cause: ``statement`` or ``cascade``.
        columns: of ``before`` and ``after`` of each row of the sample.
        key: columns of the key.
        assigned: columns that the change sets.
        rows: how many there are.
        sample: the first rows of each kind, long values cut.
        hidden: columns whose values the viewer may not see.
    """

    table: str
    cause: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    assigned: tuple[str, ...]
    rows: TableCounts
    sample: tuple[SampleRow, ...]
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StructurePreview:
    """What happens to a table itself.

    Attributes:
        says: in a sentence, e.g. ``drops main.orders with its 40 rows``.
        table: its name in full.
        rows: that it has.
        values: that go or come back with a column.
        columns: ``name type`` of each.
        indexes: what belongs to the table and goes with it.
        not_restored: what an undo does not bring back.
        notes: sentences for people.
        metrics: full names of the metrics that read the table.
    """

    says: str
    table: str
    rows: Count
    values: Count
    columns: tuple[str, ...]
    indexes: tuple[str, ...]
    not_restored: tuple[str, ...]
    notes: tuple[str, ...]
    metrics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionsPreview:
    """What acts when the rows change: digest of all definitions, names of those that act by themselves, how many."""

    digest: str
    acting: tuple[str, ...]
    number: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsideredRule:
    """One rule that took part in the decision, and what it said."""

    rule: str
    decision: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a rehearsal showed of an action.

    Attributes:
        dataset: the model whose table is the target.
        rows: how many change.
        tables: table by table, with samples; None where samples are left out.
        columns: columns of the target that change; None where an undo's first action tells none.
        labels: sensitivity labels of what changes, sorted; None likewise.
        unknown: what may happen besides, of which nobody knows the effect.
        reversibility: as in the proposal, ``R0`` to ``R4``.
        not_back: why some of it is not as it was after taking it back; None in what releases before kept.
        definitions: what acts beside the change; None in what releases before kept.
        undo: in a sentence, what taking it back gives.
        structure: what happens to the table itself; None where only rows change.
        because: what its proposer says it is for; untrusted.
        considered: every rule considered, in order; None of an undo.
        partial: of an undo, whether rows that were changed since are left out; None of a proposal of an agent's.
    """

    dataset: str | None
    rows: RowCounts
    tables: tuple[TablePreview, ...] | None
    columns: tuple[str, ...] | None
    labels: tuple[str, ...] | None
    unknown: tuple[str, ...]
    reversibility: str
    not_back: tuple[str, ...] | None
    definitions: DefinitionsPreview | None
    undo: str
    structure: StructurePreview | None
    because: str | None = None
    considered: tuple[ConsideredRule, ...] | None = None
    partial: bool | None = None

    def sample(self) -> Iterator[tuple[TablePreview, SampleRow]]:
        """Yield each row of the sample with its table."""
        for table in self.tables or ():
            for row in table.sample:
                yield table, row


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskContribution:
    """What one signal added: ``side`` is ``likelihood`` or ``impact``."""

    signal: str
    side: str
    points: float | None
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSummary:
    """The risk of an action: a score from 0 to 100, likelihood and impact from 0 to 10, the largest contributions."""

    score: int | None
    likelihood: float | None
    impact: float | None
    contributions: tuple[RiskContribution, ...]
