"""What is read at the start of a period: at which moments, and where that would count one of them more than once.

The start of a month is one moment. Asked by week, it is read at the start of each week; asked by week and month, at the
start of each part of a week that lies in one month.
"""

from __future__ import annotations

from collections.abc import Sequence

from metricgate.catalog.metrics import CustomGrain, Period
from metricgate.planning.calendars import home_of, looked_back_by, to_start
from metricgate.planning.message_subject import MessageSubject
from metricgate.planning.metrics.expansion import LeafMetric
from metricgate.planning.spines import Spines
from metricgate.planning.time_spec import TimeSpec
from metricgate.vocabulary.grain import DatePart, Grain

_CYCLES = {
    DatePart.MONTH: Grain.YEAR,
    DatePart.QUARTER: Grain.YEAR,
    DatePart.WEEK: Grain.QUARTER,
    DatePart.DOY: Grain.YEAR,
    DatePart.DAY: Grain.MONTH,
    DatePart.DOW: Grain.WEEK,
}
"""Within such a period, or a shorter one, the moments with one value of the part follow each other."""

STRETCHES = {
    DatePart.YEAR: Grain.YEAR,
    DatePart.QUARTER: Grain.QUARTER,
    DatePart.MONTH: Grain.MONTH,
    DatePart.WEEK: Grain.WEEK,
}
"""How long such a value lasts; a day for the others."""


def starts_of(leaf: LeafMetric, forms: Sequence[TimeSpec], base: Grain) -> tuple[Period, ...]:
    """Return the periods at whose starts alone a leaf is read: a moment counts that starts any of them.

    None where it is read at every moment.
    """
    if leaf.running is not None or not to_start(leaf):
        return ()
    found: dict[Period, None] = {}
    for form in forms:
        if form.calendar is not None:
            found[CustomGrain(name=form.calendar)] = None
            continue
        grain = form.grain if form.part is None else STRETCHES.get(form.part, Grain.DAY)
        if grain is None or grain <= base:
            return ()
        found[grain] = None
    return tuple(found)


def unsafe_to_group(
    subject: MessageSubject,
    leaf: LeafMetric,
    forms: Sequence[TimeSpec],
    base: Grain,
    spines: Spines,
    *,
    beside: bool,
) -> str | None:
    """Return why the group-bys would count a moment's value more than once, or take one of another period.

    Args:
        subject: of the sentence that is returned.
        leaf: what looks back.
        forms: in which its own time is asked.
        base: the grain of its moments.
        spines: that serve it.
        beside: it is grouped by something that depends on its time, too.
    """
    if leaf.running is not None and any(form.part is not None for form in forms):
        return f"{subject.with_verb('runs', 'run')} over time, and a part of a date is no stretch of time."
    if leaf.running is not None and leaf.metric.non_additive is not None:
        return f"{subject} must not be summed over time, so nothing runs over {subject.of_number('it', 'them')}."
    if leaf.running is not None or not to_start(leaf):
        return None
    if _one_moment_each(leaf, forms, base, spines, beside=beside):
        return None
    return f"{subject.with_verb('is', 'are')} read at the start of a period, which would count for each of its days."


def _one_moment_each(leaf: LeafMetric, forms: Sequence[TimeSpec], base: Grain, spines: Spines, *, beside: bool) -> bool:
    """Whether each group has one first moment: its moments follow each other, or it has no others."""
    grains = [form.grain for form in forms if form.grain is not None]
    calendars = [form.calendar for form in forms if form.calendar is not None]
    if any(grain <= base for grain in grains):
        return True
    if beside or not (grains or calendars):
        return False
    home = home_of((*looked_back_by(leaf), *calendars), spines)
    if calendars and (home is None or home.granularity is not base):
        return False
    finest = min(grains, key=lambda grain: grain.rank) if grains else None
    parts = [form.part for form in forms if form.part is not None]
    return all(finest is not None and finest <= _CYCLES.get(part, Grain.YEAR) for part in parts)
