"""Types that change under a running gateway, and times whose kind nobody tells."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from tests.gateway.conftest import ask, opened
from tests.gateway.warehouses.several import closed_port, write_three
from tests.zones.worlds import ENGINES, POLICY, World, world, write_project

from metricgate.bootstrap.running_gateway import RunningGateway
from metricgate.gateway.outcome import Answered, Outcome, RefusedCall
from metricgate.vocabulary.json import Json

MODELS = """
semantic_models:
  - name: events
    source: "{schema}.moves"
    agg_time_dimension: at
    entities: [{name: event, type: primary, expr: id}]
    dimensions:
      - {name: at, type: time, granularity: second, expr: moved_at}
      - {name: text, type: time, granularity: second, expr: at_text}
      - {name: text_told, type: time, granularity: second, expr: at_text, time_kind: date}
      - {name: clock, type: time, granularity: second, expr: CAST(moved_at AS TIMESTAMP), time_zone: Europe/Berlin}
    metrics:
      - {name: moves, type: simple, agg: count}
      - {name: last_move, type: simple, agg: max, expr: moved_at}
"""
BY_DAY: Json = {"metrics": ["moves"], "group_by": ["metric_time__day"], "time_zone": "America/New_York"}
# 22:30 in UTC, 17:30 in New York. As the local time of a server in UTC it is the same; of one in Tokyo it is not.
ALTERED = {
    "postgres": (
        "ALTER TABLE {0} ALTER COLUMN moved_at TYPE timestamptz USING moved_at AT TIME ZONE 'Asia/Tokyo'",
        "2026-12-31",
    ),
    "mariadb": ("ALTER TABLE {0} MODIFY moved_at DATE", "2027-01-01"),
}
TYPES = {"postgres": "timestamp", "mariadb": "TIMESTAMP NULL", "duckdb": "TIMESTAMPTZ"}


def made(found: World) -> str:
    name = f"{found.schema}.moves"
    found.execute(
        f"CREATE TABLE {name} (id INT PRIMARY KEY, moved_at {TYPES[found.engine]}, at_text VARCHAR(30))",
        f"INSERT INTO {name} VALUES (1, '2027-01-01 02:30:00', '2027-01-01 02:30:00')",
    )
    return name


@pytest.mark.parametrize("engine", ALTERED)
def test_a_column_that_changes_its_type_is_noticed_by_the_next_answer(engine: str, tmp_path: Path):
    """Asked before and after ALTER TABLE, by the same gateway: never the numbers of the type before."""
    statement, after = ALTERED[engine]

    async def twice(parts: RunningGateway, found: World, name: str) -> list[Outcome]:
        first = await ask(parts, "reader", "query_metrics", BY_DAY)
        await asyncio.to_thread(found.execute, statement.format(name))
        return [first, await ask(parts, "reader", "query_metrics", BY_DAY)]

    async def main(found: World, name: str) -> list[Outcome]:
        async with opened(write_project(tmp_path, found, MODELS)) as parts:
            return await twice(parts, found, name)

    with world(engine, tmp_path) as found:
        outcomes = asyncio.run(main(found, made(found)))
    assert all(isinstance(each, Answered) for each in outcomes), outcomes
    days = [each.answer["rows"][0][0] for each in outcomes if isinstance(each, Answered)]
    kinds = [each.answer["time"]["kinds"]["events.at"] for each in outcomes if isinstance(each, Answered)]
    assert days == ["2026-12-31", after]
    assert kinds == {"postgres": ["local", "zoned"], "mariadb": ["zoned", "date"]}[engine]


def outcome_of(engine: str, tmp_path: Path, question: Json) -> Outcome:
    async def main(found: World) -> Outcome:
        async with opened(write_project(tmp_path, found, MODELS)) as parts:
            return await ask(parts, "reader", "query_metrics", question)

    tmp_path.mkdir(exist_ok=True)
    with world(engine, tmp_path) as found:
        made(found)
        return asyncio.run(main(found))


@pytest.mark.parametrize("engine", ["duckdb", "mariadb"])
def test_a_time_whose_kind_nobody_tells_is_refused_where_it_matters(engine: str, tmp_path: Path):
    """Text, with the key in the hint; the same text is answered where the model tells."""
    question = {"metrics": ["moves"], "where": {"member": "event__text", "op": ">", "value": "2026-12-31"}}
    found = outcome_of(engine, tmp_path, {**question, "time_zone": "America/New_York"})
    assert isinstance(found, RefusedCall), found
    assert found.problems.first.code.name == "E_UNKNOWN_TIME_KIND"
    assert "time_kind: zoned, local or date" in (found.problems.first.hint or "")


def test_a_local_time_made_of_a_moment_is_refused_under_a_stored_zone(tmp_path: Path):
    """Its clock is that of the session, UTC: the model's zone would be a second meaning."""
    asked = {"metrics": ["moves"], "group_by": ["event__clock__hour"]}
    found = outcome_of("duckdb", tmp_path, asked)
    assert isinstance(found, RefusedCall), found
    assert found.problems.first.code.name == "E_UNKNOWN_TIME_KIND"


@pytest.mark.parametrize("engine", ENGINES)
def test_neither_the_machines_zone_nor_the_servers_counts(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Sessions are in UTC: the same day with the machine, the driver and (MariaDB's) server set to another zone."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    time.tzset()
    try:
        shown = outcome_of(engine, tmp_path, {"metrics": ["moves", "last_move"], "group_by": ["metric_time__hour"]})
        there = outcome_of(engine, tmp_path / "there", BY_DAY)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert isinstance(shown, Answered), shown
    [(hour, count, last)] = shown.answer["rows"]
    assert (hour, count, str(last).removesuffix("+00:00")) == ("2027-01-01T02:00:00", 1, "2027-01-01T02:30:00")
    assert isinstance(there, Answered), there
    assert [list(row) for row in there.answer["rows"]] == [["2026-12-31", 1]]


AWAY = """
semantic_models:
  - name: events
    warehouse: bills
    source: moves
    primary_entity: event
    dimensions:
      - {name: told, type: time, granularity: second, time_kind: zoned}
      - {name: untold, type: time, granularity: second}
    metrics:
      - {name: by_told, type: simple, agg: count, agg_time_dimension: told}
      - {name: by_untold, type: simple, agg: count, agg_time_dimension: untold}
  - {name: here, source: main.orders, primary_entity: order}
time_spines: []
"""


def test_without_the_engine_the_model_tells(tmp_path: Path):
    """SQL for a warehouse that is away: written where the model says the kind, refused with the key where not."""
    write_three(tmp_path, bills_port=closed_port(), models=AWAY)
    (tmp_path / "policies" / "p.yaml").write_text(POLICY)

    async def main() -> list[Outcome]:
        async with opened(tmp_path) as parts:
            asked = {"group_by": ["metric_time__day"], "time_zone": "America/New_York", "dialect": "snowflake"}
            return [
                await ask(parts, "reader", "explain_query", {"metrics": [name], **asked})
                for name in ("by_told", "by_untold")
            ]

    told, untold = asyncio.run(main())
    assert isinstance(told, Answered), told
    assert "CONVERT_TIMEZONE('America/New_York', events.told)" in told.answer["sql"]
    assert isinstance(untold, RefusedCall), untold
    assert untold.problems.first.code.name == "E_UNKNOWN_TIME_KIND"
    assert "time_kind" in (untold.problems.first.hint or "")
