"""What the answer says about how its metrics looked back in time."""

from __future__ import annotations

from collections.abc import Iterable

from metricgate.catalog.metrics import CustomGrain, Window
from metricgate.catalog.names import split_metric_call
from metricgate.planning.metrics.expansion import LeafMetric
from metricgate.planning.scan import Scan, spine_join_of
from metricgate.planning.shifts import by_months
from metricgate.vocabulary.predicate import Predicate, members_of

_BY_PERIOD = (
    "is taken by whole months, each row counting once; "
    "a row of a day that the later month lacks counts at its last day."
)
_BY_DAY = (
    "the last days of a month is the last day of a shorter month, which counts for each of them; "
    "days that the later month lacks are not counted."
)
_AT_PLACE = (
    "before a day is the day at the same place in that period; days that one of the periods lacks are not counted, "
    "unless whole periods are asked."
)
_FIRST = "begins with the first day that the time spine has of it; days without such a period are not shown."
_WINDOW = (
    "up to a day begin after the day at the same place that many periods before, or after that period's last day if it "
    "is shorter; days whose window would begin before the calendar are not shown."
)


def looking_back(scanned: Iterable[tuple[Scan, tuple[LeafMetric, ...]]]) -> list[str]:
    """Return the rules that were taken where months, or a calendar's periods, are not equally long; each once."""
    months: set[tuple[str, bool]] = set()
    offsets: set[str] = set()
    starts: set[str] = set()
    windows: set[str] = set()
    for scan, leaves in scanned:
        spine = spine_join_of(scan)
        by_period = spine is not None and spine.by_period
        for leaf in leaves:
            months |= {(str(shift), by_period) for shift in leaf.shifts if by_months(shift)}
            offsets |= {str(shift) for shift in leaf.shifts if isinstance(shift, Window) and shift.calendar}
            cut = (*leaf.shifts, None if leaf.running is None else leaf.running.grain_to_date)
            starts |= {each.name for each in cut if isinstance(each, CustomGrain)}
            window = None if leaf.running is None else leaf.running.window
            windows |= {str(window)} if window is not None and window.calendar else set()
    return [
        *(f"{shift} before {_BY_PERIOD if by_period else _BY_DAY}" for shift, by_period in sorted(months)),
        *(f"{shift} {_AT_PLACE}" for shift in sorted(offsets)),
        *(f"{name} {_FIRST}" for name in sorted(starts)),
        *(f"{window} {_WINDOW}" for window in sorted(windows)),
    ]


def of_all_time(where: Predicate | None) -> list[str]:
    """Return, for a question over a range, that conditions on other metrics' values are not bounded by it."""
    called = [] if where is None else [split_metric_call(member) for member in members_of(where)]
    return [
        f"The condition on {metric} by {', '.join(by)} compares its value of all time: the range does not bound it."
        for metric, by in dict.fromkeys(each for each in called if each is not None)
    ]
