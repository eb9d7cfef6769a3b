"""What an engine brings to be changed: a session in which one transaction runs, and its ways of writing SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from metricgate.adapters.warehouses.changing.structure_dialect import StructureDialect
from metricgate.changing.change import Row
from metricgate.changing.definitions import Definitions
from metricgate.changing.images import Images
from metricgate.changing.shape import ColumnShape, ForeignKey, Location, TableShape
from metricgate.compiling.statement import Statement

Text = tuple[str, Sequence[object]]
"""SQL of our own writing, and the values of its parameters in order."""


class WriteSession(Protocol):
    """One connection of the writing account, in one transaction. Methods raise ``ChangeFailed``, and nothing else."""

    def begin(self, seconds: float) -> None:
        """Begin a transaction at REPEATABLE READ or better that may take so long."""
        ...

    def read(self, sql: str, parameters: Sequence[object], *, stores: bool = False) -> list[Row]:
        """Return the rows of one SELECT, every value as text; ``stores`` where they are values that a change stores."""
        ...

    def columns(self, sql: str, parameters: Sequence[object], *, width: int, stores: bool = False) -> Images:
        """Return the rows of one statement with so many outputs, as ``read`` does, but column by column.

        Numbers of rows may come as numbers.
        """
        ...

    def change(self, sql: str, parameters: Sequence[object]) -> int:
        """Run one statement and return how many rows it found, changed or not."""
        ...

    def do(self, sql: str) -> None:
        """Run one statement that has neither rows nor a count, such as DDL."""
        ...

    def commit(self) -> None:
        """Commit.

        Raises:
            OutcomeUnknown: the connection was lost meanwhile.
        """
        ...

    def rollback(self) -> None:
        """Roll back; a session that cannot is closed."""
        ...


class WriteDialect(Protocol):
    """How one engine is told what to do. Names are quoted, values are parameters, always."""

    @property
    def rows_at_once(self) -> int:
        """How many rows one statement takes at most; and ``characters_at_once``, how many characters of values."""
        ...

    @property
    def characters_at_once(self) -> int:
        """See ``rows_at_once``."""
        ...

    def shapes(self, session: WriteSession, relations: Sequence[Location]) -> Mapping[Location, TableShape]:
        """Read the shapes of those tables that exist, and of all that foreign keys reach from them."""
        ...

    def definitions(self, session: WriteSession, tables: Sequence[Location], reads: Sequence[Location]) -> Definitions:
        """Read what acts when rows of these tables change, and the views among what is read, as they are now."""
        ...

    def evaluate(self, source: Statement, targets: Sequence[ColumnShape]) -> Text:
        """Write the SELECT of a source's rows as text, each value as it would be stored in its target column."""
        ...

    def plain(self, source: Statement, targets: Sequence[ColumnShape]) -> Text:
        """Write the SELECT of a source's rows as text, where they are values of these columns already."""
        ...

    def images(self, shape: TableShape, by: Sequence[ColumnShape], keys: Images, *, lock: bool) -> Text:
        """Write the SELECT of whole rows whose columns ``by`` have one of these values, in any order.

        The first output is the number of the values that fit, then come all columns of the table.
        """
        ...

    def select_differing(self, shape: TableShape, images: Images) -> Text:
        """Write the SELECT of the numbers of those images that no row of the table is equal to in every text.

        What is equal under a collation is not equal here.
        """
        ...

    def select_stored_otherwise(
        self, session: WriteSession, shape: TableShape, columns: Sequence[ColumnShape]
    ) -> Callable[[Images], Text] | None:
        """Return what writes the SELECT of the numbers of those values that these columns would not keep as they are.

        None where an update of the columns may do anything else, or may be refused for anything else, than by its
        values' types: there it has to be tried. Whatever the shape shows already is not asked again.
        """
        ...

    def settle(self) -> Sequence[str]:
        """Return the statements that have happen now what would wait for the commit: deferred triggers and checks."""
        ...

    def insert(
        self,
        shape: TableShape,
        columns: Sequence[ColumnShape],
        values: Images,
        *,
        restoring: bool,
    ) -> Text:
        """Write an INSERT that gives back the values of the key's columns; ``restoring`` as ``TableChange`` says."""
        ...

    def update(
        self,
        shape: TableShape,
        columns: Sequence[ColumnShape],
        keys: Images,
        values: Images,
        kept: Sequence[ColumnShape],
        *,
        restoring: bool,
    ) -> Text:
        """Write an UPDATE by key to these values; ``restoring`` as ``TableChange`` says.

        Columns ``kept``, which the engine would set anew (``ColumnShape.moving``), stay as they are in each row.
        """
        ...

    def delete(self, shape: TableShape, keys: Images) -> Text:
        """Write a DELETE by key."""
        ...

    def children(self, child: TableShape, key: ForeignKey, values: Images, parent: TableShape) -> Text:
        """Write the SELECT of whole rows of a child that refer to one of these values, as ``images`` does."""
        ...

    def mark(self, action_id: str) -> Text:
        """Write the INSERT into the table of markers."""
        ...

    def closed_off(self, action_id: str) -> Text:
        """Read a row if the action was closed off; asked only where DDL commits by itself."""
        ...

    def marks(self, action_ids: Sequence[str]) -> Text:
        """Write the SELECT of those markers that are there."""
        ...

    def make_marks(self) -> Sequence[str]:
        """Return the statements that make the table of markers where it is missing."""
        ...

    @property
    def structures(self) -> StructureDialect:
        """How tables themselves are changed."""
        ...
