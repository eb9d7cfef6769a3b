"""What is to be erased, and where it stands. Values are compared as they mean, not as they are written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from metricgate.vocabulary.json import Json

ERASED = "(erased)"
_DEEPEST = 200
_WAIT_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One place where what is to be erased stands.

    Attributes:
        kind: ``body``, ``leaf``, ``action``, ``shown``, ``image``, ``notice``, ``key``, ``person``, ``session``,
            ``switch`` or ``pending``.
        where: which one, for people.
        blocks: why it cannot be erased now, and what to do about it; None where it can.
    """

    kind: str
    where: str
    blocks: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is to be erased.

    Attributes:
        needle: a text; None where records alone are meant.
        actions: ids of actions of which everything goes.
    """

    needle: str | None = None
    actions: frozenset[str] = frozenset()

    def in_value(self, value: Json) -> bool:
        """Whether it stands in a value: in a text or a name in it, or as a number."""
        return self.needle is not None and _holds(value, self.needle, 0)

    def in_action(self, action_id: str, value: Json) -> bool:
        """Whether a value of an action is meant."""
        return action_id in self.actions or self.in_value(value)

    def without(self, value: Json) -> Json:
        """Return the value with ``ERASED`` in the place of each text and number in which it stands."""
        if isinstance(value, Mapping):
            return {(ERASED if self.in_value(name) else name): self.without(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.without(each) for each in value]
        return ERASED if self.in_value(value) else value


def _holds(value: Json, needle: str, deep: int) -> bool:
    if deep > _DEEPEST:
        return True
    if isinstance(value, str):
        return needle in value
    if isinstance(value, Mapping):
        return any(needle in name or _holds(each, needle, deep + 1) for name, each in value.items())
    if isinstance(value, list | tuple):
        return any(_holds(each, needle, deep + 1) for each in value)
    return value is not None and not isinstance(value, bool) and str(value) == needle


class Erasable(Protocol):
    """Something that keeps copies."""

    def copies(self, sought: Sought) -> Sequence[Copy]:
        """Return where it stands; changes nothing."""
        ...

    def erase(self, sought: Sought) -> None:
        """Erase every copy that nothing blocks, so that its bytes are in no page of the file any more."""
        ...


def erased_for_good(path: Path, erase: Callable[[sqlite3.Connection], object]) -> None:
    """Change a SQLite file in one transaction and leave nothing of what went in free pages or beside it.

    Raises:
        sqlite3.Error: it cannot be changed; nothing was.
    """
    with closing(sqlite3.connect(path, isolation_level=None, timeout=_WAIT_SECONDS)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            erase(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        # What earlier changes left in free pages goes too.
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def rows_of(path: Path, sql: str) -> list[tuple[object, ...]]:
    """Return what a SELECT gives; none where there is no such file or table."""
    if not path.exists():
        return []
    try:
        uri = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_SECONDS)) as connection:
            return connection.execute(sql).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []
        raise
