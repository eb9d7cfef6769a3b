"""Measures over times in a zone: the first and last of many, counts of days, parts of dates inside expressions."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.zones.running import Asking, asked_of

from metricgate.vocabulary.json import Json

MODELS = """
semantic_models:
  - name: events
    source: "{schema}.events"
{zone}    agg_time_dimension: zoned
    entities: [{{name: event, type: primary, expr: id}}]
    dimensions:
      - {{name: zoned, type: time, granularity: second}}
      - {{name: local, type: time, granularity: second}}
      - {{name: kind, type: categorical}}
      - {{name: zoned_hour, type: categorical, expr: EXTRACT(hour FROM zoned)}}
      - {{name: local_half, type: categorical,
          expr: "CASE WHEN EXTRACT(day FROM local) < 16 THEN 'first' ELSE 'last' END"}}
      - {{name: zoned_cut, type: time, granularity: hour, expr: "DATE_TRUNC('hour', zoned)"}}
      - {{name: local_cut, type: time, granularity: hour, expr: "DATE_TRUNC('hour', local)"}}
      - {{name: zoned_day, type: time, granularity: day, expr: zoned}}
    metrics:
      - {{name: events, type: simple, agg: count}}
      - {{name: by_day, type: simple, agg: count, agg_time_dimension: zoned_day}}
      - {{name: last_hour, type: simple, agg: max, expr: "DATE_TRUNC('hour', zoned)"}}
      - {{name: first_zoned, type: simple, agg: min, expr: zoned}}
      - {{name: last_zoned, type: simple, agg: max, expr: CASE WHEN kind = 'k1' THEN zoned END}}
      - {{name: first_local, type: simple, agg: min, expr: local}}
      - {{name: last_local, type: simple, agg: max, expr: COALESCE(local)}}
      - {{name: days_zoned, type: simple, agg: count_distinct, expr: "DATE_TRUNC('day', zoned)"}}
      - {{name: days_local, type: simple, agg: count_distinct, expr: CAST(local AS DATE)}}
      - {{name: last_day, type: simple, agg: max, expr: day}}
metrics:
  - {{name: first_of_all, type: derived, expr: "COALESCE(first_zoned, first_local)",
     input_metrics: [first_zoned, first_local]}}
"""
asking = asked_of(MODELS)


@pytest.mark.parametrize("zone", [None, "America/New_York", "Asia/Kolkata"])
def test_first_and_last_times_are_shown_as_the_zones_clock_did(asking: Asking, zone: str | None):
    """Plain, of an expression, beside other measures and by group; a date stays the day it is."""
    zoned = {} if zone is None else {"time_zone": zone}
    moments, clock = asking.moments, asking.clock
    found = asking.rows(metrics=["first_zoned", "last_zoned", "first_local", "last_local", "first_of_all"], **zoned)
    ends = [clock("local", each, zone) for each in (min(moments), max(moments))]
    first, last = (clock("zoned", each, zone) for each in (min(moments), max([*moments][1::3])))
    plain = [str(each).removesuffix("+00:00") for each in found[0]]
    assert plain == [each.isoformat() for each in (first, last, *ends, first)]
    by_kind = {
        row[0]: str(row[1]).removesuffix("+00:00")
        for row in asking.rows(metrics=["first_zoned"], group_by=["kind"], **zoned)
    }
    assert by_kind == {f"k{at}": clock("zoned", min([*moments][at::3]), zone).isoformat() for at in range(3)}
    assert asking.rows(metrics=["last_day"], **zoned) == [
        (max(clock("day", each, zone) for each in moments).date().isoformat(),)
    ]


@pytest.mark.parametrize("zone", [None, "America/New_York", "Asia/Kolkata"])
def test_expressions_read_the_zones_calendar(asking: Asking, zone: str | None):
    """Days that are counted, an hour and a half of the month that are grouped and filtered by."""
    zoned = {} if zone is None else {"time_zone": zone}
    clocks = {name: [asking.clock(name, each, zone) for each in asking.moments] for name in ("zoned", "local")}
    days = tuple(len({each.date() for each in clocks[name]}) for name in ("zoned", "local"))
    assert asking.rows(metrics=["days_zoned", "days_local"], **zoned) == [days]
    hours = dict(asking.rows(metrics=["events"], group_by=["zoned_hour"], **zoned))
    assert {int(str(hour)): count for hour, count in hours.items()} == Counter(each.hour for each in clocks["zoned"])
    first: Json = {"member": "local_half", "op": "=", "value": "first"}
    wanted = sum(each.day < 16 for each in clocks["local"])
    assert asking.rows(metrics=["events"], where=first, **zoned) == [(wanted,)]


@pytest.mark.parametrize("zone", [None, "America/New_York", "Asia/Kolkata"])
def test_moments_by_day_are_of_the_zones_day(asking: Asking, zone: str | None):
    """A zoned column of granularity day: a moment has no day of its own. Grouped, ranged, filtered; and cut hours."""
    zoned = {} if zone is None else {"time_zone": zone}
    days = [asking.clock("zoned", each, zone).date() for each in asking.moments]
    found = asking.rows(metrics=["by_day"], group_by=["metric_time__day"], **zoned)
    assert dict(found) == Counter(each.isoformat() for each in days)
    span: Json = {"start": "2024-04-06", "before": "2024-10-06"}
    wanted = sum("2024-04-06" <= each.isoformat() < "2024-10-06" for each in days)
    assert asking.rows(metrics=["by_day"], time_range=span, **zoned) == [(wanted,)]
    since: Json = {"member": "event__zoned_day", "op": ">=", "value": "2024-10-27"}
    assert asking.rows(metrics=["by_day"], where=since, **zoned) == [
        (sum(each.isoformat() >= "2024-10-27" for each in days),)
    ]
    last = asking.clock("zoned", max(asking.moments), zone).replace(minute=0)
    [(hour,)] = asking.rows(metrics=["last_hour"], **zoned)
    assert str(hour).removesuffix("+00:00") == last.isoformat()


@pytest.mark.parametrize("zone", [None, "Asia/Kolkata", "Australia/Lord_Howe"])
@pytest.mark.parametrize("name", ["zoned", "local"])
def test_a_time_that_is_cut_is_cut_by_the_zones_clock(asking: Asking, name: str, zone: str | None):
    """Hours begin at half past in Calcutta; as groups, under filters and in a range of the metric's own time."""
    zoned: dict[str, Json] = {} if zone is None else {"time_zone": zone}
    hours = [asking.clock(name, each, zone).replace(minute=0) for each in asking.moments]
    found = asking.rows(metrics=["events"], group_by=[f"event__{name}_cut"], **zoned)
    assert dict(found) == Counter(each.isoformat() for each in hours)
    some = sorted(hours)[len(hours) // 3]
    where: Json = {"member": f"event__{name}_cut", "op": "<", "value": some.isoformat()}
    assert asking.rows(metrics=["events"], where=where, **zoned) == [(sum(each < some for each in hours),)]
