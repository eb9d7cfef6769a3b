"""Everything that is kept of one project, as one port: what opens each store, and what looks after all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from metricgate.ledger.events.log import StateNarrowed

# Every command opens the state and one or two of its stores: the ports of the others are only named here.
if TYPE_CHECKING:
    from metricgate.ledger.note import VerifierKey
    from metricgate.ledger.verification import Report
    from metricgate.state.actions import ActionStore, RecordedSteps, Steps
    from metricgate.state.budgets import Budgets
    from metricgate.state.definitions import PublishedDefinitions
    from metricgate.state.erasure import Copies, Sought
    from metricgate.state.journal import Journal
    from metricgate.state.keys import KeyStore
    from metricgate.state.observations import Observations
    from metricgate.state.outbox import Outbox
    from metricgate.state.pauses import Pauses
    from metricgate.state.people import PeopleAndSessions
    from metricgate.state.record import EntryFilter, RecordReader, RecordStore
    from metricgate.state.switches import SwitchStore
    from metricgate.vocabulary.account_finding import AccountFinding
    from metricgate.vocabulary.clock import Clock
    from metricgate.vocabulary.json import Json
    from metricgate.vocabulary.notice import NoticeKind


class StateUnavailable(Exception):
    """The state cannot be opened, is held by another gateway, or is not what it was: said for the operator."""


class StoreUnavailable(Exception):
    """What is kept of changes, or copies of it, cannot be read or written now: locked, full, or broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePlace:
    """Where a project's state is, and by which words it is known.

    Attributes:
        folder: the state folder; its owner's alone.
        record: name of the record's file in it.
        origin: the log's name in its checkpoints.
        anchor: a file elsewhere that is told how far the record is, or None.
        lease_seconds: for so long a gateway may be silent before another one may take its place.
    """

    folder: Path
    record: str
    origin: str
    anchor: Path | None = None
    lease_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordExport:
    """A file of everything that matches, oldest first, and what it is.

    Attributes:
        manifest: ``{format, columns, filter, order, count, first, last, size, root, checkpoint}``.
        chunks: the file's bytes as they are made; to be read once, in a thread.
    """

    manifest: Mapping[str, Json]
    chunks: Iterator[bytes]


class ChangeStores(Protocol):
    """What is kept of changes, opened together."""

    @property
    def actions(self) -> ActionStore:
        """Actions as they stand."""
        ...

    @property
    def steps(self) -> Steps:
        """How actions go on together with the record."""
        ...

    @property
    def journal(self) -> Journal:
        """Images of what was changed."""
        ...

    def close(self) -> None:
        """Let them go."""
        ...


class ConductStores(Protocol):
    """What is kept of how callers behave, opened together."""

    @property
    def budgets(self) -> Budgets:
        """What parties have used."""
        ...

    @property
    def pauses(self) -> Pauses:
        """Who waits."""
        ...


