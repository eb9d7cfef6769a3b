"""Questions kept under a name, and time spines: loaded and checked, not yet run."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.predicate import Predicate
from metricgate.vocabulary.problem import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedQuery:
    """A question that people agreed on. ``metrics`` are full names; ``order_by`` as written (``-x`` descends)."""

    name: str
    metrics: tuple[str, ...]
    group_by: tuple[str, ...] = ()
    where: Predicate | None = None
    order_by: tuple[str, ...] = ()
    limit: int | None = None
    description: str = ""
    label: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A grain of one's own (a fiscal month, a retail week): the spine's column that holds each row's period."""

    name: str
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpine:
    """A relation with one row per ``granularity``, without gaps; ``calendars`` are custom grains.

    ``warehouse`` is as a semantic model's; a spine serves the models of its own warehouse.
    """

    name: str
    source: tuple[str, ...]
    column: str
    granularity: Grain
    calendars: tuple[Calendar, ...] = ()
    warehouse: str | None = None
    description: str = ""
    place: Place | None = None
