"""A time as it is asked: cut to a grain, to a calendar's period, or a part of it."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from metricgate.vocabulary.grain import DatePart, Grain

_GRAINS = {str(grain): grain for grain in Grain}
_PARTS = {f"extract_{part}": part for part in DatePart}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpec:
    """At most one of the three is set; none leaves the value as it is."""

    grain: Grain | None = None
    part: DatePart | None = None
    calendar: str | None = None

    @property
    def suffix(self) -> str:
        """What follows the member's name in a column's name."""
        if self.part is not None:
            return f"__extract_{self.part}"
        word = self.calendar or self.grain
        return "" if word is None else f"__{word}"

    @property
    def plain(self) -> bool:
        """Whether nothing is asked."""
        return self.grain is None and self.part is None and self.calendar is None


AS_STORED = TimeSpec()


def split_form(text: str, calendars: Container[str]) -> tuple[str, TimeSpec]:
    """Take a form's suffix off: ``metric_time__month``, ``metric_time__extract_dow``, ``metric_time__fiscal_month``."""
    member, _, suffix = text.rpartition("__")
    if not member:
        return text, AS_STORED
    if suffix in _GRAINS:
        return member, TimeSpec(grain=_GRAINS[suffix])
    if suffix in _PARTS:
        return member, TimeSpec(part=_PARTS[suffix])
    if suffix in calendars:
        return member, TimeSpec(calendar=suffix)
    return text, AS_STORED
