"""Times of each kind, grouped and filtered in zones on days when clocks change: what Python says, on each engine.

The table of a world holds the same moments as zoned values, as local times of a stored zone, and as days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.zones.running import DAYS, Asking, asked_of
from tests.zones.worlds import ZONES

from metricgate.gateway.outcome import Answered

TIMES = {
    "zoned": "{name: zoned, type: time, granularity: second}",
    "local": "{name: local, type: time, granularity: second}",
    "zoned_case": "{name: zoned_case, type: time, granularity: second, expr: CASE WHEN id >= 0 THEN zoned END}",
    "local_case": "{name: local_case, type: time, granularity: second, expr: CASE WHEN id >= 0 THEN local END}",
    "date": "{name: date, type: time, granularity: hour, expr: day}",
    "day_cast": "{name: day_cast, type: time, granularity: hour, expr: CAST(local AS DATE)}",
}


def models() -> str:
    """The table as a model: a dimension and a count by it for each kind of time."""
    dimensions = "\n".join(f"      - {each}" for each in TIMES.values())
    metrics = "\n".join(
        f"      - {{name: by_{name}, type: simple, agg: count, agg_time_dimension: {name}}}" for name in TIMES
    )
    return f"""
semantic_models:
  - name: events
    source: "{{schema}}.events"
{{zone}}    entities: [{{name: event, type: primary, expr: id}}]
    dimensions:
      - {{name: kind, type: categorical}}
{dimensions}
    metrics:
{metrics}
"""


asking = asked_of(models())

CUTS: dict[str, Callable[[datetime], object]] = {
    "minute": lambda at: at.replace(second=0).isoformat(),
    "hour": lambda at: at.replace(minute=0, second=0).isoformat(),
    "day": lambda at: at.date().isoformat(),
    "week": lambda at: (at.date() - timedelta(days=at.weekday())).isoformat(),
    "month": lambda at: at.date().replace(day=1).isoformat(),
    "quarter": lambda at: at.date().replace(month=(at.month - 1) // 3 * 3 + 1, day=1).isoformat(),
    "year": lambda at: at.date().replace(month=1, day=1).isoformat(),
    "extract_dow": lambda at: at.isoweekday(),
    "extract_doy": lambda at: at.timetuple().tm_yday,
    "extract_week": lambda at: at.isocalendar().week,
    "extract_month": lambda at: at.month,
}


@pytest.mark.parametrize("zone", [None, "UTC", *ZONES])
@pytest.mark.parametrize("name", TIMES)
def test_rows_fall_into_the_groups_of_the_zones_calendar(asking: Asking, name: str, zone: str | None):
    """By every grain and part at once, as metric_time and as a member."""
    zoned = {} if zone is None else {"time_zone": zone}
    cuts = {cut: of for cut, of in CUTS.items() if not (cut == "minute" and name in DAYS)}
    clocks = [asking.clock(name, each, zone) for each in asking.moments]
    wanted = Counter(tuple(of(each) for of in cuts.values()) for each in clocks)
    found = asking.rows(metrics=[f"by_{name}"], group_by=[f"metric_time__{cut}" for cut in cuts], **zoned)
    assert {row[:-1]: row[-1] for row in found} == wanted
    member = asking.rows(metrics=["by_zoned"], group_by=[f"event__{name}__day"], **zoned)
    assert dict(member) == Counter(CUTS["day"](each) for each in clocks)


@pytest.mark.parametrize("zone", [None, "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("name", TIMES)
def test_ranges_and_filters_keep_the_rows_of_the_zones_time(asking: Asking, name: str, zone: str | None):
    """A range of days, one of hours, a range in a zone of its own, filters by value, by grain, and with an offset."""
    zoned = {} if zone is None else {"time_zone": zone}
    clocks = [asking.clock(name, each, zone) for each in asking.moments]
    first, before = date(2024, 3, 10), date(2024, 11, 3)
    days = sum(first <= each.date() < before for each in clocks)
    assert asking.rows(metrics=[f"by_{name}"], time_range={"start": str(first), "before": str(before)}, **zoned) == [
        (days,)
    ]
    there = [asking.clock(name, each, "Asia/Kolkata") for each in asking.moments]
    span = {"start": str(first), "before": str(before), "time_zone": "Asia/Kolkata"}
    wanted = sum(first <= each.date() < before for each in there)
    assert asking.rows(metrics=[f"by_{name}"], time_range=span, **zoned) == [(wanted,)]
    by_day = {"member": f"event__{name}__day", "op": ">", "value": "2024-04-06"}
    assert asking.rows(metrics=["by_zoned"], where=by_day, **zoned) == [
        (sum(each.date() > date(2024, 4, 6) for each in clocks),)
    ]
    at = datetime(2024, 10, 27, 1, 30)  # noqa: DTZ001 - local
    if name in DAYS:
        return
    by_value = {"member": f"event__{name}", "op": "<", "value": at.isoformat()}
    moment = at.replace(tzinfo=ZoneInfo(zone or asking.stored))
    wanted = sum(each < moment for each in asking.moments)
    assert asking.rows(metrics=["by_zoned"], where=by_value, **zoned) == [(wanted,)]
    offset = {"member": f"event__{name}", "op": "<", "value": "2024-10-27T01:30:00+02:00"}
    wanted = sum(each < datetime(2024, 10, 26, 23, 30, tzinfo=UTC) for each in asking.moments)
    assert asking.rows(metrics=["by_zoned"], where=offset, **zoned) == [(wanted,)]


def test_an_answer_says_what_the_values_are_where_it_mattered(asking: Asking):
    """The time column used, its kind, and the zone."""
    question = {"metrics": ["by_zoned"], "group_by": ["metric_time__day"], "time_zone": "America/New_York"}
    outcome = asking.outcome("explain_query", **question)
    assert isinstance(outcome, Answered)
    assert outcome.answer["time"]["columns"] == {"by_zoned": ["events.zoned"]}
    assert outcome.answer["time"]["kinds"] == {"events.zoned": "zoned"}
