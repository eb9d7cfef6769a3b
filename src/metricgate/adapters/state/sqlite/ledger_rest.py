"""Closing a ledger file so that every byte of it can be accounted for.

When SQLite splits an inner page of a table it leaves stale bytes of the old page in free space. Nothing reads them,
but nobody could tell them from tampering either. So at closing they are wiped: after everything stands in the main
file, and while an (empty) write-ahead file still says that the ledger is not at rest. A crash in between loses nothing.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from metricgate.adapters.state.sqlite.ledger_file import TABLES
from metricgate.adapters.state.sqlite.sqlite_pages import WrongPage, inner_page


def put_to_rest(connection: sqlite3.Connection) -> None:
    """Move everything to the main file, wipe its free space, close.

    Where that is not possible now (a reader holds on, the disk fails), the write-ahead file stays and keeps what it
    holds; nothing is lost, and the next closing makes up for it.
    """
    path, page_bytes = _file_and_page_size(connection)
    try:
        busy, left, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy or left:
            connection.close()
            return
        wipe(path, page_bytes)
    except (sqlite3.Error, OSError, WrongPage, IndexError):
        # Closing would remove the write-ahead file, which says that the ledger is not at rest: leave it open.
        _LEFT_OPEN.append(connection)
        return
    connection.close()


_LEFT_OPEN: list[sqlite3.Connection] = []


def _file_and_page_size(connection: sqlite3.Connection) -> tuple[Path, int]:
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    return Path(path), connection.execute("PRAGMA page_size").fetchone()[0]


def wipe(path: Path, page_bytes: int) -> None:
    """Wipe the free space of every inner page, durably.

    Raises:
        OSError: the file cannot be written.
        WrongPage: a page is not what it should be.
    """
    descriptor = os.open(path, os.O_RDWR)
    try:
        waiting = [at + 2 for at in range(len(TABLES))]
        while waiting:
            number = waiting.pop()
            place = (number - 1) * page_bytes
            data = os.pread(descriptor, page_bytes, place)
            inner = inner_page(data)
            if inner is None:
                continue
            children, wiped = inner
            if wiped != data:
                os.pwrite(descriptor, wiped, place)
            first = os.pread(descriptor, page_bytes, (children[0] - 1) * page_bytes)
            if inner_page(first) is not None:  # all children of a page are of one kind
                waiting.extend(children)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
