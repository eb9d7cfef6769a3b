"""What was seen of the data: which check found what, of which state of the data, and when.

Counts and times only, never values of rows. They outlast a restart; what they are worth then, whoever asks says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from metricgate.vocabulary.json import Json


class ObservationsNotKept(Exception):
    """Observations cannot be kept or read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One look at the data.

    Attributes:
        kind: of the look, e.g. ``key``.
        warehouse: name of the warehouse in the settings.
        subject: what was looked at, e.g. ``orders customer``; with kind and warehouse it names a series.
        at: seconds since 1970.
        data_state: what the warehouse told of the state of its data just before; ``{}`` where it does not tell.
        value: what was found.
    """

    kind: str
    warehouse: str
    subject: str
    at: float
    data_state: Json
    value: Json


class Observations(Protocol):
    """Where they are kept. Durable when a method returns; safe from several threads and processes.

    Every method raises ``ObservationsNotKept`` where they cannot be read or written.
    """

    def keep(self, seen: Sequence[Observation]) -> None:
        """Keep what was seen, all or nothing."""
        ...

    def latest(self, kind: str) -> Sequence[Observation]:
        """Return the newest observation of each series of a kind, in the order of warehouse and subject."""
        ...

    def series(
        self, kind: str, warehouse: str, subject: str, *, since: float = 0.0, limit: int = 1_000
    ) -> Sequence[Observation]:
        """Return the observations of one series, the newest first.

        Args:
            kind: of the look.
            warehouse: name of the warehouse.
            subject: what was looked at.
            since: seconds since 1970, included.
            limit: at most so many.
        """
        ...

    def forget(self, before: float) -> int:
        """Remove what is older than ``before`` (seconds since 1970), but the newest of each series; return how many."""
        ...

    def close(self) -> None:
        """Let them go."""
        ...
