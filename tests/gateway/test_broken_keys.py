"""An answer that joins by a key that is none is refused: with the count, for the rows that this caller's joins read."""

from __future__ import annotations

import asyncio
import gc
import json
from pathlib import Path

import duckdb
import pytest
from tests.faults.served import entries_of
from tests.gateway.conftest import PATIENT, ask, asked, opened

from metricgate.compiling.statement import Statement
from metricgate.gateway import codes
from metricgate.gateway.data_checks import memory
from metricgate.gateway.data_checks.counts import KeyCounts
from metricgate.gateway.engine import Engine
from metricgate.gateway.outcome import Answered, Outcome, RefusedCall
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem, Problems

MODELS = """
semantic_models:
  - name: sales
    source: sales
    agg_time_dimension: sold_on
    entities:
      - {name: sale, type: primary, expr: id}
      - {name: cust, type: foreign, expr: cust_id}
      - {name: product, type: foreign, expr: product_id}
      - {name: shop, type: foreign, expr: shop_id}
    dimensions: [{name: sold_on, type: time, granularity: day}]
    metrics: [{name: revenue, type: simple, agg: sum, expr: amount}]
  - name: custs
    source: custs
    entities: [{name: cust, type: primary, expr: cid}]
    dimensions: [{name: tier, type: categorical}, {name: region, type: categorical}]
  - name: products
    source: products
    primary_entity: product_row
    entities: [{name: product, type: natural, expr: pid}]
    dimensions:
      - {name: vf, type: time, granularity: day, validity: start}
      - {name: vt, type: time, granularity: day, validity: end}
      - {name: class, type: categorical}
  - name: shops
    source: shops
    entities: [{name: shop, type: primary, expr: sid}]
    dimensions: [{name: town, type: categorical}]
"""
POLICY = """
version: 1
roles:
  - {name: all, members: ["agent:omni", "agent:west", "agent:few"]}
  - {name: few, members: ["agent:few"]}
  - {name: west, members: ["agent:west"]}
grants:
  - {id: tools, roles: [everyone], actions: [call], on: ["tool:*"]}
  - {id: all, roles: [all], actions: [describe, query, list_values, read], on: ["metric:*", "dimension:*", "dataset:*"]}
row_filters:
  - {id: west-only, roles: [west], dataset: custs, where: {member: region, op: "=", value: west}}
minimum_groups: [{id: five, roles: [few], on: ["dataset:custs"], size: 2, small: hide}]
"""
TABLES = """
CREATE TABLE sales AS SELECT * FROM (VALUES
  (1, DATE '2026-01-05', 1, 1, 1, 10), (2, DATE '2026-01-06', 1, 1, 1, 20),
  (3, DATE '2026-01-07', 2, 2, 2, 40), (4, DATE '2026-01-09', 2, 3, NULL, 80)
) t(id, sold_on, product_id, cust_id, shop_id, amount);
CREATE TABLE custs AS SELECT * FROM (VALUES
  (1, 'gold', 'east'), (1, 'silver', 'west'), (2, 'gold', 'west'), (NULL, 'x', 'west'), (NULL, 'y', 'west')
) t(cid, tier, region);
CREATE TABLE products AS SELECT * FROM (VALUES
  (1, DATE '2026-01-01', DATE '2026-01-07', 'A'), (1, DATE '2026-01-06', NULL, 'B'),
  (2, DATE '2026-01-01', NULL, 'C')
) t(pid, vf, vt, class);
CREATE TABLE shops AS SELECT * FROM (VALUES (1, 'Rome'), (2, 'Oslo')) t(sid, town);
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose customer 1 stands twice, once in each region, and whose product 1 has windows that overlap."""
    for name, text in {"semantic_models/m.yaml": MODELS, "policies/p.yaml": POLICY, "metricgate.yaml": PATIENT}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with duckdb.connect(str(tmp_path / "data.duckdb")) as connection:
        connection.execute(TABLES)
    return tmp_path


def by(*members: str) -> dict:
    return {"metrics": ["revenue"], "group_by": list(members)}


def rows_of(outcome: Outcome) -> list:
    assert isinstance(outcome, Answered), outcome
    return json.loads(outcome.body)["rows"]


