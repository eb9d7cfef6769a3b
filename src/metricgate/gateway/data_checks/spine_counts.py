"""What a time spine's check gave, as numbers: its ends, and the moments that are too many or missing between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from metricgate.gateway.ports import Rows
from metricgate.planning.data_checks import SpineCheck
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.json import Json

_LENGTHS = {
    Grain.MILLISECOND: timedelta(milliseconds=1),
    Grain.SECOND: timedelta(seconds=1),
    Grain.MINUTE: timedelta(minutes=1),
    Grain.HOUR: timedelta(hours=1),
    Grain.DAY: timedelta(days=1),
    Grain.WEEK: timedelta(weeks=1),
}
_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpineFound:
    """A declared spine as it is.

    Attributes:
        ends: its first and last moment; None where there is none.
        answered: whether the engine told; nothing else is known where it did not.
        first, last: these in words.
        twice: rows beyond one for each moment.
        missing: moments that are not there between the ends.
    """

    ends: tuple[datetime, datetime] | None
    answered: bool = True
    first: str = ""
    last: str = ""
    twice: int = 0
    missing: int = 0

    @property
    def is_broken(self) -> bool:
        """Whether numbers may be dropped or doubled."""
        return self.twice > 0 or self.missing > 0

    @staticmethod
    def of(check: SpineCheck, rows: Rows, counts: Mapping[str, int]) -> SpineFound:
        """Read what the check's statement gave."""
        values = dict(zip((each.name for each in rows.columns), rows.values[0], strict=True))
        first, last = _parse_moment(values["first_moment"]), _parse_moment(values["last_moment"])
        if first is None or last is None:
            return SpineFound(ends=None)
        found = counts["moments"]
        return SpineFound(
            ends=(first, last),
            first=_moment_words(first, check),
            last=_moment_words(last, check),
            twice=counts["rows_read"] - counts["without_time"] - found,
            missing=_moments_between(first, last, check.granularity) - found,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsFound:
    """Whether there are rows that a spine would cut, as far as the engine ``answered``."""

    any: bool
    answered: bool = True

    @property
    def is_broken(self) -> bool:
        """Whether they would be cut."""
        return self.any


UNKNOWN = SpineFound(ends=None, answered=False)
ROWS_UNKNOWN = RowsFound(any=False, answered=False)


def _parse_moment(value: Json) -> datetime | None:
    if not isinstance(value, str):
        return None
    found = datetime.fromisoformat(value)
    return found.replace(tzinfo=None)


def _moment_words(moment: datetime, check: SpineCheck) -> str:
    return moment.date().isoformat() if check.granularity >= Grain.DAY else moment.isoformat()


def _moments_between(first: datetime, last: datetime, grain: Grain) -> int:
    """Return how many moments of a grain there are from the first to the last, both counted."""
    if grain in _LENGTHS:
        return (last - first) // _LENGTHS[grain] + 1
    return _month(last) // _MONTHS[grain] - _month(first) // _MONTHS[grain] + 1


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1
