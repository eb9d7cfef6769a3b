"""Observations of data on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson

from metricgate.adapters.state.sqlite.schema import Schema
from metricgate.adapters.state.sqlite.sqlite_database import Database
from metricgate.state.observations import Observation, ObservationsNotKept
from metricgate.vocabulary.json import Json

_SCHEMA = Schema(
    (
        """
        CREATE TABLE IF NOT EXISTS observations(
          kind TEXT NOT NULL, warehouse TEXT NOT NULL, subject TEXT NOT NULL, at REAL NOT NULL,
          data_state TEXT NOT NULL, value TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX IF NOT EXISTS observations_series ON observations(kind, warehouse, subject, at)",
    )
)
_COLUMNS = "kind, warehouse, subject, at, data_state, value"
_IS_NEWEST = """
  o.rowid = (SELECT n.rowid FROM observations n WHERE n.kind=o.kind AND n.warehouse=o.warehouse AND n.subject=o.subject
             ORDER BY n.at DESC, n.rowid DESC LIMIT 1)
"""


class SqliteObservations:
    """Implements ``state.observations.Observations``; the file is made where it is missing.

    Raises:
        ObservationsNotKept: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._said():
            self._database = Database(path, _SCHEMA)

    def keep(self, seen: Sequence[Observation]) -> None:
        """Keep what was seen."""
        rows = [
            (each.kind, each.warehouse, each.subject, each.at, _json_text(each.data_state), _json_text(each.value))
            for each in seen
        ]
        with self._said(), self._database.transaction() as connection:
            connection.executemany("INSERT INTO observations VALUES (?,?,?,?,?,?)", rows)

    def latest(self, kind: str) -> Sequence[Observation]:
        """Return the newest observation of each series."""
        sql = f"SELECT {_COLUMNS} FROM observations o WHERE kind=? AND {_IS_NEWEST} ORDER BY warehouse, subject"  # noqa: S608 - ours
        with self._said():
            return self._database.each(sql, (kind,), _observation)

    def series(
        self, kind: str, warehouse: str, subject: str, *, since: float = 0.0, limit: int = 1_000
    ) -> Sequence[Observation]:
        """Return the observations of one series, the newest first."""
        sql = (
            f"SELECT {_COLUMNS} FROM observations WHERE kind=? AND warehouse=? AND subject=? AND at>=?"  # noqa: S608 - ours
            " ORDER BY at DESC, rowid DESC LIMIT ?"
        )
        with self._said():
            return self._database.each(sql, (kind, warehouse, subject, since, limit), _observation)

    def forget(self, before: float) -> int:
        """Remove what is old, but the newest of each series."""
        with self._said(), self._database.transaction() as connection:
            sql = f"DELETE FROM observations AS o WHERE at<? AND NOT {_IS_NEWEST}"  # noqa: S608 - ours
            return connection.execute(sql, (before,)).rowcount

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise ObservationsNotKept(f"the observations {self._path}: {error}") from error


def _json_text(value: Json) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _observation(row: tuple[object, ...]) -> Observation:
    kind, warehouse, subject, at, data_state, value = map(str, row)
    return Observation(
        kind=kind,
        warehouse=warehouse,
        subject=subject,
        at=float(at),
        data_state=orjson.loads(data_state),
        value=orjson.loads(value),
    )
