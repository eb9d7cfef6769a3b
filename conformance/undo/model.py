"""The replay: tables as dictionaries, changes and foreign keys' reactions carried out on them, undo by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from metricgate.changing.change import Row, RowChangeKind, TableChange

State = dict[str, dict[Row, Row]]
"""Table -> key -> whole row."""


@dataclass(frozen=True)
class Reaction:
    """What deleting a parent does to rows of a child: ``cascade`` or ``set null``."""

    child: str
    parent: str
    columns: tuple[str, ...]
    does: str


@dataclass(frozen=True)
class Layout:
    """Columns and keys of the tables, and the reactions between them."""

    columns: Mapping[str, tuple[str, ...]]
    keys: Mapping[str, tuple[str, ...]]
    reactions: Sequence[Reaction] = ()

    def places(self, table: str, names: Sequence[str]) -> list[int]:
        """Return where columns stand."""
        return [self.columns[table].index(name) for name in names]


@dataclass
class Happened:
    """One row's fate in one change."""

    table: str
    before: Row | None
    after: Row | None


@dataclass
class Replay:
    """A state, and what the last change did to it."""

    layout: Layout
    state: State = field(default_factory=dict)

    def copy(self) -> Replay:
        """Return a copy that goes its own way."""
        return Replay(self.layout, {table: dict(rows) for table, rows in self.state.items()})

    def do(self, changes: Sequence[TableChange]) -> list[Happened]:
        """Carry changes out; returns what happened to each row, cascades among it."""
        told: list[Happened] = []
        for change in changes:
            table = change.table[-1]
            for row in change.rows:
                told += self._row(table, change, row.key, row.values)
        return told

    def _row(self, table: str, change: TableChange, key: Row, values: Row) -> Iterator[Happened]:
        rows, layout = self.state[table], self.layout
        if change.kind is RowChangeKind.INSERT:
            given = dict(zip(change.columns, values, strict=True))
            whole = tuple(given.get(name) for name in layout.columns[table])
            rows[self._key(table, whole)] = whole
            yield Happened(table, None, whole)
            return
        old = rows.pop(key)
        if change.kind is RowChangeKind.DELETE:
            yield Happened(table, old, None)
            yield from self._react(table, key)
            return
        new = list(old)
        for place, value in zip(layout.places(table, change.columns), values, strict=True):
            new[place] = value
        rows[self._key(table, tuple(new))] = tuple(new)
        yield Happened(table, old, tuple(new))

    def _react(self, parent: str, key: Row) -> Iterator[Happened]:
        for reaction in self.layout.reactions:
            if reaction.parent != parent:
                continue
            places = self.layout.places(reaction.child, reaction.columns)
            rows = self.state[reaction.child]
            for own, old in list(rows.items()):
                if tuple(old[place] for place in places) != key:
                    continue
                del rows[own]
                if reaction.does == "cascade":
                    yield Happened(reaction.child, old, None)
                    continue
                new = tuple(None if at in places else value for at, value in enumerate(old))
                rows[own] = new
                yield Happened(reaction.child, old, new)

    def _key(self, table: str, row: Row) -> Row:
        return tuple(row[place] for place in self.layout.places(table, self.layout.keys[table]))

    def taken_back(self, told: Sequence[Happened]) -> Replay | None:
        """Return the state with everything taken back, or None where a row is not as it was left.

        Where a row was set to what it held, there is nothing to take back, whatever became of it meanwhile.
        """
        back = self.copy()
        for each in told:
            if each.before == each.after:
                continue
            rows = back.state[each.table]
            if each.before is None:
                key = self._key(each.table, each.after or ())
                if rows.pop(key, None) != each.after or self._referred(each.table, key):
                    return None
            elif each.after is None:
                key = self._key(each.table, each.before)
                if key in self.state[each.table]:
                    return None
                rows[key] = each.before
            elif not self._set_back(back, each):
                return None
        return back

    def _referred(self, parent: str, key: Row) -> bool:
        """Whether somebody refers to a row, so that taking it away would reach further than the change did."""
        return any(
            tuple(row[place] for place in self.layout.places(reaction.child, reaction.columns)) == key
            for reaction in self.layout.reactions
            if reaction.parent == parent
            for row in self.state[reaction.child].values()
        )

    def _set_back(self, back: Replay, each: Happened) -> bool:
        before, after = each.before or (), each.after or ()
        rows = back.state[each.table]
        now = rows.pop(self._key(each.table, after), None)
        if now is None:
            return False
        new = list(now)
        for place, (old, left) in enumerate(zip(before, after, strict=True)):
            if old != left:
                if now[place] != left:
                    return False
                new[place] = old
        rows[self._key(each.table, tuple(new))] = tuple(new)
        return True
