"""Reading the record beside a running gateway: entries by filter."""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from metricgate.adapters.state.sqlite.ledger_file import connect_reading, read_bodies, read_head
from metricgate.adapters.state.sqlite.ledger_receipts import read_receipt
from metricgate.ledger.events import names
from metricgate.ledger.note import VerifierKey
from metricgate.ledger.receipt import Receipt
from metricgate.state.record import EVERY_ENTRY, EntryFilter, LedgerUnavailable, Recorded, nanoseconds


class LedgerReader:
    """A ledger file opened for reading; the gateway may write meanwhile.

    Raises:
        LedgerUnavailable: there is no such ledger.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._connection = connect_reading(path)
        except sqlite3.Error as error:
            raise LedgerUnavailable(f"the ledger {path} cannot be read: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def hold(self) -> None:
        """Read the log as it is now until it is closed, whatever is written meanwhile."""
        self._connection.execute("BEGIN")

    def entries(
        self, keep: EntryFilter = EVERY_ENTRY, *, newest_first: bool = True, limit: int | None = None
    ) -> Iterator[Recorded]:
        """Yield entries that fit the filter, at most ``limit``.

        Raises:
            LedgerUnavailable: the file cannot be read.
        """
        return islice((each for each in self._all(newest_first=newest_first) if _matches_filter(each, keep)), limit)

    def entry(self, index: int) -> Recorded | None:
        """Return entry ``index``, or None."""
        row = self._connection.execute("SELECT idx, leaf, hash FROM entries WHERE idx=?", (index,)).fetchone()
        return None if row is None else self._recorded(*row)

    def receipt(self, index: int, key: VerifierKey) -> Receipt | None:
        """Return the receipt of entry ``index``, or None."""
        return read_receipt(self._connection, index, key)

    def checkpoint(self, key: VerifierKey) -> str | None:
        """Return the newest checkpoint as a signed note: keep it elsewhere, and a later cut shows."""
        head = read_head(self._connection, key.name)
        return None if head is None else key.note(*head)

    def _all(self, *, newest_first: bool) -> Iterator[Recorded]:
        order = "DESC" if newest_first else "ASC"
        try:
            for row in self._connection.execute(f"SELECT idx, leaf, hash FROM entries ORDER BY idx {order}"):  # noqa: S608 - one of two words
                yield self._recorded(*row)
        except sqlite3.Error as error:
            raise LedgerUnavailable(f"the ledger {self._path} cannot be read: {error}") from error

    def _recorded(self, index: int, leaf: bytes, leaf_hash: bytes) -> Recorded:
        try:
            record = orjson.loads(leaf)
        except orjson.JSONDecodeError as error:
            raise LedgerUnavailable(
                f"entry {index} of {self._path} is damaged: run `metricgate audit verify`"
            ) from error
        found = read_bodies(self._connection, index) if "commitments" in record else ()
        bodies = {body.name: None if body.erased else orjson.loads(body.value) for body in found}
        return Recorded(index=index, leaf=leaf, leaf_hash=leaf_hash, record=record, bodies=bodies)


def _matches_filter(each: Recorded, keep: EntryFilter) -> bool:
    within = (keep.before is None or each.index < keep.before) and (
        (keep.since is None or each.time_unix_nano >= nanoseconds(keep.since))
        and (keep.until is None or each.time_unix_nano < nanoseconds(keep.until))
    )
    return (
        within
        and all(each.text(name) == want for want, name in _texts_of(keep) if want is not None)
        and all(want in _facts_of_entry(each)[name] for want, name in _parts_of(keep) if want is not None)
    )


def _texts_of(keep: EntryFilter) -> tuple[tuple[str | None, str], ...]:
    return (
        (keep.outcome, names.OUTCOME),
        (keep.code, names.ERROR_TYPE),
        (keep.user, names.USER_ID),
        (keep.tool, names.TOOL),
        (keep.verdict, names.VERDICT),
        (keep.trace_id, names.TRACE_ID),
        (keep.action, names.ACTION_ID),
    )


def _parts_of(keep: EntryFilter) -> tuple[tuple[str | None, str], ...]:
    names = ("event", "agent", "actor", "person", "metric", "rule", "dataset")
    return tuple((getattr(keep, name), name) for name in names)


def _facts_of_entry(each: Recorded) -> Mapping[str, Container[str | None]]:
    return {
        "event": (each.event,),
        "agent": (each.agent,),
        "actor": (str(each.actor), str(each.actor.kind)),
        "person": (each.person,),
        "metric": each.metrics,
        "rule": each.rules,
        "dataset": each.datasets,
    }
