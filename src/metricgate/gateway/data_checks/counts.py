"""The one row of a check's statement as counts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from metricgate.gateway.ports import Rows
from metricgate.vocabulary.json import Json

MOST_ROWS = 1_000_000
"""Tables with more rows are not checked before an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCounts:
    """What stands in a table by one key.

    Attributes:
        complete: whether every row was read.
        repeated_keys: keys with more rows than one; of a history, with windows that overlap.
        repeated_rows: their rows; of a history, its windows that the next one cuts into.
    """

    complete: bool
    repeated_keys: int
    repeated_rows: int

    @property
    def is_broken(self) -> bool:
        """Whether a join by the key would count rows more than once."""
        return self.repeated_keys > 0

    def as_json(self) -> Json:
        """Return every member by its name."""
        return {
            "complete": self.complete,
            "repeated_keys": self.repeated_keys,
            "repeated_rows": self.repeated_rows,
        }

    @staticmethod
    def from_json(value: Json) -> KeyCounts | None:
        """Read what ``as_json`` wrote; None where it is something else."""
        match value:
            case {"complete": bool(complete), "repeated_keys": int(keys), "repeated_rows": int(rows)}:
                return KeyCounts(complete=complete, repeated_keys=keys, repeated_rows=rows)
        return None

    @staticmethod
    def of(rows: Rows) -> KeyCounts:
        """Read what a key check's statement gave, which reads one row more than ``MOST_ROWS``."""
        found = counts_of(rows)
        return KeyCounts(
            complete=found["rows_read"] <= MOST_ROWS,
            repeated_keys=found["repeated_keys"],
            repeated_rows=found["repeated_rows"],
        )


UNCHECKED = KeyCounts(complete=False, repeated_keys=0, repeated_rows=0)
"""Where the engine did not answer a check."""


def counts_of(rows: Rows) -> dict[str, int]:
    """Return the counts by name; what is no number is left out."""
    (values,) = rows.values
    named = zip((each.name for each in rows.columns), values, strict=True)
    return {name: int(number) for name, value in named if (number := _number_of(value)) is not None}


def _number_of(value: Json) -> Decimal | None:
    """Sums come as decimals, which are texts on the wire."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value)
    return Decimal(text) if text.replace(".", "", 1).isdigit() else None
