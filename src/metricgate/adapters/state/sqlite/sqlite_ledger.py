"""The ledger on SQLite: one writer per file, durable before it answers, readable by others meanwhile."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import orjson

from metricgate.adapters.state.sqlite import ledger_file
from metricgate.adapters.state.sqlite.committer import Committer, Erasure, Waiting
from metricgate.adapters.state.sqlite.ledger_receipts import read_owner, read_receipt
from metricgate.adapters.state.sqlite.state_lock import StateLock
from metricgate.ledger import entry
from metricgate.ledger.events import names
from metricgate.ledger.events.attribute import Event
from metricgate.ledger.events.log import ErasedBodies, LogOpened, RecoveryMarked, RedactionPerformed
from metricgate.ledger.events.shared import EntryLink, facts_of_actor
from metricgate.ledger.note import Checkpoint, Signer
from metricgate.ledger.receipt import Receipt
from metricgate.state.record import AppendReceipt, EntryOwner, LedgerUnavailable
from metricgate.vocabulary.actor import ActorKind, operator
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.json import Json

MOST_WAITING = 10_000
"""Entries that may wait for the disk; more are refused at once."""
_MOST_REDACTED = 400
"""Entries whose bodies one entry says to be erased."""
_SECONDS = 30.0
_NAME_BYTES = 10
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

Answer = AppendReceipt | LedgerUnavailable


class SqliteLedger:
    """Implements ``state.record.Ledger``.

    Opening takes the file's lock, checks the tail against the newest checkpoint, records ``gov.log.opened`` and marks
    every intent that a killed gateway left without an outcome (``gov.recovery.marked``).

    Args:
        path: the ledger's file.
        signer: the log's key; its name is the log's origin.
        clock: time of entries.
        entropy: source of random bytes.
        page_bytes: page size of a new file.
        most_pages: bound of the file's size, in pages; None for the disk's.
        most_waiting: entries that may wait for the disk.
        first: events to be recorded before ``gov.log.opened``.
        holding: the right to write it, which is closed with it; None takes one for as long as it is open.

    Raises:
        LedgerUnavailable: locked by another gateway, damaged, of another key, or not writable.
    """

    def __init__(
        self,
        path: Path,
        *,
        signer: Signer,
        clock: Clock,
        entropy: Callable[[int], bytes] = os.urandom,
        page_bytes: int = ledger_file.PAGE_BYTES,
        most_pages: int | None = None,
        most_waiting: int = MOST_WAITING,
        first: Sequence[Event] = (),
        holding: StateLock | None = None,
    ) -> None:
        self._path = path
        self._signer = signer
        self._clock = clock
        self._entropy = entropy
        self._most_waiting = most_waiting
        self._closed = False
        self._holding = holding or StateLock(path, f"once_{entropy(_NAME_BYTES).hex()}")
        try:
            self._committer = Committer(
                lambda: ledger_file.connect(path, page_bytes=page_bytes, most_pages=most_pages),
                signer,
                self._holding.check,
            )
            self._recover(first)
            self._reader = ledger_file.connect_reading(path)
        except (sqlite3.Error, OSError, LedgerUnavailable) as error:
            self._holding.close()
            if isinstance(error, LedgerUnavailable):
                raise
            raise LedgerUnavailable(f"the ledger {path} cannot be opened: {error}") from error
        self._reading = threading.Lock()
        self._committer.start()

    @property
    def size(self) -> int:
        """Number of durable entries."""
        return self._committer.size

    def checkpoint(self) -> str:
        """Return the newest checkpoint as a signed note; of a closed ledger, its last."""
        head = self._committer.head()
        return self._signer.verifier.note(head, self._signer.sign(head))

    @property
    def writable(self) -> bool:
        """Whether the last attempt to make something durable worked; for probes."""
        return not self._closed and self._committer.writable

    @property
    def checkpoint_age(self) -> float:
        """Seconds since the newest checkpoint was signed."""
        return self._committer.checkpoint_age

    @property
    def instance(self) -> str:
        """Id of the gateway, or of the command, that writes it."""
        return self._holding.instance

    @property
    def replaced(self) -> bool:
        """Whether another gateway took this one's place, which may write nothing any more."""
        return not self._closed and self._holding.is_lost()

    def alive(self, instance: str) -> bool:
        """Whether another gateway, by its id, holds the right to write and was not silent for too long."""
        return self._holding.alive(instance)

    def check(self) -> None:
        """Do nothing while it may be written; stores beside it call this inside their own transactions.

        Raises:
            LeaseLost: another gateway took this one's place.
        """
        self._holding.check()

    @property
    def waiting(self) -> int:
        """Entries that wait for the disk."""
        return self._committer.queue_length()

    async def append(
        self, event: str, fields: Mapping[str, Json], *, bodies: Mapping[str, Json] | None = None
    ) -> AppendReceipt:
        """Append one entry; returns when it is durable.

        Raises:
            LedgerUnavailable: it could not be made durable, or too many wait.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[AppendReceipt] = loop.create_future()

        def settle(answer: Answer) -> None:
            if future.done():  # the awaiting task was cancelled; the entry stands all the same
                return
            if isinstance(answer, AppendReceipt):
                future.set_result(answer)
            else:
                future.set_exception(answer)

        def done(answer: Answer) -> None:
            try:
                loop.call_soon_threadsafe(settle, answer)
            except RuntimeError:  # the loop was closed while the entry was on its way: nobody is left to be told
                return

        self._put(Waiting(draft=self._draft(event, fields, bodies), done=done))
        return await future

    def append_blocking(
        self, event: str, fields: Mapping[str, Json], *, bodies: Mapping[str, Json] | None = None
    ) -> AppendReceipt:
        """Append one entry from a thread that has no event loop; returns when it is durable.

        Raises:
            LedgerUnavailable: as ``append``.
        """
        return self._wait(self._draft(event, fields, bodies))

    def erase(
        self,
        names: Mapping[int, Sequence[str]],
        *,
        by: str,
        basis: str,
        reason: str = "",
        also: Mapping[str, int] | None = None,
    ) -> AppendReceipt:
        """Erase bodies for good and record it, in one transaction; every proof stays valid.

        Args:
            names: bodies to erase, by entry index.
            by: the account that orders it.
            basis: the legal basis, e.g. ``GDPR Art. 17``.
            reason: why.
            also: how many copies of each kind were erased elsewhere.

        Returns:
            The first of the entries that record it; there are more where there are many bodies.

        Raises:
            LedgerUnavailable: as ``append``; nothing was erased.
        """
        pairs = sorted(names.items())
        parts = [pairs[at : at + _MOST_REDACTED] for at in range(0, len(pairs), _MOST_REDACTED)] or [[]]
        events, answers = threading.Event(), list[Answer]()

        def done(answer: Answer) -> None:
            answers.append(answer)
            if len(answers) == len(parts):
                events.set()

        waiting = []
        for part in parts:
            redaction = RedactionPerformed(
                actor=facts_of_actor(operator(by)),
                bodies=[ErasedBodies(index=index, names=sorted(of)) for index, of in part],
                basis=basis,
                links=[EntryLink(index=index, rel="redacts") for index, _of in part],
                copies=also or None,
                reason=reason or None,
            )
            draft = self._draft_of(redaction)
            waiting.append(Waiting(draft=draft, done=done, erasure=Erasure(names=dict(part))))
        self._put(*waiting)
        return self._answered(events, answers)

    async def receipt(self, index: int) -> Receipt | None:
        """Return the entry with its proof under the newest checkpoint, or None if there is no such entry."""
        return await asyncio.get_running_loop().run_in_executor(None, self.receipt_blocking, index)

    async def owner(self, index: int) -> EntryOwner | None:
        """Return whose call an entry is about, or None if there is no such entry."""
        return await asyncio.get_running_loop().run_in_executor(None, self._owner, index)

    def _owner(self, index: int) -> EntryOwner | None:
        with self._reading:
            return read_owner(self._reader, index)

    def receipt_blocking(self, index: int) -> Receipt | None:
        """As ``receipt``, from any thread."""
        with self._reading:
            return read_receipt(self._reader, index, self._signer.verifier)

    def close(self) -> None:
        """Make everything that waits durable, then close the file. Further appends are refused."""
        if self._closed:
            return
        self._closed = True
        self._reader.close()
        self._committer.stop()
        self._holding.close()

    def _wait(self, draft: entry.EntryDraft) -> AppendReceipt:
        event, answers = threading.Event(), list[Answer]()

        def done(answer: Answer) -> None:
            answers.append(answer)
            event.set()

        self._put(Waiting(draft=draft, done=done))
        return self._answered(event, answers)

    def _answered(self, event: threading.Event, answers: list[Answer]) -> AppendReceipt:
        if not event.wait(_SECONDS):
            raise LedgerUnavailable(f"the ledger did not write within {_SECONDS} seconds")
        if isinstance(answers[0], LedgerUnavailable):
            raise answers[0]
        return answers[0]

    def _put(self, *waiting: Waiting) -> None:
        if self._closed:
            raise LedgerUnavailable("the ledger is closed")
        if self._committer.queue_length() >= self._most_waiting:
            raise LedgerUnavailable(f"{self._most_waiting} entries already wait for the disk")
        self._committer.put(*waiting)

    def _draft_of(self, event: Event) -> entry.EntryDraft:
        fields, bodies = event.to_attributes()
        return self._draft(event.NAME, fields, bodies)

    def _draft(self, event: str, fields: Mapping[str, Json], bodies: Mapping[str, Json] | None) -> entry.EntryDraft:
        now = self._clock.unix_nano()
        # Where nobody is said to act, it is the gateway by itself.
        who = fields if names.ACTOR_KIND in fields else {names.ACTOR_KIND: str(ActorKind.GATEWAY), **fields}
        kept, apart = entry.fit_to_leaf(who, bodies)
        random = self._entropy(_NAME_BYTES + entry.SALT_BYTES * len(apart))
        return entry.draft(
            event,
            kept,
            bodies=apart,
            entry_id=_ulid(now // 1_000_000, random[:_NAME_BYTES]),
            time_unix_nano=now,
            entropy=random[_NAME_BYTES:],
        )

    def _recover(self, first: Sequence[Event]) -> None:
        """Check the tail, then record the opening and what was left open, in one transaction."""
        connection = ledger_file.connect_reading(self._path)
        try:
            head = ledger_file.read_head(connection, self._signer.verifier.name)
            stated = Checkpoint(origin=self._signer.verifier.name, size=self._committer.size, root=self._committer.root)
            if head is None and stated.size:
                raise LedgerUnavailable(f"{self._path} has {stated.size} entries and no checkpoint: it was damaged")
            if head is not None and not self._signer.verifier.valid(*head):
                raise LedgerUnavailable(
                    f"the newest checkpoint of {self._path} is not signed by {self._signer.verifier}"
                )
            if head is not None and head[0] != stated:
                raise LedgerUnavailable(f"{self._path} does not fit its checkpoint: run `metricgate audit verify`")
            left = open_intents(connection)
        finally:
            connection.close()
        opened = LogOpened(
            origin=self._signer.verifier.name,
            public_key=str(self._signer.verifier),
            size=self._committer.size,
            instance=self._holding.instance,
            sqlite=sqlite3.sqlite_version,
        )
        marked = [RecoveryMarked(links=[EntryLink(index=index, rel="intent")]) for index in left]
        drafts = [self._draft_of(each) for each in (*first, opened, *marked)]
        self._committer.commit([Waiting(draft=draft, done=_nobody) for draft in drafts])


def open_intents(connection: sqlite3.Connection) -> list[int]:
    """Return the intents without an outcome since the last opening (each opening settles those before it)."""
    intents: set[int] = set()
    settled: set[int] = set()
    opened = f'"event_name":"{names.LOG_OPENED}"'.encode()
    for index, leaf in connection.execute("SELECT idx, leaf FROM entries ORDER BY idx DESC"):
        if names.LINKS.encode() in leaf or names.CALL_RELEASED.encode() in leaf:
            record = orjson.loads(leaf)
            settled.update(entry.settles(record))
            if record["event_name"] == names.CALL_RELEASED:
                intents.add(index)
        if opened in leaf and orjson.loads(leaf)["event_name"] == names.LOG_OPENED:
            break
    return sorted(intents - settled)


def _nobody(_: Answer) -> None:
    return None


def _ulid(milliseconds: int, random: bytes) -> str:
    number = (milliseconds << 80) | int.from_bytes(random, "big")
    return "".join([_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5)])
