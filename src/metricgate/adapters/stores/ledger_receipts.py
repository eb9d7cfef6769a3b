"""Receipts from a ledger file, by the writer or by any reader beside it."""

from __future__ import annotations

import sqlite3

from metricgate.adapters.stores.ledger_file import read_head
from metricgate.adapters.stores.ledger_tree import subtrees
from metricgate.ledger.merkle import inclusion_path
from metricgate.ledger.note import VerifierKey
from metricgate.ledger.receipt import Receipt


def read_receipt(connection: sqlite3.Connection, index: int, key: VerifierKey) -> Receipt | None:
    """Return entry ``index`` with its proof under the newest checkpoint, or None if there is no such entry."""
    connection.execute("BEGIN")
    try:
        head = read_head(connection, key.name)
        row = connection.execute("SELECT leaf FROM entries WHERE idx=?", (index,)).fetchone()
        if head is None or row is None:
            return None
        checkpoint, signature = head
        path = inclusion_path(index, checkpoint.size, subtrees(connection))
        note = key.note(checkpoint, signature)
        return Receipt(index=index, leaf=row[0], path=path, checkpoint=note, public_key=str(key))
    finally:
        connection.execute("COMMIT")
