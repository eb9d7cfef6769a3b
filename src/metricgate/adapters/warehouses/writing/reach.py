"""Rows that change because a foreign key reacts: found before the change, table by table, however far it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from metricgate.adapters.warehouses.writing.session import WriteDialect, WriteSession
from metricgate.changing.change import ChangeKind, Row, TableChange
from metricgate.changing.shape import ForeignKey, Location, Reaction, TableShape
from metricgate.gateway.writing import codes
from metricgate.gateway.writing.ports import ChangeFailed

_CHUNK = 2_000
_DEEPEST = 32


@dataclass(slots=True)
class Reach:
    """What was found so far: rows as they are, by table and key; and why more may happen.

    Attributes:
        own: rows that the change itself names; they are not found again, also where a row refers to itself.
    """

    shapes: dict[Location, TableShape]
    most_rows: int
    own: frozenset[tuple[Location, Row]] = frozenset()
    found: dict[Location, dict[Row, Row]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows were found."""
        return sum(len(rows) for rows in self.found.values())


def follow(
    reach: Reach, session: WriteSession, dialect: WriteDialect, change: TableChange, before: Sequence[Row | None]
) -> None:
    """Find what reacts to a change of these rows."""
    shape = reach.shapes[change.table]
    rows = [row for row in before if row is not None]
    if change.kind is ChangeKind.DELETE:
        _deleted(reach, session, dialect, shape, rows, 0)
    elif change.kind is ChangeKind.UPDATE:
        moved = [
            key
            for key in shape.referenced_by
            if key.on_update is not Reaction.REFUSE and set(key.referenced_columns) & set(change.columns)
        ]
        for key in moved:
            _reacting(reach, session, dialect, shape, key, rows, key.on_update, 0)


def _deleted(
    reach: Reach, session: WriteSession, dialect: WriteDialect, shape: TableShape, rows: Sequence[Row], depth: int
) -> None:
    for key in shape.referenced_by:
        if key.on_delete is not Reaction.REFUSE:
            _reacting(reach, session, dialect, shape, key, rows, key.on_delete, depth)


def _reacting(
    reach: Reach,
    session: WriteSession,
    dialect: WriteDialect,
    parent: TableShape,
    key: ForeignKey,
    rows: Sequence[Row],
    reaction: Reaction,
    depth: int,
) -> None:
    child = reach.shapes.get(key.table)
    name = ".".join(key.table)
    if child is None or not child.key:
        reach.unknown.append(f"rows of {name} behind the foreign key {key.name}, which has no key of its own")
        return
    if depth >= _DEEPEST:
        reach.unknown.append(f"foreign keys go on for more than {_DEEPEST} tables at {name}")
        return
    if reaction is not Reaction.CASCADE and set(key.columns) & set(child.key):
        reach.unknown.append(f"keys of {name} change behind the foreign key {key.name}")
    places = [parent.names.index(column) for column in key.referenced_columns]
    values = list({tuple(row[at] for at in places): None for row in rows})
    values = [value for value in values if None not in value]
    known = reach.found.setdefault(key.table, {})
    fresh: list[Row] = []
    for start in range(0, len(values), _CHUNK):
        text = dialect.children(child, key, values[start : start + _CHUNK], parent)
        for _number, *image in session.read(*text):
            whole: Row = tuple(image)
            own = tuple(whole[child.names.index(column)] for column in child.key)
            if own not in known and (key.table, own) not in reach.own:
                known[own] = whole
                fresh.append(whole)
        if reach.rows > reach.most_rows:
            raise ChangeFailed(codes.TOO_MANY_ROWS.name, "more rows behind cascades", detail="with cascades")
    if fresh and reaction is Reaction.CASCADE:
        _deleted(reach, session, dialect, child, fresh, depth + 1)