class ProjectState(Protocol):
    """The state of one project. Nothing is opened before it is asked for; who asks closes what is given.

    Every method may raise ``StateUnavailable``, beside what is said.
    """

    @property
    def folder(self) -> Path:
        """The state folder, in which gateway and commands of one machine leave each other word."""
        ...

    def take(
        self, *, instance: str | None = None, accept_loss: int | None = None, over_stopped: bool = False
    ) -> RecordStore:
        """Take the record for writing; the first time it and its key are made. One gateway or command at a time has it.

        Args:
            instance: id of the gateway; None for a command, which makes one up.
            accept_loss: size of the head that is lost, where the record is behind what other stores know and the
                operator goes on all the same, or where what is kept of changes is gone; that is recorded first.
            over_stopped: whether the place may be taken of a gateway that is there and was silent for too long.

        Raises:
            StateUnavailable: another one has it, something is gone or older than it was, or it cannot be written.
        """
        ...

    def existing_stores(self) -> frozenset[str]:
        """Return what there is, and make nothing.

        Of ``record``, ``changes``, ``keys``, ``people``, ``outbox``, ``definitions`` and ``observations``.
        """
        ...

    def holder(self) -> int | None:
        """Return the id of the process of this machine that has the record for writing; None where nobody has."""
        ...

    def reader(self) -> RecordReader | None:
        """Return the record for reading, beside its writer; None where there is none yet."""
        ...

    def recorded_steps(self) -> RecordedSteps:
        """Return what the record has of the steps of actions."""
        ...

    def export(self, wanted: EntryFilter, form: str, *, limit: int | None = None) -> RecordExport:
        """Return everything that matches in ``csv``, ``jsonl`` or ``parquet``, or as ``manifest`` alone.

        Raises:
            LedgerUnavailable: the record cannot be read.
        """
        ...

    def receipt_key(self) -> VerifierKey:
        """Return the public key under which receipts and checkpoints verify.

        Raises:
            OSError, NoteError: there is none.
        """
        ...

    def verify(self, earlier: str | None = None) -> Report:
        """Check every byte of the record with its own public key, against an earlier checkpoint where one is given.

        Raises:
            OSError, ValueError: there is nothing to be read, or a key or checkpoint is none.
        """
        ...

    def changes(self, record: RecordStore) -> ChangeStores:
        """Open what is kept of changes, for whoever has the record: what another one's record guards is refused."""
        ...

    def conduct(self, clock: Clock, *, pause_seconds: float) -> ConductStores:
        """Open what is kept of how callers behave. What a day was charged and pauses are as before a restart.

        Args:
            clock: the gateway's.
            pause_seconds: how long a pause lasts.

        Raises:
            LedgerUnavailable: it is told from the record, and that cannot be read.
        """
        ...

    def keys(self, clock: Clock) -> KeyStore:
        """Open the API keys.

        Raises:
            KeysUnavailable: they cannot be opened.
        """
        ...

    def people(self, *, may_make_key: bool = True) -> PeopleAndSessions:
        """Open the people; ``may_make_key`` False leaves a sealing key that is gone for the operator to restore.

        Raises:
            PeopleUnavailable: they cannot be opened.
        """
        ...

    def account_since(self, name: str) -> float | None:
        """Return since when there is an account of this name, in seconds since 1970; None where there is none.

        Raises:
            PeopleUnavailable: the people cannot be read.
        """
        ...

    def outbox(self, routes: Mapping[str, frozenset[NoticeKind]], clock: Clock) -> Outbox:
        """Open the outbox; ``routes`` has the kinds that each sink wants.

        Raises:
            NoticeNotKept: it cannot be opened.
        """
        ...

    def definitions(self) -> PublishedDefinitions:
        """Open the definitions that came into force.

        Raises:
            DefinitionsNotKept: they cannot be opened.
        """
        ...

    def observations(self) -> Observations:
        """Open what was seen of the data.

        Raises:
            ObservationsNotKept: it cannot be opened.
        """
        ...

    def switches(self) -> SwitchStore:
        """Return the switches; they are read when they are asked for."""
        ...

    def mask_key(self) -> str:
        """Return the key of hashed masks, which is made the first time.

        Raises:
            OSError, ValueError: it cannot be read.
        """
        ...

    def close_to_others(self) -> StateNarrowed | None:
        """Take other accounts' rights to what is kept; return the event on what had any, or None."""
        ...

    def tell_anchors(self, record: RecordStore) -> int:
        """Tell everything that remembers how far the record is, also after it was closed; return its size."""
        ...

    def findings(self) -> Sequence[AccountFinding]:
        """Return what is gone, older than it was, open to others, or does not open."""
        ...

    def copies(self, sought: Sought, *, user: bool = False, entry: int | None = None) -> Copies | None:
        """Find every copy of something; None where there is no such entry.

        Args:
            sought: the text.
            user: whether it is a user's name, so that everything of their calls is meant.
            entry: number of an entry that is meant instead.
        """
        ...


class StatePlugin(Protocol):
    """What an entry point of ``metricgate.state`` names."""

    def open(self, place: StatePlace, clock: Clock) -> ProjectState:
        """Return the state of a project; nothing is opened, made or raised yet."""
        ...
