"""Row filters on times: a value is meant by the clock of the stored zone, one with an offset says its moment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.gateway.conftest import ask, opened
from tests.zones.worlds import ENGINES, POLICY, moments_of, world, write_project

from metricgate.gateway.outcome import Answered

MODELS = """
semantic_models:
  - name: events
    source: "{schema}.events"
{zone}    entities: [{name: event, type: primary, expr: id}]
    dimensions:
      - {name: zoned, type: time, granularity: second}
      - {name: local, type: time, granularity: second}
    metrics:
      - {name: events, type: simple, agg: count}
"""
RULE = """
row_filters:
  - {id: r, roles: [readers], dataset: events, where: {member: MEMBER, op: ">=", value: "VALUE"}}
"""


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("stored", [None, "Europe/Berlin"])
def test_a_rule_speaks_by_the_stored_zones_clock(engine: str, stored: str | None, tmp_path: Path):
    """Without an offset and with one; in metrics and in the caller's own SQL, whatever the question's zone."""
    zone = ZoneInfo(stored or "UTC")
    moments = moments_of(stored or "UTC")
    border = moments[len(moments) // 2]
    here, there = border.astimezone(zone), border.astimezone(ZoneInfo("America/New_York"))
    clock = here.replace(tzinfo=None).isoformat()
    cases = [("zoned", clock), ("zoned", there.isoformat()), ("local", there.isoformat())]
    count = sum(each >= border for each in moments)

    async def counts(member: str, value: str, folder: Path) -> list[object]:
        text = MODELS.replace("{zone}", "" if stored is None else f"    time_zone: {stored}\n")
        project = write_project(folder, found, text)
        settings = project / "metricgate.yaml"
        settings.write_text(settings.read_text().replace("file: data.duckdb", f"file: {tmp_path / 'data.duckdb'}"))
        (project / "policies" / "p.yaml").write_text(POLICY + RULE.replace("MEMBER", member).replace("VALUE", value))
        async with opened(project) as parts:
            asked = {"metrics": ["events"], "time_zone": "Asia/Kolkata"}
            metric = await ask(parts, "reader", "query_metrics", asked)
            own = await ask(parts, "reader", "query_sql", {"sql": "SELECT count(*) AS counted FROM events"})
        assert isinstance(metric, Answered), metric
        assert isinstance(own, Answered), own
        return [metric.answer["rows"][0][0], own.answer["rows"][0][0]]

    with world(engine, tmp_path, stored=stored or "UTC") as found:
        for at, (member, value) in enumerate(cases):
            (tmp_path / str(at)).mkdir()
            assert asyncio.run(counts(member, value, tmp_path / str(at))) == [count, count], (member, value)
