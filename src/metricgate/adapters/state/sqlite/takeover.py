"""Taking a state folder: everything that must hold before its record is opened for writing."""

from __future__ import annotations

from pathlib import Path

from ulid import ULID

from metricgate.adapters.files.private_folder import make_private_file
from metricgate.adapters.state.sqlite.anchors import Behind
from metricgate.adapters.state.sqlite.ledger_keys import load_signer
from metricgate.adapters.state.sqlite.losses import (
    anchored_elsewhere,
    changes_forgotten,
    drop_anchors,
    ledger_behind,
    ledger_size_of_lost_changes,
    loss_accepted,
    missing_files,
    unless_accepted,
)
from metricgate.adapters.state.sqlite.paths import StatePaths
from metricgate.adapters.state.sqlite.sqlite_ledger import SqliteLedger
from metricgate.adapters.state.sqlite.state_lock import StateLock
from metricgate.ledger.events.attribute import Event
from metricgate.ledger.events.log import GatewayReplaced, LossAccepted
from metricgate.ledger.note import NoteError
from metricgate.state.record import LedgerUnavailable
from metricgate.state.state import StateUnavailable
from metricgate.vocabulary.clock import Clock


def take(
    paths: StatePaths, clock: Clock, *, instance: str | None, accept_loss: int | None, over_stopped: bool
) -> SqliteLedger:
    """Open the ledger for writing, making it and its key on first use; arguments are as of ``State.take``.

    Raises:
        StateUnavailable: another gateway has it, or it is damaged, an older copy, or cannot be written.
    """
    _unless_gone(paths)
    lost = _accept_loss(paths, accept_loss) if instance is not None else None
    behind = _check_behind(paths)
    first: tuple[Event, ...] = _accepted(behind, accept_loss if lost is None or behind is not None else None)
    if lost is not None:
        first = (*first, lost)
    try:
        make_private_file(paths.ledger)
        holding = StateLock(
            paths.ledger,
            instance or f"command_{ULID()}",
            seconds=paths.place.lease_seconds,
            over_stopped=over_stopped,
        )
    except (LedgerUnavailable, OSError) as error:
        raise StateUnavailable(f"the ledger cannot be opened: {error}") from error
    if holding.replaced is not None:
        first = (*first, GatewayReplaced(replaced=holding.replaced, instance=holding.instance))
    try:
        signer = load_signer(paths.private_key, paths.public_key, name=paths.place.origin)
        ledger = SqliteLedger(paths.ledger, signer=signer, clock=clock, first=first, holding=holding)
    except (LedgerUnavailable, NoteError, OSError) as error:
        holding.close()
        raise StateUnavailable(f"the ledger cannot be opened: {error}") from error
    if first:
        drop_anchors(paths, ledger)
    return ledger


def _unless_gone(paths: StatePaths) -> None:
    if paths.public_key.exists() and not _has_content(paths.ledger):
        raise StateUnavailable(
            f"the ledger {paths.ledger} is gone, but its key {paths.public_key.name} is there: restore the ledger, or "
            f"move {paths.private_key.name} and {paths.public_key.name} away to begin a new one on purpose"
        )


def _has_content(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def _accept_loss(paths: StatePaths, accept_loss: int | None) -> LossAccepted | None:
    """Return the entry on what is known of changes and was lost, where the operator accepted that.

    Raises:
        StateUnavailable: files are gone, and nobody accepted it.
    """
    if missing := missing_files(paths):
        raise StateUnavailable("; ".join(missing))
    try:
        size = ledger_size_of_lost_changes(paths)
    except LedgerUnavailable as error:
        raise StateUnavailable(f"the ledger cannot be opened: {error}") from error
    if size is None:
        return None
    if why := unless_accepted(paths, size, accept_loss):
        raise StateUnavailable(why)
    return changes_forgotten(paths, size)


def _check_behind(paths: StatePaths) -> Behind | None:
    try:
        if elsewhere := anchored_elsewhere(paths):
            raise StateUnavailable(elsewhere)
    except LedgerUnavailable as error:
        raise StateUnavailable(str(error)) from error
    return ledger_behind(paths)


def _accepted(found: Behind | None, accept_loss: int | None) -> tuple[Event, ...]:
    if found is None:
        if accept_loss is not None:
            raise StateUnavailable("the ledger is not behind what other stores know: there is no loss to accept")
        return ()
    if accept_loss != found.lost.size:
        raise StateUnavailable(
            f"{found}. An older or another copy stands in its place: restore the newest one, or go on without what is "
            f"lost on purpose: metricgate serve --accept-loss {found.lost.size}, which is recorded"
        )
    return (loss_accepted(found),)
