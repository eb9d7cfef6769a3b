"""Erasing a person, a value or a record from everything that the state folder keeps, at once or not at all."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from metricgate.adapters.state.sqlite.sqlite_database import DatabaseError
from metricgate.bootstrap import codes
from metricgate.bootstrap.definition_files import state_of_files
from metricgate.bootstrap.definitions import folders_of
from metricgate.bootstrap.settings import FILE_NAME, Settings
from metricgate.bootstrap.states import state_of
from metricgate.state.erasure import Copy, Sought
from metricgate.state.record import LedgerUnavailable
from metricgate.state.sealed import Unsealable
from metricgate.state.state import ProjectState, StateUnavailable
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
    state = state_of(folder, settings)
    if asked.text is not None and len(asked.text) < _LEAST:
        return _problem(f"{asked.text!r} is too short to be told from other things; give at least {_LEAST} characters.")
    holder = None if asked.dry_run else state.holder()
    if holder is not None:
        return _problem(f"Process {holder} has the ledger open: stop the gateway first; a dry run needs no stop.")
    try:
        return _erased(folder, settings, state, asked)
    except StateUnavailable as error:
        return _problem(f"Nothing was erased: {error}.")
    except (LedgerUnavailable, Unsealable, DatabaseError, OSError, ValueError) as error:
        return _problem(f"Nothing more was erased: {error}. Do it again once that is mended.")


def _erased(folder: Path, settings: Settings, state: ProjectState, asked: ErasureAsked) -> ErasureFound | Problems:
    sought = Sought(needle=asked.text)
    found = state.copies(sought, user=asked.user is not None, entry=asked.record)
    if found is None:
        return _problem(f"The ledger has no entry {asked.record}.")
    copies = found.listed()
    blocked = [each for each in copies if each.blocks and not (asked.except_leaves and each.kind == "leaf")]
    out_of_reach = [*_OUT_OF_REACH, *_definitions(folder, settings, sought)]
    if asked.dry_run or blocked or not copies:
        return ErasureFound(copies=_told(copies), out_of_reach=out_of_reach, blocked=len(blocked), record=None)
    record = state.take()
    try:
        index = found.erase(record, by=_account(), basis=asked.basis, reason=asked.reason)
    finally:
        record.close()
        state.tell_anchors(record)
    return ErasureFound(copies=_told(copies), out_of_reach=out_of_reach, blocked=0, record=index)


def _definitions(folder: Path, settings: Settings, sought: Sought) -> list[str]:
    """Say in which files of the project itself it stands."""
    found = []
    for path in (folder / FILE_NAME, *(Path(name) for name, *_facts in state_of_files(folder, folders_of(settings)))):
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
