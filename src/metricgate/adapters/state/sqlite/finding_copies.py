"""Every copy of something in a state folder, and erasing them: the record's own entry comes last."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from metricgate.adapters.state.sqlite.paths import StatePaths
from metricgate.adapters.state.sqlite.redacting_changes import ChangesCopies
from metricgate.adapters.state.sqlite.redacting_definitions import DefinitionCopies
from metricgate.adapters.state.sqlite.redacting_files import (
    KeyCopies,
    NoticeCopies,
    PeopleCopies,
    SwitchCopies,
)
from metricgate.adapters.state.sqlite.redacting_ledger import LedgerCopies, found_about, found_in
from metricgate.adapters.state.sqlite.redaction import Erasable
from metricgate.adapters.state.sqlite.schema import BACKUPS
from metricgate.adapters.state.sqlite.seal import Seal
from metricgate.adapters.state.sqlite.sqlite_database import as_port_has_it
from metricgate.adapters.state.sqlite.sqlite_ledger import SqliteLedger
from metricgate.state.erasure import Copy, Sought
from metricgate.state.record import RecordStore


class SqliteCopies:
    """Implements ``state.erasure.Copies``."""

    def __init__(
        self, in_ledger: LedgerCopies, sought: Sought, stores: Sequence[Erasable], backups: Sequence[Path]
    ) -> None:
        self._in_ledger, self._sought, self._stores = in_ledger, sought, stores
        self._backups = backups
        self._elsewhere = [copy for store in stores for copy in store.copies(sought)]

    def list_all(self) -> Sequence[Copy]:
        """Return those of the ledger first; copies of files from before a migration go whole, if anything goes."""
        found = [*self._in_ledger.as_copies(), *self._elsewhere]
        backups = [Copy(kind="backup", where=each.name) for each in self._backups]
        return [*found, *backups] if found else []

    def erase(self, record: RecordStore, *, by: str, basis: str, reason: str) -> int:
        """Erase all of them; return the number of the entry that records it.

        Raises:
            TypeError: the record is another state's.
        """
        if not isinstance(record, SqliteLedger):
            raise TypeError("these copies are of an embedded state")
        copies = self.list_all()
        with as_port_has_it():
            for store in self._stores:
                store.erase(self._sought)
        for each in self._backups:
            each.unlink(missing_ok=True)
        also = {kind: sum(each.kind == kind for each in copies) for kind in sorted({each.kind for each in copies})}
        return record.erase(self._in_ledger.bodies, by=by, basis=basis, reason=reason, also=also).index


@as_port_has_it()
def find_copies(paths: StatePaths, sought: Sought, *, user: bool, entry: int | None) -> SqliteCopies | None:
    """Return every copy; None where there is no such entry.

    Raises:
        LedgerUnavailable, Unsealable, OSError, ValueError, DatabaseError: something cannot be read.
    """
    if entry is not None:
        in_ledger = found_about(paths.ledger, entry) if paths.ledger.exists() else None
    else:
        in_ledger = found_in(paths.ledger, sought, user=user)
    if in_ledger is None:
        return None
    meant = Sought(needle=sought.needle, actions=in_ledger.actions)
    stores: list[Erasable] = [
        NoticeCopies(paths.outbox),
        PeopleCopies(paths.people),
        KeyCopies(paths.api_keys),
        SwitchCopies(paths.switches),
        DefinitionCopies(paths.definitions),
    ]
    if paths.journal_key.exists():
        stores.append(ChangesCopies(paths.actions, paths.journal, Seal(paths.journal_key, may_make=False)))
    return SqliteCopies(in_ledger, meant, stores, sorted((paths.folder / BACKUPS).glob("*")))
