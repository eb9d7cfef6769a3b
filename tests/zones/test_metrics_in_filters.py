"""A filter on another metric: its first and last times, and those it is grouped by, are of the question's zone."""

from __future__ import annotations

from datetime import datetime, timedelta

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
    metrics:
      - {{name: events, type: simple, agg: count}}
      - {{name: first_zoned, type: simple, agg: min, expr: zoned}}
      - {{name: last_local, type: simple, agg: max, expr: local}}
"""
asking = asked_of(MODELS)
ZONES = [None, "America/New_York", "Asia/Kolkata", "Asia/Kathmandu"]


def count(asking: Asking, where: Json, zone: str | None) -> int:
    zoned: dict[str, Json] = {} if zone is None else {"time_zone": zone}
    [(found,)] = asking.rows(metrics=["events"], where=where, **zoned)
    return int(str(found))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("metric", "name", "end"), [("first_zoned", "zoned", min), ("last_local", "local", max)])
def test_ends_are_compared_by_the_questions_clock(asking: Asking, metric: str, name: str, end, zone: str | None):
    """At the very end, a second before and after it, of each kind of events."""
    kinds = [[*asking.moments][at::3] for at in range(3)]
    ends: list[datetime] = [asking.clock(name, end(each), zone) for each in kinds]
    for limit in [each + timedelta(seconds=by) for each in ends for by in (-1, 0, 1)]:
        for op, holds in (("<", datetime.__lt__), (">=", datetime.__ge__)):
            where: Json = {"metric": metric, "group_by": ["event__kind"], "op": op, "value": limit.isoformat()}
            wanted = sum(len(each) for each, found in zip(kinds, ends, strict=True) if holds(found, limit))
            assert count(asking, where, zone) == wanted, (op, limit)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("name", ["zoned", "local"])
def test_what_it_is_grouped_by_is_found_again(asking: Asking, name: str, zone: str | None):
    """Every event stands at a time that has one event at least, whatever the zone."""
    where: Json = {"metric": "events", "group_by": [f"event__{name}"], "op": ">=", "value": 1}
    assert count(asking, where, zone) == len(asking.moments)
