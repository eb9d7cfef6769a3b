"""Building a DuckDB file from nothing: written beside its place, renamed into it when it is whole.

The one part of this room that writes. No agent's question comes here: the running gateway opens files read-only
(``duckdb.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from metricgate.vocabulary.predicate import Scalar

Row = tuple[Scalar, ...]


class Builder:
    """A database file that is being made. Statements run with file access, so they come from the program only."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Scalar] | Mapping[str, Scalar] = ()) -> list[Row]:
        """Run one or more statements and return the last one's rows."""
        return self._connection.execute(sql, parameters or None).fetchall()


@contextmanager
def build_file(path: Path) -> Iterator[tuple[Builder, Path]]:
    """Give a builder and a scratch directory; on leaving the block without error, the file takes its place at once.

    A reader of ``path`` sees the old file or the new one, never a part. The scratch directory lies in the same file
    system and is removed in any case. Directories of ``path`` are made.

    Raises:
        OSError: the directory cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.building-") as scratch:
        unfinished = Path(scratch) / path.name
        connection = duckdb.connect(str(unfinished))
        try:
            yield Builder(connection), Path(scratch)
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        # A write-ahead log left by a process that died would be replayed onto the new file.
        path.with_name(path.name + ".wal").unlink(missing_ok=True)
        unfinished.replace(path)


def read_row(path: Path, sql: str) -> Row | None:
    """Return the first row of ``sql`` on the file at ``path``; None where there is no such file, table or row.

    None also for a file that is not a readable database: the caller builds it anew.
    """
    if not path.is_file():
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            row: Row | None = connection.execute(sql).fetchone()
            return row
    except duckdb.Error:
        return None
