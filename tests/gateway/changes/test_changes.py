"""Changes from the proposal to the undo, through the gateway's own doors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import duckdb
from tests.gateway.changes.shop import OLAF, STELLA, STEN, Shop, opened, write_shop

from metricgate.approvals.proposal import ProposedAction, State
from metricgate.gateway.changes.execution import KEEPING
from metricgate.gateway.outcome import Answered, Held, RefusedCall
from metricgate.vocabulary.problem import Problems

SEGMENTS = "SELECT id, segment FROM customers ORDER BY id"
FIRST = [[1, "gold"], [2, "gold"], [3, None], [4, "iron"]]


def played(folder: Path, story: Callable[[Shop], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened(write_shop(folder / "shop")) as shop:
            await story(shop)

    asyncio.run(run())


async def approved(shop: Shop, action_id: str, person=STEN, reason: str = "as agreed") -> ProposedAction:
    view = await shop.office.action(person, action_id)
    assert not isinstance(view, Problems), view
    done = await shop.office.decide(
        person,
        action_id,
        approves=True,
        reason=reason,
        shown_digest=view.shown_digest,
        bound_to=view.action.proposal.digest,
    )
    assert not isinstance(done, Problems), done
    return done


def test_a_dry_run_shows_and_changes_nothing(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        outcome = await shop.call("propose_write", sql="UPDATE customers SET segment = 'iron' WHERE id = 1")
        assert isinstance(outcome, Answered), outcome
        answer = outcome.answer
        assert (answer["state"], answer["would"]) == ("previewed", "allow")
        assert answer["preview"]["rows"] == {"insert": 0, "update": 1, "delete": 0, "cascaded": 0, "total": 1}
        assert answer["preview"]["reversibility"] == "R0"
        [table] = answer["preview"]["tables"]
        at = table["columns"].index("segment")
        assert (table["sample"][0]["before"][at], table["sample"][0]["after"][at]) == ("gold", "iron")
        assert await shop.rows(SEGMENTS) == FIRST

    played(tmp_path, story)


def test_a_small_change_runs_once_and_is_taken_back(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        change = {
            "sql": "UPDATE customers SET segment = 'iron' WHERE id IN (1, 2)",
            "dry_run": False,
            "idempotency_key": "change-0001",
        }
        first = await shop.call("propose_write", **change)
        assert isinstance(first, Answered), first
        assert first.answer["state"] == "executed"
        assert await shop.rows(SEGMENTS) == [[1, "iron"], [2, "iron"], [3, None], [4, "iron"]]
        again = await shop.call("propose_write", **change)
        assert again.answer["action_id"] == first.answer["action_id"]
        other = await shop.call("propose_write", **{**change, "sql": "UPDATE customers SET segment = 'x' WHERE id = 3"})
        assert other.problems.first.code.name == "E_IDEMPOTENCY_CONFLICT"
        undo = await shop.office.undo(STEN, first.answer["action_id"], reason="a mistake")
        assert not isinstance(undo, Problems), undo
        assert undo.state is State.EXECUTED
        assert await shop.rows(SEGMENTS) == FIRST
        known = await shop.call("get_action", action_id=first.answer["action_id"])
        assert (known.answer["state"], known.answer["undone_by"]) == ("undone", undo.id)

    played(tmp_path, story)


def test_a_delete_waits_for_a_person(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        held = await shop.call(
            "propose_write", sql="DELETE FROM orders WHERE status = 'open'", dry_run=False, idempotency_key="delete-01"
        )
        assert isinstance(held, Held), held
        assert "deletes-wait" in held.rules
        assert await shop.rows("SELECT count(*) FROM orders") == [[40]]
        view = await shop.office.action(OLAF, held.action_id)
        assert "owner" in view.may_decide
        done = await approved(shop, held.action_id)
        assert done.state is State.EXECUTED, done.outcome
        assert await shop.rows("SELECT count(*) FROM orders") == [[27]]
        undo = await shop.office.undo(STELLA, held.action_id, reason="still needed")
        assert undo.state is State.EXECUTED, undo
        assert await shop.rows("SELECT count(*), sum(amount) FROM orders") == [[40, "1025.00"]]

    played(tmp_path, story)


def test_rows_changed_meanwhile_are_never_touched(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        held = await shop.call(
            "propose_write", sql="DELETE FROM orders WHERE status = 'open'", dry_run=False, idempotency_key="delete-01"
        )
        small = await shop.call(
            "propose_write",
            sql="UPDATE orders SET amount = 0 WHERE id = 3",
            dry_run=False,
            idempotency_key="update-01",
        )
        assert small.answer["state"] == "executed", small
        done = await approved(shop, held.action_id)
        assert done.state is State.FAILED
        assert done.outcome.code == "E_ROWS_CHANGED"
        assert await shop.rows("SELECT count(*) FROM orders") == [[40]]

    played(tmp_path, story)


def test_a_governed_action_is_a_tool(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        names = [tool.name for tool in shop.parts.gateway.tools()]
        assert "action_pause_customer" in names
        bad = await shop.call("action_pause_customer", id=0, segment="gone")
        assert isinstance(bad, RefusedCall)
        assert len(tuple(bad.problems)) == 2
        done = await shop.call("action_pause_customer", id=4, dry_run=False, idempotency_key="pause-004")
        assert isinstance(done, Answered), done
        assert (await shop.rows(SEGMENTS))[3] == [4, "paused"]

    played(tmp_path, story)


def test_rights_filters_and_constraints_hold(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        async def code(sql: str, user: str | None = None) -> str:
            outcome = await shop.call("propose_write", user=user, sql=sql)
            return outcome.problems.first.code.name if isinstance(outcome, RefusedCall) else outcome.answer["state"]

        assert await code("UPDATE customers SET email = 'x' WHERE id = 1") == "E_DENIED"
        assert await code("TRUNCATE customers") == "E_NOT_GRANTED"
        assert await code("TRUNCATE orders") == "previewed"
        assert await code("DELETE FROM customers") == "E_SQL_NO_WHERE"
        assert await code("INSERT INTO customers (id, name) VALUES (1, 'Eve')") == "E_WRITE_CONSTRAINT"
        assert await code("INSERT INTO customers (id, nome) VALUES (9, 'Eve')") == "E_WRITE_UNKNOWN_COLUMN"
        # Dora sees Europe only: what she cannot see is not changed, and nothing is moved out of her sight.
        outcome = await shop.call("propose_write", user="dora", sql="UPDATE customers SET segment = 'z' WHERE id > 0")
        assert outcome.answer["preview"]["rows"]["update"] == 3
        assert await code("UPDATE customers SET region = 'ASIA' WHERE id = 1", user="dora") == "E_ROW_OUT_OF_VIEW"
        assert await code("INSERT INTO customers (id, name, region) VALUES (9, 'E', 'ASIA')", user="dora") == (
            "E_ROW_OUT_OF_VIEW"
        )
        assert await shop.rows(SEGMENTS) == FIRST

    played(tmp_path, story)


def test_merge_inserts_updates_and_deletes(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        merge = (
            "MERGE INTO customers USING (SELECT id + 2 AS id, 'new' AS s FROM customers) AS n ON customers.id = n.id "
            "WHEN MATCHED AND customers.id = 3 THEN DELETE WHEN MATCHED THEN UPDATE SET segment = n.s "
            "WHEN NOT MATCHED THEN INSERT (id, name, segment) VALUES (n.id, 'New', n.s)"
        )
        held = await shop.call("propose_write", sql=merge, dry_run=False, idempotency_key="merge-0001")
        assert isinstance(held, Held), held
        done = await approved(shop, held.action_id)
        assert done.state is State.EXECUTED, done.outcome
        merged = [[1, "gold"], [2, "gold"], [4, "new"], [5, "new"], [6, "new"]]
        assert await shop.rows(SEGMENTS) == merged
        undo = await shop.office.undo(STEN, held.action_id, reason="back")
        assert undo.state is State.EXECUTED, undo
        assert await shop.rows(SEGMENTS) == FIRST

    played(tmp_path, story)


def test_the_time_that_was_shown_is_the_time_that_is_stored(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        held = await shop.call(
            "propose_write",
            sql="UPDATE customers SET since = CAST(now() AS TIMESTAMP) WHERE id > 0",
            dry_run=False,
            idempotency_key="now-000001",
        )
        assert isinstance(held, Held), held
        view = await shop.office.action(STEN, held.action_id)
        [table] = view.action.preview.tables
        at = table.columns.index("since")
        shown = {row.key: row.after[at] for row in table.sample}
        done = await approved(shop, held.action_id)
        assert done.state is State.EXECUTED, done.outcome
        stored = await shop.rows("SELECT id, CAST(since AS VARCHAR) FROM customers")
        assert {(str(key),): text for key, text in stored} == shown

    played(tmp_path, story)


def test_rows_that_look_made_up_raise_the_risk_and_say_why(tmp_path: Path) -> None:
    async def run() -> None:
        folder = write_shop(tmp_path / "shop")
        with duckdb.connect(str(folder / "data.duckdb")) as connection:
            connection.execute(
                "INSERT INTO orders SELECT n, n % 50, CASE WHEN n % 50 < 25 THEN 'open' ELSE 'paid' END, "
                "(n % 50) * 10 + n % 7 / 10 FROM range(1000, 1600) AS t(n)"
            )
        async with opened(folder) as shop:
            rows = ", ".join(f"({9000 + n}, {n * 17 % 50}, '{'open' if n % 2 else 'paid'}', 500)" for n in range(200))
            sql = f"INSERT INTO orders (id, customer_id, status, amount) VALUES {rows}"
            fake = await shop.call("propose_write", sql=sql)
            assert isinstance(fake, Answered), fake
            assert "made_up" in {each["signal"] for each in fake.answer["risk"]["contributions"]}, fake.answer["risk"]

    asyncio.run(run())


def test_who_asks_meanwhile_is_told_what_is_being_done(tmp_path: Path) -> None:
    """The agent by ``get_action``, people at their door; afterwards nothing is being done."""

    async def story(shop: Shop) -> None:
        held = await shop.call(
            "propose_write", sql="DELETE FROM orders WHERE status = 'open'", dry_run=False, idempotency_key="delete-01"
        )
        told: list[str] = []
        loop, journal = asyncio.get_running_loop(), shop.parts.changes.journal
        prepare = journal.prepare

        async def asked() -> None:
            answered = await shop.call("get_action", action_id=held.action_id)
            view = await shop.office.action(STEN, held.action_id)
            told.extend((answered.answer["message"], view.doing))

        def slowly(*args: object, **kwargs: object) -> None:
            asyncio.run_coroutine_threadsafe(asked(), loop).result(20)
            prepare(*args, **kwargs)

        journal.prepare = slowly
        assert (await approved(shop, held.action_id)).state is State.EXECUTED
        assert told == [f"The action is executing. Of 13 rows: {KEEPING}.", KEEPING]
        assert (await shop.office.action(STEN, held.action_id)).doing == ""
        assert shop.parts.changes.stages == {}

    played(tmp_path, story)
