"""Offsets, windows and conversions in hours, and rows that hold at a moment, on days when clocks change.

Hours are elapsed time wherever the moments are known: of zoned values, and of local times shown in another zone. Local
times shown in their own zone know no more than their clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from tests.zones.running import Asking, asked_of
from tests.zones.worlds import CHANGES, moments_of

_FIRST, _LAST = datetime(2024, 3, 7), datetime(2025, 1, 4)  # noqa: DTZ001 - a spine's local times
_HOURS = ", ".join(f"('{_FIRST + timedelta(hours=at)}')" for at in range(int((_LAST - _FIRST).total_seconds()) // 3600))
_PHASES = sorted(CHANGES)
MODELS = """
semantic_models:
  - name: events
    source: "{schema}.events"
{zone}    entities:
      - {name: event, type: primary, expr: id}
      - {name: everyone, type: foreign, expr: id * 0}
    dimensions:
      - {name: zoned, type: time, granularity: second}
      - {name: local, type: time, granularity: second}
      - {name: kind, type: categorical}
    metrics:
      - {name: zoned_events, type: simple, agg: count, agg_time_dimension: zoned}
      - {name: local_events, type: simple, agg: count, agg_time_dimension: local}
      - {name: asked, type: simple, agg: count, agg_time_dimension: zoned,
         filter: "{{ Dimension('event__kind') }} = 'k0'"}
      - {name: bought, type: simple, agg: count, agg_time_dimension: local,
         filter: "{{ Dimension('event__kind') }} = 'k1'"}
  - name: phases
    source: "{schema}.phases"
    primary_entity: everyone
    entities: [{name: everyone, type: natural, expr: zero}]
    dimensions:
      - {name: begins, type: time, granularity: second, validity: start}
      - {name: ends, type: time, granularity: second, validity: end}
      - {name: phase, type: categorical}
metrics:
  - {name: zoned_ago, type: derived, expr: n, input_metrics: [{name: zoned_events, alias: n, offset_window: 24 hours}]}
  - {name: local_ago, type: derived, expr: n, input_metrics: [{name: local_events, alias: n, offset_window: 24 hours}]}
  - {name: zoned_window, type: cumulative, input_metric: zoned_events, window: 24 hours}
  - {name: local_window, type: cumulative, input_metric: local_events, window: 24 hours}
  - {name: followed, type: conversion, entity: everyone, base_metric: asked, conversion_metric: bought, window: 1 hour,
     calculation: conversions}
time_spines:
  - {name: hours, source: "{schema}.hours", column: hour, granularity: hour}
""".replace("{{ Dim", "<< Dim").replace(") }}", ") >>")
TIMES = ("zoned", "local")


def statements(engine: str, stored: str) -> list[str]:
    """The spine, and phases from one change of clocks to the next: zoned ends."""
    zoned = "TIMESTAMP NULL" if engine == "mariadb" else "TIMESTAMPTZ"
    offset = "" if engine == "mariadb" else "+00"
    ends = [*(f"'{each}{offset}'" for each in _PHASES[1:]), "NULL"]
    rows = ", ".join(f"(0, '{at}{offset}', {end}, 'p{at:%m%d}')" for at, end in zip(_PHASES, ends, strict=True))
    return [
        f"CREATE TABLE {{schema}}.hours (hour {'DATETIME' if engine == 'mariadb' else 'TIMESTAMP'})",
        f"INSERT INTO {{schema}}.hours VALUES {_HOURS}",
        f"CREATE TABLE {{schema}}.phases (zero INT, begins {zoned}, ends {zoned}, phase VARCHAR(9))",
        f"INSERT INTO {{schema}}.phases VALUES {rows}",
    ]


asking = asked_of(MODELS, statements)


def hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0)


def later(asking: Asking, name: str, zone: str | None) -> Callable[[datetime], datetime]:
    """The local time of a moment 24 hours after it."""
    if name == "local" and zone in {None, asking.stored}:
        return lambda each: asking.clock(name, each, zone) + timedelta(hours=24)
    return lambda each: asking.clock(name, each + timedelta(hours=24), zone)


@pytest.mark.parametrize("zone", [None, "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("name", TIMES)
def test_an_offset_in_hours_is_elapsed_time(asking: Asking, name: str, zone: str | None):
    """Each row counts once, at the hour and the day that its clock shows 24 hours later."""
    zoned = {} if zone is None else {"time_zone": zone}
    shown = [later(asking, name, zone)(each) for each in asking.moments]
    by_hour = asking.rows(metrics=[f"{name}_ago"], group_by=["metric_time__hour"], **zoned)
    assert dict(by_hour) == Counter(hour(each).isoformat() for each in shown)
    by_day = asking.rows(metrics=[f"{name}_ago"], group_by=["metric_time__day"], **zoned)
    assert dict(by_day) == Counter(each.date().isoformat() for each in shown)


@pytest.mark.parametrize("zone", [None, "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("name", TIMES)
def test_a_window_in_hours_is_elapsed_time(asking: Asking, name: str, zone: str | None):
    """At each hour, the rows of the 24 hours before its end."""
    zoned = {} if zone is None else {"time_zone": zone}
    spans = [(hour(asking.clock(name, each, zone)), hour(later(asking, name, zone)(each))) for each in asking.moments]
    wanted: Counter[str] = Counter()
    for first, end in spans:
        for at in range(int((end - first).total_seconds()) // 3600):
            wanted[(first + timedelta(hours=at)).isoformat()] += 1
    found = asking.rows(metrics=[f"{name}_window"], group_by=["metric_time__hour"], **zoned)
    assert dict(found) == wanted


@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_zoned_events_are_followed_by_local_ones_as_moments(asking: Asking, zone: str | None):
    """The clocks of both sides differ; the hour between them does not."""
    zoned = {} if zone is None else {"time_zone": zone}
    base, after = ([*asking.moments][at::3] for at in range(2))
    wanted = sum(any(each <= at < each + timedelta(hours=1) for each in base) for at in after)
    assert asking.rows(metrics=["followed"], **zoned) == [(wanted,)]


@pytest.mark.parametrize("zone", [None, "America/New_York"])
@pytest.mark.parametrize("name", TIMES)
def test_a_row_holds_at_a_moment_whatever_shows_it(asking: Asking, name: str, zone: str | None):
    """Zoned ends of validity beside zoned and local times."""
    zoned = {} if zone is None else {"time_zone": zone}
    found = asking.rows(metrics=[f"{name}_events"], group_by=["everyone__phase"], **zoned)
    wanted: Counter[str | None] = Counter()
    for each in moments_of(asking.stored):
        held = [at for at in _PHASES if at <= each.replace(tzinfo=None)]
        wanted[f"p{held[-1]:%m%d}" if held else None] += 1
    assert dict(found) == wanted
