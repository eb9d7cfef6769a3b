"""Times that are cut, looked back over: in zones half an hour and three quarters off, and where clocks move by half."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.zones.running import Asking, asked_of

MODELS = """
semantic_models:
  - name: events
    source: "{schema}.events"
{zone}    agg_time_dimension: zoned_cut
    entities: [{{name: event, type: primary, expr: id}}]
    dimensions:
      - {{name: zoned, type: time, granularity: second}}
      - {{name: local, type: time, granularity: second}}
      - {{name: zoned_cut, type: time, granularity: hour, expr: "DATE_TRUNC('hour', zoned)"}}
      - {{name: local_cut, type: time, granularity: hour, expr: "DATE_TRUNC('hour', local)"}}
    metrics:
      - {{name: zoned_events, type: simple, agg: count}}
      - {{name: local_events, type: simple, agg: count, agg_time_dimension: local_cut}}
      - {{name: zoned_plain, type: simple, agg: count, agg_time_dimension: zoned}}
      - {{name: local_plain, type: simple, agg: count, agg_time_dimension: local}}
metrics:
  - {{name: zoned_hours_ago, type: derived, expr: n,
     input_metrics: [{{name: zoned_events, alias: n, offset_window: 30 hours}}]}}
  - {{name: local_hours_ago, type: derived, expr: n,
     input_metrics: [{{name: local_events, alias: n, offset_window: 30 hours}}]}}
  - {{name: zoned_days_ago, type: derived, expr: n,
     input_metrics: [{{name: zoned_events, alias: n, offset_window: 2 days}}]}}
  - {{name: local_days_ago, type: derived, expr: n,
     input_metrics: [{{name: local_events, alias: n, offset_window: 2 days}}]}}
  - {{name: zoned_hours, type: derived, expr: n,
     input_metrics: [{{name: zoned_plain, alias: n, offset_window: 30 hours}}]}}
  - {{name: zoned_days, type: derived, expr: n,
     input_metrics: [{{name: zoned_plain, alias: n, offset_window: 2 days}}]}}
  - {{name: zoned_day_of_hours, type: derived, expr: n,
     input_metrics: [{{name: zoned_hours, alias: n, offset_window: 1 day}}]}}
  - {{name: zoned_hours_of_days, type: derived, expr: n,
     input_metrics: [{{name: zoned_days, alias: n, offset_window: 30 hours}}]}}
  - {{name: local_hours, type: derived, expr: n,
     input_metrics: [{{name: local_plain, alias: n, offset_window: 30 hours}}]}}
  - {{name: local_days, type: derived, expr: n,
     input_metrics: [{{name: local_plain, alias: n, offset_window: 2 days}}]}}
  - {{name: local_day_of_hours, type: derived, expr: n,
     input_metrics: [{{name: local_hours, alias: n, offset_window: 1 day}}]}}
  - {{name: local_hours_of_days, type: derived, expr: n,
     input_metrics: [{{name: local_days, alias: n, offset_window: 30 hours}}]}}
  - {{name: zoned_window, type: cumulative, input_metric: zoned_events, window: 5 hours}}
  - {{name: local_window, type: cumulative, input_metric: local_events, window: 5 hours}}
  - {{name: zoned_week, type: cumulative, input_metric: zoned_events, window: 3 days}}
  - {{name: local_week, type: cumulative, input_metric: local_events, window: 3 days}}
"""
asking = asked_of(MODELS)
ZONES = [None, "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"]
TIMES = ("zoned", "local")


def cut_later(asking: Asking, name: str, zone: str | None, at: datetime, hours: int) -> datetime:
    """So many hours after the hour that a moment is cut to, by elapsed time where the moment is known."""
    value = cut(asking.clock(name, at, zone))
    if name == "local" and zone in {None, asking.stored}:
        return value + timedelta(hours=hours)
    shown = ZoneInfo(zone or asking.stored)
    return (value.replace(tzinfo=shown).astimezone(UTC) + timedelta(hours=hours)).astimezone(shown).replace(tzinfo=None)


def elapsed(asking: Asking, name: str, zone: str | None, at: datetime, hours: int) -> datetime:
    """So many hours later on the clock that shows a moment; a local time in its own zone knows its clock only."""
    shown = asking.clock(name, at, zone)
    if name == "local" and zone in {None, asking.stored}:
        return shown + timedelta(hours=hours)
    return asking.clock(name, at + timedelta(hours=hours), zone)


def cut(at: datetime) -> datetime:
    return at.replace(minute=0, second=0)


def asked(asking: Asking, metric: str, by: str, zone: str | None) -> dict:
    zoned = {} if zone is None else {"time_zone": zone}
    return dict(asking.rows(metrics=[metric], group_by=[by], **zoned))


def counted(times: list[datetime], by: str) -> Counter:
    return Counter(each.date().isoformat() if by.endswith("day") else cut(each).isoformat() for each in times)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("by", ["metric_time__hour", "metric_time__day"])
def test_offsets(asking: Asking, name: str, zone: str | None, by: str):
    moments = asking.moments
    days = [asking.clock(name, each, zone) + timedelta(days=2) for each in moments]
    assert asked(asking, f"{name}_days_ago", by, zone) == counted(days, by)
    hours = [cut_later(asking, name, zone, each, 30) for each in moments]
    assert asked(asking, f"{name}_hours_ago", by, zone) == counted(hours, by)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("name", TIMES)
def test_windows(asking: Asking, name: str, zone: str | None):
    """At each hour, the rows of the five hours before its end; at each day, those of three days."""
    moments = asking.moments
    days = [asking.clock(name, each, zone).date() + timedelta(days=at) for each in moments for at in range(3)]
    found = asked(asking, f"{name}_week", "metric_time__day", zone)
    last = max(asking.clock(name, each, zone) for each in moments)  # no moment comes after the data's
    assert found == Counter(each.isoformat() for each in days if each <= last.date())
    spans = [(cut(asking.clock(name, each, zone)), cut(cut_later(asking, name, zone, each, 5))) for each in moments]
    wanted: Counter[str] = Counter()
    for first, end in spans:
        for at in range(int((end - first).total_seconds()) // 3600):
            wanted[(first + timedelta(hours=at)).isoformat()] += 1
    shown = {at: count for at, count in wanted.items() if at <= last.isoformat()}
    assert asked(asking, f"{name}_window", "metric_time__hour", zone) == shown


@pytest.mark.parametrize("zone", [None, "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("name", TIMES)
def test_days_within_hours_and_hours_within_days(asking: Asking, name: str, zone: str | None):
    """Which comes first tells where clocks change between: each is taken from the inside."""
    by, shown = "metric_time__hour", ZoneInfo(zone or asking.stored)
    hours_first = [elapsed(asking, name, zone, each, 30) + timedelta(days=1) for each in asking.moments]
    assert asked(asking, f"{name}_day_of_hours", by, zone) == counted(hours_first, by)
    days_first = []
    for each in asking.moments:
        later = asking.clock(name, each, zone) + timedelta(days=2)
        if name == "local" and zone in {None, asking.stored}:
            days_first.append(later + timedelta(hours=30))
        else:
            moment = later.replace(tzinfo=shown).astimezone(UTC) + timedelta(hours=30)
            days_first.append(moment.astimezone(shown).replace(tzinfo=None))
    assert asked(asking, f"{name}_hours_of_days", by, zone) == counted(days_first, by)
