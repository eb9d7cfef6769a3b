"""What the evaluator looks at: a world of tables and definitions as documents, and a question."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tests.oracle.calendars import Periods

Row = dict[str, object]
Key = tuple[object, ...]


class NoAnswer(Exception):
    """The question has no right answer, as the documentation says; the message tells why."""


class NotCompared(NoAnswer):
    """There may be an answer, but nothing here works it out."""


@dataclass(slots=True)
class World:
    """Models and metrics as documents (the same that the catalog loads), the tables' rows, the days of the spine.

    ``made``: no spine is declared; ``days`` are then all that could be shown. ``short``: the spine declared has fewer
    days than the rows. ``calendars`` hold a period for each day. ``stored_days``: in the spine's table. ``clocks``: of
    models whose ``seen`` is no plain local time of UTC, what it is (``zoned``, ``local``) and the zone it is stored in.
    """

    models: dict[str, dict]
    metrics: dict[str, dict]
    tables: dict[str, list[Row]]
    days: list[datetime]
    expressions: dict[str, Callable[[Row], object]]
    calendars: dict[str, Periods] = field(default_factory=dict)
    made: bool = False
    short: bool = False
    clocks: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    stored_days: list[datetime] = field(default_factory=list)


@dataclass(slots=True)
class Asked:
    """A question. ``by`` holds (member, form or None); ``hidden`` row filters by model.

    A form is a grain, a calendar or ``extract_<part>``.
    """

    metrics: list[str]
    by: list[tuple[str, str | None]] = field(default_factory=list)
    where: dict | None = None
    start: datetime | None = None
    end: datetime | None = None
    order: list[str] = field(default_factory=list)
    limit: int | None = None
    hidden: dict[str, dict] = field(default_factory=dict)
    zone: str | None = None


@dataclass(slots=True)
class Values:
    """A metric's value for each group, and what stands for a group that it has no row for."""

    found: dict[Key, object]
    absent: object

    def at(self, key: Key) -> object:
        """Return the value of a group."""
        return self.found.get(key, self.absent)


_KEY = re.compile(r"COALESCE\((\w+), (\d+)\)")


def column_of(key: str) -> str:
    """Return the column that a key is made of."""
    found = _KEY.fullmatch(key)
    return found[1] if found else key


def key_of(row: Row, key: str) -> object:
    """Return a key's value: a column, or a number where that is NULL."""
    found = _KEY.fullmatch(key)
    value = row[found[1] if found else key]
    return int(found[2]) if found and value is None else value


def own_filters(document: dict) -> list[dict]:
    """Return the filter of a definition or of an input, if it has one."""
    return [document["tree"]] if document.get("tree") else []
