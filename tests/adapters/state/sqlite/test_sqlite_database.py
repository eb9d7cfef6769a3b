"""Files of the state folder: how they are opened, and how long their logs become."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from metricgate.adapters.state.sqlite.anchors import StoreAnchor
from metricgate.adapters.state.sqlite.schema import Schema
from metricgate.adapters.state.sqlite.sqlite_database import Database
from metricgate.adapters.system.clock import SystemClock
from metricgate.settings.extension_points import STATES
from metricgate.state.state import StatePlace

A_MEGABYTE = 1_100_000
KEPT = Schema(tables=("CREATE TABLE IF NOT EXISTS kept(number INTEGER PRIMARY KEY, text TEXT)",))


def test_a_log_begins_anew_at_a_megabyte(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    with closing(Database(path, KEPT)) as database:
        for number in range(600):
            with database.transaction() as connection:
                connection.execute("INSERT INTO kept VALUES (?, ?)", (number, "x" * 4_000))
        assert path.stat().st_size > A_MEGABYTE
        assert path.with_name("kept.db-wal").stat().st_size <= A_MEGABYTE


def test_a_log_that_a_large_change_made_long_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    with closing(Database(path, KEPT)) as database:
        with database.transaction() as connection:
            connection.executemany("INSERT INTO kept VALUES (?, ?)", ((number, "x" * 4_000) for number in range(2_000)))
        assert path.with_name("kept.db-wal").stat().st_size > 4 * A_MEGABYTE
        for number in range(2_000, 2_002):
            with database.transaction() as connection:
                connection.execute("INSERT INTO kept VALUES (?, ?)", (number, ""))
        assert path.with_name("kept.db-wal").stat().st_size <= A_MEGABYTE


def test_every_small_store_is_opened_the_same_way(tmp_path: Path) -> None:
    """What is deleted is overwritten in each of them: a value that somebody has erased may have stood in any."""
    state = STATES.installed()["sqlite"].open(
        StatePlace(folder=tmp_path, record="ledger.db", origin="test/opened", lease_seconds=1.0), SystemClock()
    )
    pragmas = ("secure_delete", "synchronous", "wal_autocheckpoint", "journal_size_limit")
    with (
        closing(state.keys(SystemClock())) as keys,
        closing(state.people()) as people,
        closing(state.outbox({}, SystemClock())) as outbox,
    ):
        for each in (keys, people, outbox):
            found = [each._connection.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in pragmas]
            assert found == [1, 2, 250, 1_048_576], each


def test_what_tells_a_store_of_the_record_keeps_its_log_short(tmp_path: Path) -> None:
    """It writes by a connection of its own, beside the store's, many times an hour."""
    path = tmp_path / "kept.db"
    with closing(Database(path, KEPT)):
        anchor = StoreAnchor(path)
        for number in range(600):
            anchor.keep(f"checkpoint {number}\n" + "x" * 200)
        assert anchor.last_checkpoint() == "checkpoint 599\n" + "x" * 200
        assert path.with_name("kept.db-wal").stat().st_size <= A_MEGABYTE
