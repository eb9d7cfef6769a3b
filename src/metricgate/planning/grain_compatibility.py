"""Whether what looks back in time fits the periods by which the data is known.

An offset or a window must be a whole multiple of the data's grain: 10 days over weekly data fit nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from metricgate.catalog.metrics import CustomGrain, Window
from metricgate.planning import codes
from metricgate.planning.message_subject import MessageSubject
from metricgate.planning.metrics.expansion import LeafMetric
from metricgate.planning.shifts import Shift
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.problem import Place, Problem

_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}
_DAYS = {Grain.DAY: 1, Grain.WEEK: 7}


def unfit_for(leaf: LeafMetric, base: Grain, asked_for: MessageSubject) -> Problem | None:
    """Return the problem of an offset, window or period to date that is no whole number of the data's periods.

    No row stands at the moment to which it leads, so it would find nothing, or one period only, without a word.
    """
    unfit = next((each for each, moved in _looks_back(leaf) if not _fits_grain(each, base, moved=moved)), None)
    if unfit is None:
        return None
    looks, its = asked_for.with_verb("looks", "look"), asked_for.of_number("its", "their")
    what = str(unfit) if isinstance(unfit, Window) else f"to the start of its {unfit}"
    longer = ", or in 7 days or a multiple" if base is Grain.WEEK else " or longer periods that are made of them"
    return Problem(
        code=codes.GRAIN_TOO_FINE,
        message=f"{looks} back {what}, but {its} data is known by {base}: that is no whole number of {base}s.",
        where=Place(path="metrics"),
        hint=f"{its.capitalize()} owner writes offsets and windows in whole {base}s{longer}.",
        details={"finest": str(base)},
    )


def calendar_not_served(asked_for: MessageSubject) -> Problem:
    """Return that looking back by a calendar is none of what can be computed."""
    looks = asked_for.with_verb("looks", "look")
    return Problem(
        code=codes.CALENDAR_WINDOW,
        message=f"{looks} back by periods of a custom granularity in a way that is not served.",
        where=Place(path="metrics"),
        hint=(
            "The calendars of a metric stand in one time spine, by whose grain or coarser its time is asked, and the "
            "window of a conversion is written in days, weeks, months or years."
        ),
    )


def _looks_back(leaf: LeafMetric) -> Iterator[tuple[Shift, bool]]:
    """Yield each way back, and whether it moves to another moment rather than widening what is read."""
    for shift in leaf.shifts:
        yield shift, True
    if leaf.running is not None:
        for each in (leaf.running.window, leaf.running.grain_to_date):
            if each is not None:
                yield each, False


def _fits_grain(each: Shift, base: Grain, *, moved: bool) -> bool:
    if isinstance(each, CustomGrain):
        return True  # calendars are looked at elsewhere
    if not isinstance(each, Window):
        return _is_whole_multiple(each, 1, base, moved=moved)
    return each.grain is None or _is_whole_multiple(each.grain, each.count, base, moved=moved)


def _is_whole_multiple(grain: Grain, count: int, base: Grain, *, moved: bool) -> bool:
    """Whether ``count`` of a grain is a number of periods of the data; months before a week's start begin no week."""
    if base in _MONTHS:
        return grain in _MONTHS and (count * _MONTHS[grain]) % _MONTHS[base] == 0
    if base is Grain.WEEK:
        return not moved if grain in _MONTHS else grain in _DAYS and (count * _DAYS[grain]) % _DAYS[base] == 0
    return base <= grain