def refusal(outcome: Outcome) -> tuple[str, dict]:
    assert isinstance(outcome, RefusedCall), outcome
    problem = outcome.problems.first
    return problem.code.name, dict(problem.details)


def test_a_key_that_stands_twice_is_refused_with_the_count(folder):
    """Never which key; what does not join it is answered. NULL keys are nobody's partner, however many there are."""
    outcome = asked(folder, "omni", "query_metrics", by("cust__tier"))
    details = {"dataset": "custs", "key": "cust", "repeated_keys": 1, "repeated_rows": 2}
    assert refusal(outcome) == ("E_KEY_NOT_UNIQUE", details)
    assert "validate --data" in outcome.problems.first.hint
    assert rows_of(asked(folder, "omni", "query_metrics", by())) == [[150]]
    assert rows_of(asked(folder, "omni", "query_metrics", by("shop__town"))) == [
        ["Oslo", 40],
        ["Rome", 30],
        [None, 80],
    ]


def test_windows_that_overlap_are_refused(folder):
    """The history has two rows of one product on 6 January."""
    found = refusal(asked(folder, "omni", "query_metrics", by("product__class")))
    assert found == (
        "E_HISTORY_OVERLAPS",
        {"dataset": "products", "key": "product", "repeated_keys": 1, "repeated_rows": 1},
    )


@pytest.mark.parametrize(
    "asked_for",
    [
        {"where": {"member": "cust__tier", "op": "=", "value": "gold"}},
        {"group_by": ["shop__town"], "where": {"member": "cust__tier", "op": "is_not_null"}},
        {"where": {"metric": "revenue", "group_by": ["cust__tier"], "op": ">", "value": 1}, "group_by": ["cust__tier"]},
    ],
)
def test_wherever_the_join_is(folder, asked_for):
    """In filters, and in the questions that filters ask."""
    outcome = asked(folder, "omni", "query_metrics", {"metrics": ["revenue"], **asked_for})
    assert refusal(outcome)[0] == "E_KEY_NOT_UNIQUE"


def test_distinct_values_need_no_key(folder):
    """A row that is joined twice is one value still."""
    assert isinstance(asked(folder, "omni", "query_metrics", {"group_by": ["cust__tier", "sale__sold_on"]}), Answered)


def test_rows_behind_a_row_filter_are_not_counted(folder):
    """In the west customer 1 stands once: there the answer is right, and says nothing of the east."""
    rows = rows_of(asked(folder, "west", "query_metrics", by("cust__tier")))
    assert rows == [["gold", 40], ["silver", 30], [None, 80]]


def test_who_may_not_see_small_groups_is_told_no_counts(folder):
    """A key that stands twice is a group of two."""
    outcome = asked(folder, "few", "query_metrics", by("cust__tier"))
    assert refusal(outcome) == ("E_KEY_NOT_UNIQUE", {"dataset": "custs", "key": "cust"})
    assert not any(letter.isdigit() for letter in outcome.problems.first.message)


def test_a_key_is_looked_at_once(folder):
    """Each look has its own intent, which the call's outcome names; the next question has the answer already."""

    async def twice() -> list[Outcome]:
        async with opened(folder) as parts:
            return [await ask(parts, "omni", "query_metrics", by("shop__town")) for _ in range(3)]

    assert all(isinstance(each, Answered) for each in asyncio.run(twice()))
    ledger = folder / ".metricgate" / "ledger.db"
    released = entries_of(ledger, "gov.call.released")
    looks = [each for each in released if "gov.check" in each.fields]
    assert [each.fields["gov.check"] for each in looks] == ["key shops.shop"]
    assert len(released) == 4
    linked = [link["index"] for each in entries_of(ledger, "gov.call.completed") for link in each.fields["gov.links"]]
    assert sorted(linked) == [each.index for each in released]


