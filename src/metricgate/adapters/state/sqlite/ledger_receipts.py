"""Receipts from a ledger file, by the writer or by any reader beside it."""

from __future__ import annotations

import sqlite3

import orjson

from metricgate.adapters.state.sqlite.ledger_file import read_bodies, read_head
from metricgate.adapters.state.sqlite.ledger_tree import subtrees
from metricgate.ledger.events import names
from metricgate.ledger.merkle import inclusion_path
from metricgate.ledger.note import VerifierKey
from metricgate.ledger.receipt import Receipt
from metricgate.state.record import EntryOwner


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


_USER = names.USER_ID


def read_owner(connection: sqlite3.Connection, index: int) -> EntryOwner | None:
    """Return whose call entry ``index`` is about, or None if there is no such entry."""
    row = connection.execute("SELECT leaf FROM entries WHERE idx=?", (index,)).fetchone()
    if row is None:
        return None
    record = orjson.loads(row[0])
    agent = record["fields"].get(names.AGENT_ID)
    found = [body for body in read_bodies(connection, index) if body.name == _USER]
    user = orjson.loads(found[0].value) if found and not found[0].erased else None
    known = _USER not in record.get("commitments", {}) or isinstance(user, str)
    return EntryOwner(agent=agent if isinstance(agent, str) else None, user=user, known=known)
