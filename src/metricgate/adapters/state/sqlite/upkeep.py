"""What an operator should know of a state folder: what is gone, open to others, or does not open."""

from __future__ import annotations

from contextlib import suppress

from metricgate.adapters.files.private_folder import open_to_others
from metricgate.adapters.state.sqlite.changes import SqliteChanges
from metricgate.adapters.state.sqlite.losses import (
    ledger_behind,
    ledger_size_of_lost_changes,
    missing_files,
    unless_accepted,
)
from metricgate.adapters.state.sqlite.paths import StatePaths
from metricgate.adapters.state.sqlite.sqlite_database import DatabaseError
from metricgate.adapters.state.sqlite.sqlite_people import SqlitePeople
from metricgate.state.people import PeopleUnavailable
from metricgate.state.record import LedgerUnavailable
from metricgate.state.state import StateUnavailable
from metricgate.vocabulary.account_finding import WRONG, AccountFinding

_SEAL = "a seal that does not open"


def findings(paths: StatePaths) -> list[AccountFinding]:
    """Return secrets that others on the machine can read or write, and what is kept sealed and does not open."""
    return [*_findings_of_loss(paths), *_open_secrets(paths), *_damaged_changes(paths), *_damaged_people(paths)]


def _findings_of_loss(paths: StatePaths) -> list[AccountFinding]:
    """Say that the ledger is an older copy, or that files are gone without which nothing starts."""
    found = ledger_behind(paths)
    missing = [
        AccountFinding(severity=WRONG, right="a file that is gone", object=each, cure="")
        for each in (*missing_files(paths), *_changes_without_files(paths))
    ]
    if found is None:
        return missing
    cure = f"restore the newest copy, or metricgate serve --accept-loss {found.lost.size}"
    return [AccountFinding(severity=WRONG, right="a ledger that is behind", object=str(found), cure=cure), *missing]


def _changes_without_files(paths: StatePaths) -> list[str]:
    with suppress(LedgerUnavailable):
        size = ledger_size_of_lost_changes(paths)
        return [] if size is None else [unless_accepted(paths, size, None)]
    return []


def _open_secrets(paths: StatePaths) -> list[AccountFinding]:
    if not paths.folder.is_dir():
        return []
    found = (paths.folder / each.name for each in open_to_others(paths.folder))
    return [
        AccountFinding(
            severity=WRONG, right="open to others than its owner", object=str(each), cure=f"chmod go-rwx {each}"
        )
        for each in found
    ]


def _damaged_people(paths: StatePaths) -> list[AccountFinding]:
    """Say whose authenticator cannot be checked: the key is gone or another, or the secret was altered."""
    if not paths.people.exists():
        return []
    try:
        store = SqlitePeople(paths.people, may_make_key=False)
    except PeopleUnavailable as error:
        return [AccountFinding(severity=WRONG, right=_SEAL, object=str(paths.people), cure=str(error))]
    try:
        return [
            AccountFinding(severity=WRONG, right=_SEAL, object=f"person {name}", cure=f"metricgate people reset {name}")
            for name in store.find_damaged()
        ]
    finally:
        store.close()


def _damaged_changes(paths: StatePaths) -> list[AccountFinding]:
    """Say which actions and images cannot be read: their key is gone or another, or they were altered."""
    if not (paths.actions.exists() or paths.journal.exists()):
        return []
    try:
        changes = SqliteChanges(paths)
    except StateUnavailable as error:
        return [AccountFinding(severity=WRONG, right=_SEAL, object="what is kept of changes", cure=str(error))]
    try:
        return [
            AccountFinding(severity=WRONG, right=_SEAL, object=f"{what} {each}", cure=f"restore {file} from a backup")
            for what, file, damaged in (
                ("action", paths.actions, changes.actions.find_damaged()),
                ("the images of", paths.journal, changes.journal.find_damaged()),
            )
            for each in damaged
        ]
    except DatabaseError as error:
        return [AccountFinding(severity=WRONG, right=_SEAL, object="what is kept of changes", cure=str(error))]
    finally:
        changes.close()
