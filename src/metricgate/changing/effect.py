"""What a change does to rows: before and after of each, of the tables that it names and of those that follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby, repeat
from operator import attrgetter
from typing import cast, overload

from metricgate.changing.change import Row, RowChangeKind
from metricgate.changing.images import Images, alone
from metricgate.changing.shape import Location
from metricgate.changing.structure import StructureEffect
from metricgate.vocabulary.digest import digest_of_parts
from metricgate.vocabulary.json import Json, canonical_json, canonical_rows


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
    def kind(self) -> RowChangeKind:
        """What happens to the row."""
        if self.before is None:
            return RowChangeKind.INSERT
        return RowChangeKind.DELETE if self.after is None else RowChangeKind.UPDATE


@dataclass(frozen=True, slots=True)
class Block:
    """Rows to which the same happens, kept column by column.

    Attributes:
        keys: as ``RowChange.key``.
        before: None for rows that are inserted.
        after: None for rows that are deleted.
    """

    keys: Images
    before: Images | None = None
    after: Images | None = None

    def __post_init__(self) -> None:
        if any(each is not None and len(each) != len(self.keys) for each in (self.before, self.after)):
            raise ValueError("keys and images of different numbers of rows")

    @property
    def kind(self) -> RowChangeKind:
        """What happens to the rows."""
        if self.before is None:
            return RowChangeKind.INSERT
        return RowChangeKind.DELETE if self.after is None else RowChangeKind.UPDATE

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, at: int) -> RowChange:
        before, after = (None if each is None else each[at] for each in (self.before, self.after))
        return RowChange(key=self.keys[at], before=before, after=after)

    def rows(self) -> Iterator[tuple[Row, Row | None, Row | None]]:
        """Yield key, before and after of each row."""
        before, after = (repeat(None, len(self)) if each is None else each for each in (self.before, self.after))
        return zip(self.keys, before, after, strict=True)


class RowChanges(Sequence[RowChange]):
    """What happens to rows of one table, each a ``RowChange``, kept in blocks to which the same happens."""

    __slots__ = ("blocks",)

    def __init__(self, blocks: Sequence[Block]) -> None:
        """Keep the blocks that have rows."""
        self.blocks = tuple(block for block in blocks if len(block))

    @classmethod
    def of(cls, rows: Sequence[RowChange]) -> RowChanges:
        """Return these rows, in their order."""
        return rows if isinstance(rows, RowChanges) else cls([_block_of(list(run)) for _k, run in groupby(rows, _KIND)])

    def __len__(self) -> int:
        return sum(map(len, self.blocks))

    @overload
    def __getitem__(self, at: int) -> RowChange: ...
    @overload
    def __getitem__(self, at: slice) -> list[RowChange]: ...
    def __getitem__(self, at: int | slice) -> RowChange | list[RowChange]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        place = at + len(self) if at < 0 else at
        for block in self.blocks:
            if 0 <= place < len(block):
                return block[place]
            place -= len(block)
        raise IndexError(at)

    def __iter__(self) -> Iterator[RowChange]:
        for block in self.blocks:
            for key, before, after in block.rows():
                yield RowChange(key=key, before=before, after=after)

    def __eq__(self, other: object) -> bool:
        return self.blocks == other.blocks if isinstance(other, RowChanges) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


_KIND = attrgetter("kind")


def _block_of(rows: Sequence[RowChange]) -> Block:
    """Return rows of one kind."""
    kind = rows[0].kind
    before = None if kind is RowChangeKind.INSERT else alone(row.before or () for row in rows)
    after = None if kind is RowChangeKind.DELETE else alone(row.after or () for row in rows)
    return Block(alone(row.key for row in rows), before, after)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEffect:
    """What happens to the rows of one table.

    Attributes:
        columns: names of the table's columns, in the order of every ``before`` and ``after``.
        key: names of its key's columns.
        assigned: the columns that the change itself sets; what else differs, the engine did (defaults, triggers).
        rows: sorted by kind and key, so that equal effects are equal; given as any sequence, kept as ``RowChanges``.
    """

    table: Location
    cause: Cause
    columns: tuple[str, ...]
    key: tuple[str, ...]
    assigned: tuple[str, ...]
    rows: Sequence[RowChange] = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", RowChanges.of(self.rows))

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The rows, column by column."""
        return cast("RowChanges", self.rows).blocks

    @property
    def key_places(self) -> list[int]:
        """Where the key stands among the columns."""
        return [self.columns.index(name) for name in self.key]

    def count(self, kind: RowChangeKind) -> int:
        """Return how many rows this happens to."""
        return sum(len(block) for block in self.blocks if block.kind is kind)

    def first(self, kind: RowChangeKind, most: int) -> list[RowChange]:
        """Return the first rows to which this happens, so many at most."""
        found: list[RowChange] = []
        for block in self.blocks:
            if block.kind is kind:
                found += [block[at] for at in range(min(len(block), most - len(found)))]
        return found

    def changed_columns(self) -> tuple[str, ...]:
        """Return the columns that differ between before and after in some row, in order; all, for whole rows."""
        found = [False] * len(self.columns)
        for block in self.blocks:
            if block.before is None or block.after is None:
                return self.columns
            pairs = zip(block.before.columns, block.after.columns, strict=True)
            found = [known or old != new for known, (old, new) in zip(found, pairs, strict=True)]
        return tuple(name for name, differs in zip(self.columns, found, strict=True) if differs)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEffect:
    """Everything that a change does, as far as it can be known.

    Attributes:
        unknown: why more may happen than is listed (a trigger, a table without a key behind a cascade); empty where all
            is known.
        structure: what happens to a table itself; then ``tables`` is empty.
    """

    tables: tuple[TableEffect, ...]
    unknown: tuple[str, ...] = ()
    structure: StructureEffect | None = None
    _digest: list[str] = field(default_factory=list, repr=False, compare=False, init=False)

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
        if not self._digest:  # it goes over every row, and is asked for several times
            self._digest.append(digest_of_parts(_foretold_json(self.tables)))
        return self._digest[0]

    def of(self, cause: Cause) -> Sequence[TableEffect]:
        """Return the tables' effects that have this cause."""
        return [each for each in self.tables if each.cause is cause]


def _foretold_json(tables: Sequence[TableEffect]) -> Iterator[bytes]:
    """Yield the canonical JSON of ``[[table, cause, columns, assigned, [[kind, key, before, after], ...]], ...]``."""
    for number, each in enumerate(tables):
        head = [list(each.table), str(each.cause), list(each.columns), list(each.assigned)]
        yield (b"," if number else b"[") + canonical_json(head)[:-1] + b","
        yield from canonical_rows(_foretold_rows(each))
        yield b"]"
    yield b"]" if tables else b"[]"


def _foretold_rows(effect: TableEffect) -> Iterator[Json]:
    whole = effect.cause is Cause.CASCADE
    places = [at for at, name in enumerate(effect.columns) if whole or name in effect.assigned]
    for block in effect.blocks:
        count = len(block)
        keys = repeat(None, count) if block.before is None else block.keys
        before = repeat(None, count) if block.before is None else block.before
        after = repeat(None, count) if block.after is None else block.after.pick_columns(places)
        yield from zip(repeat(str(block.kind), count), keys, before, after, strict=True)
