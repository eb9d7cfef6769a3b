"""The form of a store's file, its version, and the way from an older one: after a backup, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from metricgate.adapters.files.private_folder import make_private, make_private_file
from metricgate.adapters.state.sqlite.log import log_of

BACKUPS = "backups"
"""Folder beside the files in which the copies stand that were made before a migration."""

Migration = Callable[[sqlite3.Connection], None]
"""Takes a file from one version to the next, inside a transaction."""


class OfANewerRelease(sqlite3.DatabaseError):
    """The file was written by a later release of Metricgate, and this one does not know its form."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a file consists of.

    Attributes:
        tables: statements that make the newest form in a new file, and what is missing in an older one
            (``CREATE .. IF NOT EXISTS``).
        migrations: the first takes version 1 to version 2, and so on; version 1 is what carries no number.
    """

    tables: Sequence[str]
    migrations: Sequence[Migration] = ()

    @property
    def version(self) -> int:
        """The newest version, which this release writes."""
        return len(self.migrations) + 1


def bring_up(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    """Make a new file, or take an older one to the newest version; another process may do the same at the same time.

    Args:
        connection: in autocommit mode.
        path: the file, for its backup and for messages.
        schema: its form.

    Raises:
        OfANewerRelease: a later release wrote it; nothing was changed.
        sqlite3.Error: it cannot be written; it is as it was.
    """
    if _version_of(connection) > schema.version:
        raise OfANewerRelease(
            f"{path} has version {_version_of(connection)}, and this release knows it up to {schema.version}: run the "
            "release that wrote it, or a later one"
        )
    if _version_of(connection) == schema.version:
        _make(connection, schema)
    elif _version_of(connection) or _has_tables(connection):
        _migrate(connection, path, schema)
    else:
        _migrate_in_transaction(connection, schema, [])


def _migrate(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    before = max(_version_of(connection), 1)
    copy = _backed_up(connection, path, before) if before < schema.version else None
    _migrate_in_transaction(connection, schema, schema.migrations)
    if copy is not None:
        log = log_of("state")
        log.info("store_migrated", file=path.name, before=before, now=schema.version, backup=str(copy))


def _migrate_in_transaction(connection: sqlite3.Connection, schema: Schema, migrations: Sequence[Migration]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been faster: the version is looked at again.
        for migrate in migrations[max(_version_of(connection), 1) - 1 :]:
            migrate(connection)
        _make(connection, schema)
        connection.execute(f"PRAGMA user_version={schema.version}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _make(connection: sqlite3.Connection, schema: Schema) -> None:
    for table in schema.tables:
        connection.execute(table)


def _backed_up(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    folder = path.with_name(BACKUPS)
    make_private(folder)
    copy = folder / f"{path.stem}.v{version}{path.suffix}"
    make_private_file(copy)
    with closing(sqlite3.connect(copy)) as into:
        connection.backup(into)
    return copy


def _version_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])
