"""How a time is read and shown: by whose clock, and what it takes to show it by another."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.catalog.model import TimeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """Timestamps are stored as local times of ``stored``, or as moments (None), and are meant in ``shown``."""

    stored: str | None
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneClock:
    """By which clock a time is read.

    Attributes:
        stored: the zone whose clock the values show; None for moments that the engine knows as such.
        shown: the zone in whose local times they are meant.
    """

    kind: TimeKind
    stored: str | None
    shown: str

    @property
    def zones(self) -> Zones | None:
        """The conversion that showing them takes, if any."""
        if self.kind is TimeKind.DATE or self.stored == self.shown:
            return None
        return Zones(stored=self.stored, shown=self.shown)
