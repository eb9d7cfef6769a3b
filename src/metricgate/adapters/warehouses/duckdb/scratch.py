"""Files of scratch projects: made from a script, and looked at beside the engine that has them open."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import duckdb


def make_tables(file: Path, sql: str) -> None:
    """Make a file with what the statements make; they run with file access, so they come from the program only."""
    with duckdb.connect(str(file)) as connection:
        connection.execute(sql)


def read_table(file: Path, table: str) -> list[tuple[object, ...]]:
    """Return a table's rows in a stable order, none where it is gone; read from a copy of the file and its log.

    The engine's process has the file locked; nothing may be writing to it meanwhile.
    """
    with tempfile.TemporaryDirectory(dir=file.parent) as beside:
        for each in file.parent.glob(f"{file.name}*"):
            shutil.copy(each, beside)
        with duckdb.connect(str(Path(beside) / file.name)) as connection:
            with suppress(duckdb.CatalogException):
                return sorted(connection.table(table).fetchall(), key=repr)
            return []
