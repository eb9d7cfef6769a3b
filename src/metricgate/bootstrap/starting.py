"""What every start does first: take the project's ledger, or say why that cannot be."""

from __future__ import annotations

from pathlib import Path

from metricgate.adapters.stores.ledger_keys import load_signer
from metricgate.adapters.stores.sqlite_ledger import SqliteLedger
from metricgate.bootstrap import codes
from metricgate.bootstrap.clock import SystemClock
from metricgate.bootstrap.paths import StatePaths
from metricgate.bootstrap.settings import Settings
from metricgate.gateway.ports import LedgerUnavailable
from metricgate.ledger.note import NoteError
from metricgate.vocabulary.problem import Problem, Problems


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


def open_ledger(folder: Path, settings: Settings) -> SqliteLedger:
    """Open the project's ledger for writing, making it and its key on first use.

    Raises:
        StartRefused: another gateway has it, or it is damaged or cannot be written.
    """
    paths = StatePaths.of(folder, settings)
    if paths.public_key.exists() and not (paths.ledger.exists() and paths.ledger.stat().st_size):
        raise StartRefused(
            f"the ledger {paths.ledger} is gone, but its key {paths.public_key.name} is there: restore the ledger, or "
            f"move {paths.private_key.name} and {paths.public_key.name} away to begin a new one on purpose"
        )
    try:
        paths.folder.mkdir(parents=True, exist_ok=True)
        signer = load_signer(paths.private_key, paths.public_key, name=origin_of(settings))
        return SqliteLedger(paths.ledger, signer=signer, clock=SystemClock())
    except (LedgerUnavailable, NoteError, OSError) as error:
        raise StartRefused(f"the ledger cannot be opened: {error}") from error
