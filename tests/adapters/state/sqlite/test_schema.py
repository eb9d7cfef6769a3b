"""Files of other releases: older ones are taken along after a backup, newer ones refused; a failure changes nothing."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing

import pytest

from metricgate.adapters.state.sqlite.schema import BACKUPS, OfANewerRelease, Schema, bring_up

FIRST = Schema(["CREATE TABLE IF NOT EXISTS things(id INTEGER PRIMARY KEY) STRICT"])


def _with_name(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE things ADD COLUMN name TEXT NOT NULL DEFAULT 'none'")


def _broken(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE things SET id = 99")
    raise sqlite3.OperationalError("half way")


SECOND = Schema(
    ["CREATE TABLE IF NOT EXISTS things(id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'none') STRICT"],
    [_with_name],
)


@pytest.fixture
def file(tmp_path):
    """A file of the first version with one row."""
    path = tmp_path / "things.db"
    with opened(path) as connection:
        bring_up(connection, path, FIRST)
        connection.execute("INSERT INTO things VALUES (7)")
    return path


def opened(path):
    return closing(sqlite3.connect(path, isolation_level=None))


def rows(path, sql="SELECT * FROM things"):
    with opened(path) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("version", [0, 1])
def test_an_older_file_is_taken_along_after_a_backup(file, version):
    """Also one that a release wrote which gave files no version."""
    with opened(file) as connection:
        connection.execute(f"PRAGMA user_version={version}")
        bring_up(connection, file, SECOND)
        bring_up(connection, file, SECOND)
    assert rows(file) == [(7, "none")]
    assert rows(file, "PRAGMA user_version") == [(2,)]
    [backup] = (file.parent / BACKUPS).iterdir()
    assert rows(backup) == [(7,)]
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert stat.S_IMODE(backup.parent.stat().st_mode) == 0o700


def test_a_new_file_has_the_newest_version_and_no_backup(tmp_path):
    path = tmp_path / "new.db"
    with opened(path) as connection:
        bring_up(connection, path, SECOND)
    assert rows(path, "PRAGMA user_version") == [(2,)]
    assert not (tmp_path / BACKUPS).exists()


def test_a_newer_file_is_refused_by_name_and_stays_as_it_is(file):
    with opened(file) as connection:
        bring_up(connection, file, SECOND)
        with pytest.raises(OfANewerRelease, match=r"things.db has version 2, and this release knows it up to 1"):
            bring_up(connection, file, FIRST)
    assert rows(file) == [(7, "none")]


def test_a_migration_that_fails_changes_nothing(file):
    with opened(file) as connection, pytest.raises(sqlite3.OperationalError, match="half way"):
        bring_up(connection, file, Schema(SECOND.tables, [_with_name, _broken]))
    assert rows(file) == [(7,)]
    assert rows(file, "PRAGMA user_version") == [(1,)]
