"""What the state folder knows of itself: how far the ledger was, and which files were there."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from metricgate.adapters.state.sqlite.anchors import Anchor, Behind, FileAnchor, StoreAnchor, behind
from metricgate.adapters.state.sqlite.ledger_keys import load_verifier
from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.adapters.state.sqlite.paths import StatePaths
from metricgate.ledger.events import names
from metricgate.ledger.events.log import LossAccepted, LostHead
from metricgate.ledger.events.shared import facts_of_actor
from metricgate.ledger.note import NoteError, open_checkpoint
from metricgate.ledger.verification import Finding as LedgerFinding
from metricgate.ledger.verification import FindingKind, Report
from metricgate.state.record import EntryFilter, LedgerUnavailable, RecordStore
from metricgate.vocabulary.actor import operator


def anchors_of(paths: StatePaths) -> tuple[Anchor, ...]:
    """Return what remembers how far the ledger was: stores beside it, and the file elsewhere where there is one."""
    stores = (paths.actions, paths.journal, paths.api_keys, paths.people, paths.outbox)
    return (*map(StoreAnchor, stores), *(() if paths.anchor is None else (FileAnchor(paths.anchor),)))


def anchored_elsewhere(paths: StatePaths) -> str:
    """Return why the file elsewhere says that this is not the log that it knows; empty where it does not.

    Raises:
        LedgerUnavailable: it cannot be read.
    """
    if paths.anchor is None:
        return ""
    if paths.anchor.absolute().resolve().is_relative_to(paths.folder.absolute().resolve()):
        return f"ledger.anchor: {paths.anchor} lies in the state folder, and would be taken along with it"
    note = FileAnchor(paths.anchor).last_checkpoint()
    if note is None:
        return ""
    with suppress(NoteError, OSError):
        open_checkpoint(note, load_verifier(paths.public_key))
        return ""
    return (
        f"the anchor {paths.anchor} knows another log than the one in {paths.folder}: restore the state folder that it "
        "belongs to, or move the anchor away to begin a new log on purpose"
    )


def ledger_behind(paths: StatePaths) -> Behind | None:
    """Return how far the ledger is behind what other stores know; None where it is not, or nothing can be told."""
    if not paths.ledger.exists() or not paths.public_key.exists():
        return None
    with suppress(LedgerUnavailable, NoteError, OSError):
        return behind(paths.ledger, load_verifier(paths.public_key), anchors_of(paths))
    return None


def drop_anchors(paths: StatePaths, ledger: RecordStore) -> int:
    """Tell every store how far the ledger is, also after it was closed; return its size."""
    return _tell_anchors(anchors_of(paths), ledger)


def _tell_anchors(anchors: Sequence[Anchor], ledger: RecordStore) -> int:
    size, note = ledger.size, ledger.checkpoint()
    for anchor in anchors:
        anchor.keep(note)
    return size


def loss_accepted(found: Behind) -> LossAccepted:
    """Return the entry that says with which loss the ledger goes on."""
    lost = LostHead(
        size=found.lost.size, root=found.lost.root.hex(), checkpoint=found.checkpoint, known_by=found.known_by
    )
    return LossAccepted(actor=facts_of_actor(operator(_account_name())), size=found.size, lost=lost)


def _account_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def missing_files(paths: StatePaths) -> Sequence[str]:
    """Return what is lost and how to go on, for each file that must be there because others of its time are."""
    began = [each for each in _of_changes(paths) if each.exists()]
    return list(_gone(paths, began)) if began else ()


def ledger_size_of_lost_changes(paths: StatePaths) -> int | None:
    """Return the ledger's size where it tells of changes of which no file is left; None where nothing is lost.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    if not paths.ledger.exists() or any(each.exists() for each in _of_changes(paths)):
        return None
    with LedgerReader(paths.ledger) as reader:
        if next(iter(reader.entries(EntryFilter(event=names.ACTION_PROPOSED), limit=1)), None) is None:
            return None
        return next(iter(reader.entries(limit=1))).index + 1


def unless_accepted(paths: StatePaths, size: int, accept_loss: int | None) -> str:
    """Return why nothing starts without what is known of changes; empty where the operator accepted the loss.

    Args:
        paths: of the project.
        size: of the ledger, which is accepted with it.
        accept_loss: what the operator gave; the size of a ledger's lost head counts too.
    """
    found = ledger_behind(paths)
    if accept_loss is not None and accept_loss in {size, None if found is None else found.lost.size}:
        return ""
    names = " and ".join(each.name for each in _of_changes(paths))
    return (
        f"{names} are gone, though the ledger tells of changes: what waits for a decision, what was decided and how it "
        "ended is lost with them, and nothing that was done can be taken back; restore them from the backup, or begin "
        f"anew on purpose: metricgate serve --accept-loss {size}, which is recorded"
    )


def changes_forgotten(paths: StatePaths, size: int) -> LossAccepted:
    """Return the entry that says that all that was known of changes is lost."""
    files = [each.name for each in _of_changes(paths)]
    return LossAccepted(actor=facts_of_actor(operator(_account_name())), size=size, files=files)


def _of_changes(paths: StatePaths) -> tuple[Path, Path, Path]:
    return paths.actions, paths.journal, paths.journal_key


def _gone(paths: StatePaths, began: Sequence[Path]) -> Iterator[str]:
    there = " and ".join(each.name for each in began)
    anew = f"move {there} away to begin anew on purpose, as the next refusal says"
    if not paths.actions.exists():
        yield (
            f"{paths.actions} is gone, though {there} is there: what waits for a decision, what was decided and how it "
            f"ended is lost with it, and nothing that was done can be taken back; restore it from the backup, or {anew}"
        )
    if not paths.journal.exists():
        yield (
            f"{paths.journal} is gone, though {there} is there: the rows by which changes are taken back are lost with "
            f"it; restore it from the backup, or {anew}, without what waits for a decision"
        )
    if not paths.mask_key.exists():
        yield (
            f"{paths.mask_key} is gone, though {there} is there: a new key gives the same values other digests, so "
            "that what was joined or counted by hashed masks would fit no more; restore it from the backup, or make a "
            f'new one on purpose: python -c "import secrets; print(secrets.token_hex(32))" > {paths.mask_key}'
        )


def with_loss(report: Report, found: Behind) -> Report:
    """Return the report with the finding that other stores knew more."""
    kind = FindingKind.HISTORY_CHANGED if found.other else FindingKind.TAIL_MISSING
    finding = LedgerFinding(kind=kind, message=str(found), index=0 if found.other else found.size)
    return replace(report, findings=(finding, *report.findings))
