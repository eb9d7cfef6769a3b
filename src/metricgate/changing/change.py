"""A change spelt out row by row: what is to be done, with values and not with conditions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from metricgate.changing.shape import Location
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json

Value = str | None
"""A value in its engine's own lossless text (what a cast to text gives and a cast back takes); None is NULL."""
Row = tuple[Value, ...]


class ChangeKind(StrEnum):
    """What is done to a row."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTarget:
    """One row to change.

    Attributes:
        key: values of the table's key, by which the row is found; empty for an insert.
        values: values to set, of the change's ``columns``; empty for a delete.
        expected: what the change's ``expecting`` columns must hold beforehand; empty where nothing is expected.
    """

    key: Row = ()
    values: Row = ()
    expected: Row = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChange:
    """Rows of one table to change in one way.

    Attributes:
        key: names of the key columns, as in ``TableShape.key``; empty for an insert.
        columns: names of the columns that are set.
        expecting: names of the columns whose values are looked at before the change.
        restoring: whether values are images of what stood there, which an engine must take though it would refuse them
            as new ones (MariaDB's ENUM '' and zero dates); what comes of it is held against the images.
        keeping: names of the columns that an update leaves as they are, where the engine would set them anew.
    """

    kind: ChangeKind
    table: Location
    key: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    expecting: tuple[str, ...] = ()
    keeping: tuple[str, ...] = ()
    restoring: bool = False
    rows: tuple[RowTarget, ...] = field(repr=False)

    def as_json(self) -> dict[str, Json]:
        """Return everything, as ``change_from_json`` reads it."""
        document: dict[str, Json] = {
            "kind": str(self.kind),
            "table": list(self.table),
            "key": list(self.key),
            "columns": list(self.columns),
            "expecting": list(self.expecting),
            "keeping": list(self.keeping),
            "rows": [[list(row.key), list(row.values), list(row.expected)] for row in self.rows],
        }
        if self.restoring:
            document["restoring"] = True
        return document


def digest_of_changes(changes: tuple[TableChange, ...]) -> str:
    """Return the digest over every row of every change, in order."""
    return digest_of([change.as_json() for change in changes])
