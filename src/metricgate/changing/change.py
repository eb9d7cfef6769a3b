"""A change spelt out row by row: what is to be done, with values and not with conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast, overload

from metricgate.changing.images import Images, Row, Value
from metricgate.changing.shape import Location
from metricgate.vocabulary.digest import digest_of_parts
from metricgate.vocabulary.json import Json, canonical_json, canonical_rows

__all__ = ["Row", "RowChangeKind", "RowTarget", "TableChange", "Targets", "Value", "digest_of_changes"]


class RowChangeKind(StrEnum):
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


class Targets(Sequence[RowTarget]):
    """Rows to change, each a ``RowTarget``, kept column by column.

    Attributes:
        keys: of all rows; no columns for an insert. So are ``values`` and ``expected``.
        whole: whole rows as they are beforehand, as far as whoever spelt the change out knows; goes nowhere with it.
    """

    __slots__ = ("expected", "keys", "values", "whole")

    def __init__(
        self, keys: Images, values: Images | None = None, expected: Images | None = None, *, whole: Images | None = None
    ) -> None:
        """Keep them.

        Raises:
            ValueError: they are not of equal length.
        """
        none = Images((), len(keys))
        self.keys = keys
        self.values = none if values is None else values
        self.expected = none if expected is None else expected
        self.whole = whole
        if not len(self.keys) == len(self.values) == len(self.expected):
            raise ValueError("keys, values and expected values of different numbers of rows")

    @classmethod
    def of(cls, rows: Sequence[RowTarget]) -> Targets:
        """Return these rows.

        Raises:
            ValueError: they are of different widths.
        """
        if isinstance(rows, Targets):
            return rows
        first = rows[0] if rows else RowTarget()
        return cls(
            Images.of([row.key for row in rows], len(first.key)),
            Images.of([row.values for row in rows], len(first.values)),
            Images.of([row.expected for row in rows], len(first.expected)),
        )

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, at: int) -> RowTarget: ...
    @overload
    def __getitem__(self, at: slice) -> Targets: ...
    def __getitem__(self, at: int | slice) -> RowTarget | Targets:
        if isinstance(at, slice):
            return Targets(self.keys[at], self.values[at], self.expected[at])
        return RowTarget(key=self.keys[at], values=self.values[at], expected=self.expected[at])

    def __iter__(self) -> Iterator[RowTarget]:
        for key, values, expected in zip(self.keys, self.values, self.expected, strict=True):
            yield RowTarget(key=key, values=values, expected=expected)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Targets):
            return NotImplemented
        return (self.keys, self.values, self.expected) == (other.keys, other.values, other.expected)

    __hash__ = None  # type: ignore[assignment]

    def at(self, rows: Sequence[int]) -> Targets:
        """Return the rows of these numbers."""
        return Targets(self.keys.at(rows), self.values.at(rows), self.expected.at(rows))


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
        rows: given as any sequence of ``RowTarget``, kept as ``Targets``.
    """

    kind: RowChangeKind
    table: Location
    key: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    expecting: tuple[str, ...] = ()
    keeping: tuple[str, ...] = ()
    restoring: bool = False
    rows: Sequence[RowTarget] = field(repr=False)

    def __post_init__(self) -> None:
        """Keep the rows column by column.

        Raises:
            ValueError: there are not as many values as names.
        """
        widths = (len(self.key), len(self.columns), len(self.expecting))
        rows = Targets.of(self.rows) if len(self.rows) else Targets(*(Images.of((), width) for width in widths))
        if tuple(len(each.columns) for each in (rows.keys, rows.values, rows.expected)) != widths:
            raise ValueError(f"values for other columns than {self.key}, {self.columns} and {self.expecting}")
        object.__setattr__(self, "rows", rows)

    @property
    def targets(self) -> Targets:
        """The rows, column by column."""
        return cast("Targets", self.rows)

    def head(self) -> dict[str, Json]:
        """Return everything but the rows."""
        document: dict[str, Json] = {
            "kind": str(self.kind),
            "table": list(self.table),
            "key": list(self.key),
            "columns": list(self.columns),
            "expecting": list(self.expecting),
            "keeping": list(self.keeping),
        }
        if self.restoring:
            document["restoring"] = True
        return document


def digest_of_changes(changes: Sequence[TableChange]) -> str:
    """Return the digest over every row of every change, in order."""
    return digest_of_parts(_canonical(changes))


def _canonical(changes: Sequence[TableChange]) -> Iterator[bytes]:
    """Yield the canonical JSON of a list of ``{..., "rows": [[key, values, expected], ...], "table": ...}``."""
    for number, change in enumerate(changes):
        yield b"," if number else b"["
        head = change.head()
        table = canonical_json({"table": head.pop("table")})
        # Of all the members, only the table's name sorts behind the rows.
        yield canonical_json(head)[:-1] + b',"rows":'
        yield from canonical_rows(zip(change.targets.keys, change.targets.values, change.targets.expected, strict=True))
        yield b"," + table[1:]
    yield b"]" if changes else b"[]"
