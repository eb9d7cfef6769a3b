"""Erasing a person, a value or a record from everything that the state folder keeps, at once or not at all."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from metricgate.adapters.stores.redacting import Copy, Erasable, Sought
from metricgate.adapters.stores.redacting_changes import ChangesCopies
from metricgate.adapters.stores.redacting_files import KeyCopies, NoticeCopies, PeopleCopies, SwitchCopies
from metricgate.adapters.stores.redacting_ledger import LedgerCopies, found_about, found_in
from metricgate.adapters.stores.sealing import Seal
from metricgate.adapters.stores.sqlite_database import DatabaseError
from metricgate.adapters.stores.sqlite_ledger import holder_of
from metricgate.bootstrap import codes
from metricgate.bootstrap.anchoring import drop_anchors
from metricgate.bootstrap.governing import state_of_files
from metricgate.bootstrap.paths import StatePaths
from metricgate.bootstrap.settings import FILE_NAME, Settings
from metricgate.bootstrap.starting import StartRefused, open_ledger
from metricgate.gateway.ports import LedgerUnavailable
from metricgate.gateway.writing.ports import Unsealable
from metricgate.surfaces.cli.erasure import ErasureAsked, ErasureFound, FoundCopy
from metricgate.vocabulary.problem import Problem, Problems

_LEAST = 3
_OUT_OF_REACH = (
    "exports of the record, and files that the console or the command line downloaded",
    "backups and copies of the state folder, and what the disk or a snapshot of it keeps of freed blocks",
    "receipts that callers hold: they have the leaf, which holds no text of theirs",
    "what webhooks, logs and traces were told",
    "the warehouses' own rows, and what a change set aside there until it cannot be taken back any more",
)


def erase(folder: Path, settings: Settings, asked: ErasureAsked) -> ErasureFound | Problems:
    """Find every copy and, unless it is a dry run or something blocks, erase all of them and record it."""
    paths = StatePaths.of(folder, settings)
    if asked.text is not None and len(asked.text) < _LEAST:
        return _problem(f"{asked.text!r} is too short to be told from other things; give at least {_LEAST} characters.")
    holder = None if asked.dry_run else holder_of(paths.ledger)
    if holder is not None:
        return _problem(f"Process {holder} has the ledger open: stop the gateway first; a dry run needs no stop.")
    try:
        return _erased(folder, settings, paths, asked)
    except (LedgerUnavailable, Unsealable, DatabaseError, OSError, ValueError) as error:
        return _problem(f"Nothing more was erased: {error}. Do it again once that is mended.")
    except StartRefused as error:
        return _problem(f"Nothing was erased: {error}.")


def _erased(folder: Path, settings: Settings, paths: StatePaths, asked: ErasureAsked) -> ErasureFound | Problems:
    found = _in_ledger(paths, asked)
    if found is None:
        return _problem(f"The ledger has no entry {asked.record}.")
    sought = Sought(needle=asked.text, actions=found.actions)
    stores = _stores(paths)
    copies = [*found.as_copies(), *(copy for store in stores for copy in store.copies(sought))]
    blocked = [each for each in copies if each.blocks and not (asked.except_leaves and each.kind == "leaf")]
    out_of_reach = [*_OUT_OF_REACH, *_definitions(folder, settings, sought)]
    if asked.dry_run or blocked or not copies:
        return ErasureFound(copies=_told(copies), out_of_reach=out_of_reach, blocked=len(blocked), record=None)
    # The record's own entry comes last: where it stands, nothing is left elsewhere.
    ledger = open_ledger(folder, settings)
    try:
        for store in stores:
            store.erase(sought)
        also = {kind: sum(each.kind == kind for each in copies) for kind in sorted({each.kind for each in copies})}
        durable = ledger.erase(found.bodies, by=_account(), basis=asked.basis, reason=asked.reason, also=also)
    finally:
        ledger.close()
        drop_anchors(paths, ledger)
    return ErasureFound(copies=_told(copies), out_of_reach=out_of_reach, blocked=0, record=durable.index)


def _in_ledger(paths: StatePaths, asked: ErasureAsked) -> LedgerCopies | None:
    if asked.record is not None:
        return found_about(paths.ledger, asked.record) if paths.ledger.exists() else None
    return found_in(paths.ledger, Sought(needle=asked.text), user=asked.user is not None)


def _stores(paths: StatePaths) -> Sequence[Erasable]:
    found: list[Erasable] = [
        NoticeCopies(paths.outbox),
        PeopleCopies(paths.people),
        KeyCopies(paths.api_keys),
        SwitchCopies(paths.switches),
    ]
    if paths.journal_key.exists():
        found.append(ChangesCopies(paths.actions, paths.journal, Seal(paths.journal_key, may_make=False)))
    return found


def _definitions(folder: Path, settings: Settings, sought: Sought) -> list[str]:
    """Say in which files of the project itself it stands."""
    found = []
    for path in (folder / FILE_NAME, *(Path(name) for name, *_facts in state_of_files(folder, settings))):
        with suppress(OSError, UnicodeDecodeError):
            if sought.in_value(path.read_text(encoding="utf-8")):
                found.append(f"{path}, in which it stands: definitions are yours to edit, as are their older versions")
    return found


def _told(copies: Sequence[Copy]) -> list[FoundCopy]:
    return [FoundCopy(kind=each.kind, where=each.where, blocks=each.blocks) for each in copies]


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _problem(message: str) -> Problems:
    return Problems((Problem(code=codes.CANNOT_ERASE, message=message, hint=codes.CANNOT_ERASE.cure),))
