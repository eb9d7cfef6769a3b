"""The journal: images are there once said to be, readable by the gateway only, gone in time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from metricgate.adapters.state.sqlite.seal import Seal
from metricgate.adapters.state.sqlite.sqlite_journal import SqliteJournal
from metricgate.state.sealed import Unsealable

_NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
_LATER = _NOW + timedelta(days=30)
_FORK = multiprocessing.get_context("fork")


def _journal(folder: Path) -> SqliteJournal:
    return SqliteJournal(folder / "journal.db", Seal(folder / "journal.key"))


def _writing(folder: Path, pipe) -> None:
    journal = _journal(folder)
    for number in range(10_000):
        journal.prepare(f"act_{number}", b"image" * 1_000, until=_LATER)
        pipe.send(number)
        if number % 2:
            journal.commit(f"act_{number}")
            pipe.send(number)


def test_what_was_prepared_survives_kill_9(tmp_path):
    """All that the journal said it had is there, and what was not committed is listed for settling."""
    here, there = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_writing, args=(tmp_path, there))
    process.start()
    told = [here.recv() for _ in range(31)]
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    while here.poll():
        told.append(here.recv())
    journal = _journal(tmp_path)
    prepared = set(journal.list_prepared())
    for number in set(told):
        if told.count(number) == 2:
            assert journal.content(f"act_{number}") == b"image" * 1_000
        elif number % 2 == 0:
            assert f"act_{number}" in prepared
            assert journal.content(f"act_{number}") is None


def test_images_count_once_committed(tmp_path):
    """Prepared is not done; abandoned is gone; committed is neither abandoned nor overwritten."""
    journal = _journal(tmp_path)
    journal.prepare("a", b"one", until=_LATER)
    assert journal.content("a") is None
    assert journal.list_prepared() == ["a"]
    journal.prepare("a", b"two", until=_LATER)
    journal.commit("a")
    assert journal.list_prepared() == []
    journal.abandon("a")
    journal.prepare("a", b"three", until=_LATER)
    assert journal.content("a") == b"two"
    journal.prepare("b", b"x", until=_LATER)
    journal.abandon("b")
    assert journal.list_prepared() == []
    assert journal.content("b") is None


def test_images_are_gone_when_their_time_is_over(tmp_path):
    """By the moment, whatever its time zone; what is still to be settled stays."""
    journal = _journal(tmp_path)
    for name, seconds in (("a", -1), ("b", 0), ("c", 1), ("d", -1)):
        until = (_NOW + timedelta(seconds=seconds)).astimezone(timezone(timedelta(hours=9)))
        journal.prepare(name, f"Q7x-{name}-secret".encode(), until=until)
    for name in ("a", "b", "c"):
        journal.commit(name)
    journal.prepare("e", b"x", until=_NOW + timedelta(microseconds=500))
    journal.commit("e")
    assert sorted(journal.due(_NOW)) == ["a", "b"]
    for name in ("a", "b", "d"):
        journal.forget(name)
    assert journal.due(_NOW) == []
    assert [journal.content(name) for name in "abc"] == [None, None, b"Q7x-c-secret"]
    assert journal.list_prepared() == ["d"]
    assert sorted(journal.due(_NOW.astimezone(timezone(timedelta(hours=-11))) + timedelta(seconds=1))) == ["c", "e"]


def test_images_cannot_be_read_in_the_file(tmp_path):
    """Nor in the log beside it."""
    journal = _journal(tmp_path)
    journal.prepare("a", b"Q7x-secret " * 100, until=_LATER)
    journal.commit("a")
    found = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".key")
    assert b"Q7x-secret" not in found
    assert (tmp_path / "journal.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE journal SET content = (SELECT content FROM journal WHERE action = 'b') WHERE action = 'a'",
        "UPDATE journal SET content = x'' WHERE action = 'a'",
        "UPDATE journal SET content = zeroblob(100) WHERE action = 'a'",
        "UPDATE journal SET until = '9999-01-01' WHERE action = 'a'",
    ],
)
def test_images_changed_by_hand_are_refused(tmp_path, sql):
    """Swapped, cut, overwritten, or kept longer than was said."""
    journal = _journal(tmp_path)
    for name in ("a", "b"):
        journal.prepare(name, name.encode(), until=_LATER)
        journal.commit(name)
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute(sql)
    connection.close()
    with pytest.raises(Unsealable):
        journal.content("a")
    assert journal.content("b") == b"b"
