"""Lengths of time (``7 days``, ``1 fiscal_month``) and periods (``month``, ``fiscal_year``): of grains or calendars."""

from __future__ import annotations

import re
from dataclasses import dataclass

from metricgate.vocabulary.grain import Grain

_WRITTEN = re.compile(r"\s*(\d{1,6})\s+([a-z][a-z0-9_]*)\s*\Z", re.IGNORECASE)
_NAMED = re.compile(r"\s*([a-z][a-z0-9_]*)\s*\Z", re.IGNORECASE)
_GRAINS = {str(grain): grain for grain in Grain}


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomGrain:
    """A custom granularity of a time spine, by its name."""

    name: str

    def __str__(self) -> str:
        return self.name


Period = Grain | CustomGrain
"""What a time can be cut to: a standard grain, or a period of a calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """``count`` units of ``grain``; ``calendar`` instead of ``grain`` names a custom granularity of a time spine."""

    count: int
    grain: Grain | None = None
    calendar: str | None = None

    def __str__(self) -> str:
        unit = self.calendar or str(self.grain)
        return f"{self.count} {unit}" if self.count == 1 or self.calendar else f"{self.count} {unit}s"


def parse_window(text: str) -> Window | None:
    """Return the window, or None where the text is not ``<count> <grain>``; grains may be written in the plural."""
    found = _WRITTEN.match(text)
    if found is None or int(found[1]) < 1:
        return None
    unit = found[2].lower()
    grain = _GRAINS.get(unit) or _GRAINS.get(unit.removesuffix("s"))
    return Window(count=int(found[1]), grain=grain, calendar=None if grain else unit)


def parse_period(text: str) -> Period | None:
    """Return the grain, or the custom granularity that the text would be the name of; None where it is no name."""
    found = _NAMED.match(text)
    if found is None:
        return None
    name = found[1].lower()
    return _GRAINS.get(name) or CustomGrain(name=name)


def calendar_of(each: Window | Period | None) -> str | None:
    """Return the custom granularity that a length of time or a period is given in, if any."""
    if isinstance(each, Window):
        return each.calendar
    return each.name if isinstance(each, CustomGrain) else None
