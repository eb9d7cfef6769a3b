"""The embedded state, whole: a folder of SQLite files behind ``state.state.ProjectState``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metricgate.adapters.state.sqlite.paths import StatePaths
from metricgate.adapters.state.sqlite.state_lock import holder_of
from metricgate.adapters.state.sqlite.switch_file import SwitchFile
from metricgate.ledger.events.log import OpenFile, StateNarrowed
from metricgate.state.record import RecordStore
from metricgate.state.state import RecordExport, StatePlace, StateUnavailable

if TYPE_CHECKING:
    from metricgate.adapters.state.memory.conduct import MemoryConduct
    from metricgate.adapters.state.sqlite.changes import SqliteChanges
    from metricgate.adapters.state.sqlite.finding_copies import SqliteCopies
    from metricgate.adapters.state.sqlite.ledger_actions import RecordedActions
    from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
    from metricgate.adapters.state.sqlite.sqlite_definitions import SqliteDefinitions
    from metricgate.adapters.state.sqlite.sqlite_keys import SqliteKeys
    from metricgate.adapters.state.sqlite.sqlite_ledger import SqliteLedger
    from metricgate.adapters.state.sqlite.sqlite_observations import SqliteObservations
    from metricgate.adapters.state.sqlite.sqlite_outbox import SqliteOutbox
    from metricgate.adapters.state.sqlite.sqlite_people import SqlitePeople
    from metricgate.ledger.note import VerifierKey
    from metricgate.ledger.verification import Report
    from metricgate.state.erasure import Sought
    from metricgate.state.record import EntryFilter
    from metricgate.vocabulary.account_finding import AccountFinding
    from metricgate.vocabulary.clock import Clock
    from metricgate.vocabulary.notice import NoticeKind

_MOST_NAMED = 50


class SqliteState:
    """Implements ``state.state.ProjectState``. Commands open a store or two: each is imported where it is opened."""

    def __init__(self, place: StatePlace, clock: Clock) -> None:
        self.paths = StatePaths.of(place)
        self._clock = clock

    @property
    def folder(self) -> Path:
        """The state folder."""
        return self.paths.folder

    def take(
        self, *, instance: str | None = None, accept_loss: int | None = None, over_stopped: bool = False
    ) -> SqliteLedger:
        """Take the ledger for writing."""
        from metricgate.adapters.state.sqlite.takeover import take

        return take(self.paths, self._clock, instance=instance, accept_loss=accept_loss, over_stopped=over_stopped)

    def existing_stores(self) -> frozenset[str]:
        """Return which files there are."""
        paths = self.paths
        files = {
            "record": paths.ledger,
            "changes": paths.actions,
            "keys": paths.api_keys,
            "people": paths.people,
            "outbox": paths.outbox,
            "definitions": paths.definitions,
            "observations": paths.observations,
        }
        return frozenset(name for name, file in files.items() if file.exists())

    def holder(self) -> int | None:
        """Return the id of the process that has the ledger."""
        return holder_of(self.paths.ledger)

    def reader(self) -> LedgerReader | None:
        """Return the ledger for reading."""
        from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader

        return LedgerReader(self.paths.ledger) if self.paths.ledger.exists() else None

    def recorded_steps(self) -> RecordedActions:
        """Return what the ledger has of steps."""
        from metricgate.adapters.state.sqlite.ledger_actions import RecordedActions

        return RecordedActions(self.paths.ledger)

    def export(self, wanted: EntryFilter, form: str, *, limit: int | None = None) -> RecordExport:
        """Return everything that matches as a file."""
        from metricgate.adapters.state.sqlite.ledger_export import export_record
        from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader

        return export_record(LedgerReader(self.paths.ledger), wanted, form, self.receipt_key(), limit=limit)

    def receipt_key(self) -> VerifierKey:
        """Return the public key of the record."""
        from metricgate.adapters.state.sqlite.ledger_keys import load_verifier

        return load_verifier(self.paths.public_key)

    def verify(self, earlier: str | None = None) -> Report:
        """Check every byte of the ledger's file."""
        from metricgate.adapters.state.sqlite.ledger_audit import verify_file
        from metricgate.adapters.state.sqlite.losses import ledger_behind, with_loss

        found = ledger_behind(self.paths)
        report = verify_file(self.paths.ledger, self.paths.public_key.read_text(encoding="utf-8"), earlier)
        return report if found is None else with_loss(report, found)

    def changes(self, record: RecordStore) -> SqliteChanges:
        """Open actions and journal; whoever holds ``record`` no more writes neither."""
        from metricgate.adapters.state.sqlite.changes import SqliteChanges

        return SqliteChanges(self.paths, record.check)

    def conduct(self, clock: Clock, *, pause_seconds: float) -> MemoryConduct:
        """Open budgets and pauses: in memory, as the ledger tells of them, for the one gateway that has it."""
        from metricgate.adapters.state.memory.conduct import MemoryConduct
        from metricgate.adapters.state.sqlite.recent_conduct import RecentConduct, read_recent_conduct

        reader = self.reader()
        recent = RecentConduct()
        if reader is not None:
            with reader:
                recent = read_recent_conduct(reader, clock, pause_seconds)
        return MemoryConduct(clock, used_today=recent.used_today, begun=recent.pauses.values())

    def keys(self, clock: Clock) -> SqliteKeys:
        """Open the API keys."""
        from metricgate.adapters.state.sqlite.sqlite_keys import SqliteKeys

        return SqliteKeys(self.paths.api_keys, clock=clock)

    def people(self, *, may_make_key: bool = True) -> SqlitePeople:
        """Open the people."""
        from metricgate.adapters.state.sqlite.sqlite_people import SqlitePeople

        return SqlitePeople(self.paths.people, may_make_key=may_make_key)

    def account_since(self, name: str) -> float | None:
        """Return since when there is an account of this name."""
        from metricgate.adapters.state.sqlite.people_accounts import account_since

        return account_since(self.paths.people, name)

    def outbox(self, routes: Mapping[str, frozenset[NoticeKind]], clock: Clock) -> SqliteOutbox:
        """Open the outbox."""
        from metricgate.adapters.state.sqlite.sqlite_outbox import SqliteOutbox

        return SqliteOutbox(self.paths.outbox, routes=routes, clock=clock)

    def definitions(self) -> SqliteDefinitions:
        """Open the published definitions."""
        from metricgate.adapters.state.sqlite.sqlite_definitions import SqliteDefinitions

        return SqliteDefinitions(self.paths.definitions)

    def observations(self) -> SqliteObservations:
        """Open what was seen of the data."""
        from metricgate.adapters.state.sqlite.sqlite_observations import SqliteObservations

        return SqliteObservations(self.paths.observations)

    def switches(self) -> SwitchFile:
        """Return the switches."""
        return SwitchFile(self.paths.switches)

    def mask_key(self) -> str:
        """Return the key of hashed masks; one that is gone is not made anew beside what was made with it.

        Raises:
            StateUnavailable: it is gone, though what was made with it is there.
        """
        from metricgate.adapters.state.sqlite.losses import missing_files
        from metricgate.adapters.state.sqlite.mask_key import load_mask_key

        if missing := missing_files(self.paths):
            raise StateUnavailable("; ".join(missing))
        return load_mask_key(self.paths.mask_key)

    def close_to_others(self) -> StateNarrowed | None:
        """Take other accounts' rights to the folder.

        Raises:
            StateUnavailable: the folder is not this account's, or cannot be closed.
        """
        from metricgate.adapters.files.private_folder import NotPrivate, make_private, narrow

        try:
            make_private(self.paths.folder)
            found = narrow(self.paths.folder)
        except (NotPrivate, OSError) as error:
            raise StateUnavailable(str(error)) from error
        files = [OpenFile(name=each.name, mode=f"{each.mode:04o}") for each in found[:_MOST_NAMED]]
        return StateNarrowed(files=files, count=len(found)) if found else None

    def tell_anchors(self, record: RecordStore) -> int:
        """Tell every file that remembers how far the ledger is."""
        from metricgate.adapters.state.sqlite.losses import drop_anchors

        return drop_anchors(self.paths, record)

    def findings(self) -> Sequence[AccountFinding]:
        """Return what an operator should know of the folder."""
        from metricgate.adapters.state.sqlite.upkeep import findings

        return findings(self.paths)

    def copies(self, sought: Sought, *, user: bool = False, entry: int | None = None) -> SqliteCopies | None:
        """Find every copy in the folder."""
        from metricgate.adapters.state.sqlite.finding_copies import find_copies

        return find_copies(self.paths, sought, user=user, entry=entry)