def test_callers_at_once_look_once(folder):
    """The first looks, the others wait for what it finds."""

    async def together() -> list[Outcome]:
        async with opened(folder) as parts:
            calls = [ask(parts, "omni", "query_metrics", {**by("cust__tier"), "limit": n}) for n in range(1, 9)]
            return await asyncio.gather(*calls)

    assert {refusal(each)[0] for each in asyncio.run(together())} == {"E_KEY_NOT_UNIQUE"}
    released = entries_of(folder / ".metricgate" / "ledger.db", "gov.call.released")
    assert len([each for each in released if "gov.check" in each.fields]) == 1


def test_a_table_of_more_rows_is_not_checked_but_told_of(folder):
    """A million and one keys are too many to look at before an answer."""
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        connection.execute("INSERT INTO shops SELECT range, 'none' FROM range(3, 1000002)")
    outcome = asked(folder, "omni", "query_metrics", by("shop__town"))
    assert rows_of(outcome)[-1] == [None, 80]
    notes = json.loads(outcome.body)["notes"]
    assert [each for each in notes if "shop of shops was not checked" in each]


class Ticking:
    """A clock that stands until it is moved."""

    now = 0.0

    def monotonic(self) -> float:
        """Return seconds."""
        return self.now

    def unix_nano(self) -> int:
        """Return the same since 1970."""
        return int(self.now * 1e9)


class Telling:
    """As much of a warehouse as tells the state of its data."""

    dialect = "duckdb"

    def __init__(self, data_state: Json) -> None:
        self.data_state = data_state


def test_what_is_found_holds_as_long_as_the_data_stands_or_a_while():
    """By the engine's word where it tells the state of its data, else ten minutes; a broken key one."""
    clock = Ticking()
    known = memory.KeyMemory(clock)
    whole, broken = (KeyCounts(complete=True, repeated_keys=count, repeated_rows=2 * count) for count in (0, 1))
    told, untold = (Engine(f"{state}", Telling(state), clock) for state in ({"as_of": "1"}, {}))

    def statement(sql: str) -> Statement:
        return Statement(sql=sql, parameters=(), dialect="duckdb", columns=(), digest="", row_limit=None)

    async def learn(engine: Engine, sql: str, counts: KeyCounts) -> object:
        async def look() -> KeyCounts:
            return counts

        return await known.learn(engine, statement(sql), 0, look)

    for engine in (told, untold):
        assert asyncio.run(learn(engine, "a", whole)) is whole
        assert asyncio.run(learn(engine, "b", broken)) is broken
        assert asyncio.run(learn(engine, "b", whole)) is broken
        assert known.find_known(engine, statement("a"), 0) is whole
        assert known.find_known(engine, statement("c"), 0) is None
    clock.now += memory.AGAIN_BROKEN_SECONDS
    assert known.find_known(untold, statement("b"), 0) is None
    assert known.find_known(untold, statement("a"), 0) is whole
    clock.now += memory.AGAIN_SECONDS
    assert known.find_known(untold, statement("a"), 0) is None
    assert known.find_known(told, statement("b"), 0) is broken
    assert known.find_known(told, statement("b"), 1) is None
    told.warehouse.data_state = {"as_of": "2"}
    assert known.find_known(told, statement("b"), 0) is None


def test_no_turn_is_kept_of_a_look_that_ended_without_an_answer():
    """Neither of one that was refused, nor of one that failed or was broken off while others waited."""
    known = memory.KeyMemory(Ticking())
    engine = Engine("told", Telling({"as_of": "1"}), Ticking())
    refused = RefusedCall(problems=Problems((Problem(code=codes.AGENT_STOPPED, message="m", hint="h"),)), record=None)

    async def stopped():
        raise OSError("gone")

    async def told():
        return refused

    async def waits():
        await asyncio.sleep(60)

    async def go():
        for number in range(100):
            statement = Statement(
                sql=f"{number}", parameters=(), dialect="duckdb", columns=(), digest="", row_limit=None
            )
            assert await known.learn(engine, statement, 0, told) is refused
            with pytest.raises(OSError, match="gone"):
                await known.learn(engine, statement, 0, stopped)
            waiting = [asyncio.create_task(known.learn(engine, statement, 0, waits)) for _ in range(3)]
            await asyncio.sleep(0)
            assert len(known._looking) == 1
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            del waiting, each

    asyncio.run(go())
    gc.collect()
    assert not known._looking
