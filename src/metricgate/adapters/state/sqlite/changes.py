"""What is kept of changes, opened together: actions and the journal, under one key that seals both."""

from __future__ import annotations

from collections.abc import Callable

from metricgate.adapters.state.sqlite.action_steps import SqliteSteps
from metricgate.adapters.state.sqlite.paths import StatePaths
from metricgate.adapters.state.sqlite.seal import Seal
from metricgate.adapters.state.sqlite.sqlite_actions import SqliteActions
from metricgate.adapters.state.sqlite.sqlite_database import DatabaseError
from metricgate.adapters.state.sqlite.sqlite_journal import SqliteJournal
from metricgate.state.sealed import Unsealable
from metricgate.state.state import StateUnavailable


class SqliteChanges:
    """Implements ``state.state.ChangeStores``; the first time the files and their key are made.

    Args:
        paths: of the project.
        check: called inside every transaction; raises where this gateway may write no more.

    Raises:
        StateUnavailable: they cannot be opened, or their key is gone or another.
    """

    def __init__(self, paths: StatePaths, check: Callable[[], None] = lambda: None) -> None:
        kept = [each for each in (paths.actions, paths.journal) if each.exists()]
        if kept and not paths.journal_key.exists():
            names = " and ".join(each.name for each in kept)
            raise StateUnavailable(
                f"the key {paths.journal_key} is gone, and {names} cannot be read without it: restore it from the "
                f"backup, or move {names} away to begin anew; what was done before can then not be taken back"
            )
        try:
            seal = Seal(paths.journal_key, may_make=not kept)
            self.actions = SqliteActions(paths.actions, seal, check)
            self.journal = SqliteJournal(paths.journal, seal, check)
        except Unsealable as error:
            raise StateUnavailable(
                f"{paths.journal_key} is not the key that sealed {paths.actions.name} and {paths.journal.name}: "
                "restore the one that was backed up with them"
            ) from error
        except (OSError, ValueError, DatabaseError) as error:
            raise StateUnavailable(str(error)) from error

    @property
    def steps(self) -> SqliteSteps:
        """How actions go on together with the record."""
        return self.actions.steps

    def close(self) -> None:
        """Close the files."""
        self.actions.close()
        self.journal.close()
