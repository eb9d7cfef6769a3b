"""What every start does first: take the project's ledger, or say why that cannot be."""

from __future__ import annotations

from pathlib import Path

from metricgate.adapters.stores.anchors import Behind
from metricgate.adapters.stores.ledger_keys import load_signer
from metricgate.adapters.stores.private_folder import NotPrivate, make_private, make_private_file, narrow
from metricgate.adapters.stores.sqlite_ledger import SqliteLedger
from metricgate.bootstrap import codes
from metricgate.bootstrap.anchoring import Opening, anchored_elsewhere, drop_anchors, ledger_behind, loss_accepted
from metricgate.bootstrap.clock import SystemClock
from metricgate.bootstrap.paths import StatePaths
from metricgate.bootstrap.settings import Settings
from metricgate.gateway.ports import LedgerUnavailable
from metricgate.ledger.note import NoteError
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem, Problems

NARROWED = "gov.state.narrowed"
"""Files of the state folder were open to other accounts of the machine, and are no more."""
_MOST_NAMED = 50


class StartRefused(Exception):
    """The gateway does not start: a problem of the project, said for people."""

    def __init__(self, message: str, problems: Problems | None = None) -> None:
        super().__init__(message)
        self.problems = problems

    def as_problems(self) -> Problems:
        """Return what is wrong; the message alone where there is no more."""
        problem = Problem(code=codes.CANNOT_START, message=str(self), hint=codes.CANNOT_START.cure)
        return self.problems or Problems((problem,))


def origin_of(settings: Settings) -> str:
    """Return the log's name in its checkpoints."""
    return settings.document.ledger.origin or f"metricgate/{settings.document.project}"


def close_to_others(folder: Path, settings: Settings) -> dict[str, Json] | None:
    """Take other accounts' rights to the state folder; return the record's fields on what had any, or None.

    Raises:
        StartRefused: it cannot be closed.
    """
    state = StatePaths.of(folder, settings).folder
    try:
        make_private(state)
        found = narrow(state)
    except (NotPrivate, OSError) as error:
        raise StartRefused(str(error)) from error
    files: list[Json] = [{"name": each.name, "mode": f"{each.mode:04o}"} for each in found[:_MOST_NAMED]]
    return {"gov.state.files": files, "gov.state.count": len(found)} if found else None


def open_ledger(
    folder: Path, settings: Settings, *, accept_loss: int | None = None, lost: Opening | None = None
) -> SqliteLedger:
    """Open the project's ledger for writing, making it and its key on first use.

    Args:
        folder: the project's.
        settings: as loaded.
        accept_loss: size of the head that is lost, where the ledger is behind what other stores know and the operator
            goes on all the same; that is recorded first.
        lost: the entry on another loss that the operator accepted, recorded likewise.

    Raises:
        StartRefused: another gateway has it, or it is damaged, an older copy, or cannot be written.
    """
    paths = StatePaths.of(folder, settings)
    if paths.public_key.exists() and not (paths.ledger.exists() and paths.ledger.stat().st_size):
        raise StartRefused(
            f"the ledger {paths.ledger} is gone, but its key {paths.public_key.name} is there: restore the ledger, or "
            f"move {paths.private_key.name} and {paths.public_key.name} away to begin a new one on purpose"
        )
    try:
        if elsewhere := anchored_elsewhere(paths):
            raise StartRefused(elsewhere)
    except LedgerUnavailable as error:
        raise StartRefused(str(error)) from error
    behind = ledger_behind(paths)
    first = _accepted(behind, accept_loss if lost is None or behind is not None else None)
    if lost is not None:
        first = (*first, lost)
    try:
        make_private_file(paths.ledger)
        signer = load_signer(paths.private_key, paths.public_key, name=origin_of(settings))
        ledger = SqliteLedger(paths.ledger, signer=signer, clock=SystemClock(), first=first)
    except (LedgerUnavailable, NoteError, OSError) as error:
        raise StartRefused(f"the ledger cannot be opened: {error}") from error
    if first:
        drop_anchors(paths, ledger)
    return ledger


def _accepted(found: Behind | None, accept_loss: int | None) -> tuple[Opening, ...]:
    if found is None:
        if accept_loss is not None:
            raise StartRefused("the ledger is not behind what other stores know: there is no loss to accept")
        return ()
    if accept_loss != found.lost.size:
        raise StartRefused(
            f"{found}. An older or another copy stands in its place: restore the newest one, or go on without what is "
            f"lost on purpose: metricgate serve --accept-loss {found.lost.size}, which is recorded"
        )
    return (loss_accepted(found),)
