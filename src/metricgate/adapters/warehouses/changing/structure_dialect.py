"""What an engine brings to have its tables changed: what belongs to a table, what depends on it, and its DDL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from metricgate.changing.change import Row
from metricgate.changing.definitions import Definitions
from metricgate.changing.shape import ColumnShape, Location, TableShape
from metricgate.changing.structure import StructureChange

Read = tuple[str, Sequence[object]]
"""A SELECT of our own writing, and the values of its parameters."""


class Reads(Protocol):
    """The part of a ``WriteSession`` that looking something up needs."""

    def read(self, sql: str, parameters: Sequence[object]) -> list[Row]:
        """Return the rows of one SELECT, every value as text."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index.

    Attributes:
        columns: that it is over, as far as they are plain; others are told by ``text``.
        text: the statement that makes it again, where the engine can say it.
    """

    name: str
    columns: tuple[str, ...]
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What hangs on a table.

    Attributes:
        indexes: all of it, those of constraints too where the engine tells them apart from keys.
        dependents: views and other objects that read the table, in words.
    """

    indexes: tuple[Index, ...] = ()
    dependents: tuple[str, ...] = ()


class StructureDialect(Protocol):
    """How one engine changes tables. Names are quoted, always."""

    @property
    def commits_by_itself(self) -> bool:
        """Whether DDL commits at once, so that it cannot be rolled back."""
        ...

    def surroundings(self, session: Reads, shape: TableShape) -> Surroundings:
        """Look up what hangs on a table."""
        ...

    def read_ddl_triggers(self, session: Reads) -> Definitions:
        """Look up what acts on DDL itself, whatever table it is of."""
        ...

    def definition(self, session: Reads, shape: TableShape, column: ColumnShape) -> tuple[ColumnShape, tuple[str, ...]]:
        """Return a column as it must be made again, and what could not be."""
        ...

    def count(self, location: Location, column: str | None) -> Read:
        """Write the SELECT of a table's rows, or of those that hold a value in a column."""
        ...

    def without_values(self, change: StructureChange) -> Read:
        """Write the SELECT of how many rows a column's kept values do not reach."""
        ...

    def lock(self, location: Location) -> str | None:
        """Write what keeps all others from a table until the transaction ends; None where the engine has no need."""
        ...

    def statements(
        self, change: StructureChange, shape: TableShape | None, aside: Location, indexes: Sequence[Index]
    ) -> Sequence[str]:
        """Write what carries a change out, in order; the last statement makes it visible.

        Args:
            change: with its column as ``definition`` gave it.
            shape: of the table; None where it is brought back.
            aside: the table in which what goes is kept, or from which it comes.
            indexes: of the table.
        """
        ...

    def clean_up(self, change: StructureChange, aside: Location) -> Sequence[str]:
        """Write what takes away what an attempt left that did not end; only where DDL commits by itself."""
        ...

    def select_tables_named(self, names: Sequence[str]) -> Read:
        """Write the SELECT of database or schema, and name, of the tables that have one of these names."""
        ...

    def drop(self, location: Location) -> str:
        """Write what drops a table for good."""
        ...
