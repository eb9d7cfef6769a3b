"""What the accounts of a project's warehouses can do that they should not, and who can read its secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from metricgate.adapters.stores.private_folder import open_to_others
from metricgate.adapters.stores.sqlite_database import DatabaseError
from metricgate.adapters.stores.sqlite_people import PeopleUnavailable, SqlitePeople
from metricgate.bootstrap import codes
from metricgate.bootstrap.anchoring import forgotten, gone, ledger_behind, unless_accepted
from metricgate.bootstrap.governing import load_definitions
from metricgate.bootstrap.paths import StatePaths
from metricgate.bootstrap.settings import Settings, WarehouseSettings
from metricgate.bootstrap.writing import WritingUnavailable, open_stores
from metricgate.catalog import warehouse_check
from metricgate.catalog.placing import within
from metricgate.gateway.ports import LedgerUnavailable, WarehouseError
from metricgate.vocabulary.finding import WRONG, Finding
from metricgate.vocabulary.problem import Problem, Problems

_SEAL = "a seal that does not open"


def examined(folder: Path, settings: Settings, paths: StatePaths) -> Sequence[tuple[str, Finding]] | Problems:
    """Return every finding with the name of its warehouse, or ``state``; a warehouse that is away is a problem."""
    try:
        loaded = load_definitions(folder, settings)
    except (OSError, UnicodeDecodeError) as error:
        return Problems((Problem(code=codes.UNREADABLE, message=str(error), hint=codes.UNREADABLE.cure),))
    if isinstance(loaded, Problems):
        return loaded
    found: list[tuple[str, Finding]] = [("state", each) for each in _of_state(paths)]
    problems = []
    for name, warehouse in settings.warehouses.items():
        relations = warehouse_check.relations(within(loaded[0], name))
        try:
            found += [(name, each) for each in asyncio.run(_findings(folder, warehouse, relations))]
        except WarehouseError as error:
            message = f"The warehouse {name!r} cannot be asked: {error.engine_text}"
            problems.append(Problem(code=codes.WAREHOUSE_CLOSED, message=message, hint=codes.WAREHOUSE_CLOSED.cure))
    return Problems(tuple(problems)) if problems else found


async def _findings(
    folder: Path, settings: WarehouseSettings, relations: Sequence[tuple[str, ...]]
) -> tuple[Finding, ...]:
    warehouse = settings.open(folder)
    try:
        return await warehouse.findings(relations)
    finally:
        await warehouse.close()


def _of_state(paths: StatePaths) -> list[Finding]:
    """Secrets that others on the machine can read or write, and what is kept sealed and does not open."""
    return [*_behind(paths), *_open_secrets(paths), *_damaged_changes(paths), *_damaged_people(paths)]


def _behind(paths: StatePaths) -> list[Finding]:
    """Say that the ledger is an older copy, or that files are gone without which nothing starts."""
    found = ledger_behind(paths)
    missing = [
        Finding(severity=WRONG, right="a file that is gone", object=each, cure="")
        for each in (*gone(paths), *_forgotten(paths))
    ]
    if found is None:
        return missing
    cure = f"restore the newest copy, or metricgate serve --accept-loss {found.lost.size}"
    return [Finding(severity=WRONG, right="a ledger that is behind", object=str(found), cure=cure), *missing]


def _forgotten(paths: StatePaths) -> list[str]:
    with suppress(LedgerUnavailable):
        size = forgotten(paths)
        return [] if size is None else [unless_accepted(paths, size, None)]
    return []


def _open_secrets(paths: StatePaths) -> list[Finding]:
    if not paths.folder.is_dir():
        return []
    found = (paths.folder / each.name for each in open_to_others(paths.folder))
    return [
        Finding(severity=WRONG, right="open to others than its owner", object=str(each), cure=f"chmod go-rwx {each}")
        for each in found
    ]


def _damaged_people(paths: StatePaths) -> list[Finding]:
    """Say whose authenticator cannot be checked: the key is gone or another, or the secret was altered."""
    if not paths.people.exists():
        return []
    try:
        store = SqlitePeople(paths.people, may_make_key=False)
    except PeopleUnavailable as error:
        return [Finding(severity=WRONG, right=_SEAL, object=str(paths.people), cure=str(error))]
    try:
        return [
            Finding(severity=WRONG, right=_SEAL, object=f"person {name}", cure=f"metricgate people reset {name}")
            for name in store.damaged()
        ]
    finally:
        store.close()


def _damaged_changes(paths: StatePaths) -> list[Finding]:
    """Say which actions and images cannot be read: their key is gone or another, or they were altered."""
    if not (paths.actions.exists() or paths.journal.exists()):
        return []
    try:
        actions, journal = open_stores(paths)
    except WritingUnavailable as error:
        return [Finding(severity=WRONG, right=_SEAL, object="what is kept of changes", cure=str(error))]
    try:
        return [
            Finding(severity=WRONG, right=_SEAL, object=f"{what} {each}", cure=f"restore {file} from a backup")
            for what, file, damaged in (
                ("action", paths.actions, actions.damaged()),
                ("the images of", paths.journal, journal.damaged()),
            )
            for each in damaged
        ]
    except DatabaseError as error:
        return [Finding(severity=WRONG, right=_SEAL, object="what is kept of changes", cure=str(error))]
    finally:
        actions.close()
        journal.close()
