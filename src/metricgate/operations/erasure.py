"""Erasing a person, a value or a record from everything that the state folder keeps, at once or not at all."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from metricgate.operations import codes
from metricgate.state.erasure import Copy, Sought
from metricgate.state.record import LedgerUnavailable
from metricgate.state.sealed import Unsealable
from metricgate.state.state import ProjectState, StateUnavailable, StoreUnavailable
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem, Problems

_LEAST = 3
_OUT_OF_REACH = (
    "exports of the record, and files that the console or the command line downloaded",
    "backups and copies of the state folder, and what the disk or a snapshot of it keeps of freed blocks",
    "receipts that callers hold: they have the leaf, which holds no text of theirs",
    "what webhooks, logs and traces were told",
    "the warehouses' own rows, and what a change set aside there until it cannot be taken back any more",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureAsked:
    """What is to be erased: one of ``user``, ``value`` and ``record``.

    Attributes:
        reason: why, for the record; of no use in a dry run.
        basis: the legal basis, likewise.
        except_leaves: whether to erase all the rest where it stands in a signed leaf.
    """

    user: str | None = None
    value: str | None = None
    record: int | None = None
    dry_run: bool = False
    except_leaves: bool = False
    reason: str = ""
    basis: str = ""

    @property
    def text(self) -> str | None:
        """What is looked for."""
        return self.user if self.user is not None else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCopy:
    """One copy; ``blocks`` says why it cannot be erased now, and what to do about it."""

    kind: str
    where: str
    blocks: str | None

    def as_json(self) -> dict[str, Json]:
        """Return every member."""
        return {"kind": self.kind, "where": self.where, "blocks": self.blocks}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureFound:
    """What was found and done.

    Attributes:
        copies: every copy.
        out_of_reach: what this cannot erase, for people.
        blocked: how many copies block; where there are any, nothing was erased.
        record: number of the entry that records the erasure; None where nothing was erased.
    """

    copies: Sequence[FoundCopy]
    out_of_reach: Sequence[str]
    blocked: int
    record: int | None

    def as_json(self) -> dict[str, Json]:
        """Return every member."""
        return {
            "copies": [each.as_json() for each in self.copies],
            "out_of_reach": list(self.out_of_reach),
            "blocked": self.blocked,
            "record": self.record,
        }


def erase(state: ProjectState, project_files: Iterable[Path], asked: ErasureAsked) -> ErasureFound | Problems:
    """Find every copy and, unless it is a dry run or something blocks, erase all of them and record it.

    Args:
        state: what is looked through.
        project_files: the project's own files: named where it stands in one, never changed.
        asked: what is to be erased.
    """
    if asked.text is not None and len(asked.text) < _LEAST:
        return _cannot_erase(
            f"{asked.text!r} is too short to be told from other things; give at least {_LEAST} characters."
        )
    holder = None if asked.dry_run else state.holder()
    if holder is not None:
        return _cannot_erase(f"Process {holder} has the ledger open: stop the gateway first; a dry run needs no stop.")
    try:
        return _erase_asked(state, project_files, asked)
    except StateUnavailable as error:
        return _cannot_erase(f"Nothing was erased: {error}.")
    except (LedgerUnavailable, StoreUnavailable, Unsealable, OSError, ValueError) as error:
        return _cannot_erase(f"Nothing more was erased: {error}. Do it again once that is mended.")


def _erase_asked(state: ProjectState, project_files: Iterable[Path], asked: ErasureAsked) -> ErasureFound | Problems:
    sought = Sought(needle=asked.text)
    found = state.copies(sought, user=asked.user is not None, entry=asked.record)
    if found is None:
        return _cannot_erase(f"The ledger has no entry {asked.record}.")
    copies = found.list_all()
    blocked = [each for each in copies if each.blocks and not (asked.except_leaves and each.kind == "leaf")]
    out_of_reach = [*_OUT_OF_REACH, *_files_with(project_files, sought)]
    if asked.dry_run or blocked or not copies:
        return ErasureFound(copies=_copies_found(copies), out_of_reach=out_of_reach, blocked=len(blocked), record=None)
    record = state.take()
    try:
        index = found.erase(record, by=_account_name(), basis=asked.basis, reason=asked.reason)
    finally:
        record.close()
        state.tell_anchors(record)
    return ErasureFound(copies=_copies_found(copies), out_of_reach=out_of_reach, blocked=0, record=index)


def _files_with(project_files: Iterable[Path], sought: Sought) -> list[str]:
    """Say in which files of the project itself it stands."""
    found = []
    for path in project_files:
        with suppress(OSError, UnicodeDecodeError):
            if sought.in_value(path.read_text(encoding="utf-8")):
                found.append(f"{path}, in which it stands: definitions are yours to edit, as are their older versions")
    return found


def _copies_found(copies: Sequence[Copy]) -> list[FoundCopy]:
    return [FoundCopy(kind=each.kind, where=each.where, blocks=each.blocks) for each in copies]


def _account_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _cannot_erase(message: str) -> Problems:
    return Problems((Problem(code=codes.CANNOT_ERASE, message=message, hint=codes.CANNOT_ERASE.cure),))
