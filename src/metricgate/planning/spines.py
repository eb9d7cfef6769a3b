"""Time spines: which one serves a grain, and where calendars are kept."""

from __future__ import annotations

from collections.abc import Mapping

from metricgate.catalog.expression import Expression
from metricgate.catalog.saved import TimeSpine
from metricgate.planning.scan import ScanTable
from metricgate.planning.scan_parts import Reference, Series, Spine
from metricgate.vocabulary.grain import Grain


class Spines:
    """The time spines of a catalog.

    ``calendars`` gives each custom granularity's spine and column.
    """

    def __init__(self, spines: Mapping[str, TimeSpine]) -> None:
        self._by_fineness = sorted(spines.values(), key=lambda spine: (-spine.granularity.rank, spine.name))
        self.calendars: dict[str, tuple[TimeSpine, str]] = {}
        for spine in self._by_fineness:
            for calendar in spine.calendars:
                self.calendars.setdefault(calendar.name, (spine, calendar.column))
        self._by_warehouse: dict[str | None, Spines] = {}

    def of(self, warehouse: str | None) -> Spines:
        """Return the spines that serve models in ``warehouse``.

        A calendar that is kept elsewhere only is still found there: whether a question may reach so far is not
        decided here.
        """
        if all(spine.warehouse == warehouse for spine in self._by_fineness):
            return self
        if warehouse not in self._by_warehouse:
            own = Spines({each.name: each for each in self._by_fineness if each.warehouse == warehouse})
            own.calendars = {**self.calendars, **own.calendars}
            self._by_warehouse[warehouse] = own
        return self._by_warehouse[warehouse]

    @property
    def finest(self) -> TimeSpine | None:
        """The spine with the finest grain."""
        return self._by_fineness[-1] if self._by_fineness else None

    def coarsest_for(self, grain: Grain) -> TimeSpine | None:
        """Return the coarsest spine that has every moment of ``grain``."""
        return next((spine for spine in self._by_fineness if spine.granularity <= grain), None)


_MADE = "moment"
"""The column of moments that are made."""


def make_spine(grain: Grain, warehouse: str | None) -> TimeSpine:
    """Return a spine without a relation: its moments are made where they are read."""
    return TimeSpine(name=f"{grain}s", source=(), column=_MADE, granularity=grain, warehouse=warehouse)


def alias_of(spine: TimeSpine) -> str:
    """Return a readable alias."""
    return spine.source[-1].lower() if spine.source else spine.name


def column(name: str) -> Expression:
    """Return a column of a spine."""
    return Expression(text=name, columns=(name,))


def spine_table(spine: TimeSpine, alias: str, grain: Grain | None = None, series: Series | None = None) -> ScanTable:
    """Return the spine as a table of its moments at a grain, by default its own."""
    return ScanTable(
        alias=alias,
        model="",
        source=spine.source,
        warehouse=spine.warehouse,
        spine=Spine(
            column=spine.column,
            grain=grain or spine.granularity,
            stored=spine.granularity,
            calendars=tuple(dict.fromkeys(each.column for each in spine.calendars if each.column != spine.column)),
            series=series,
        ),
    )


def moment_of(spine: TimeSpine, alias: str, grain: Grain) -> Reference:
    """Return the spine's time, which its table has at ``grain``."""
    return Reference(table=alias, model="", name=spine.column, expression=column(spine.column), granularity=grain)
