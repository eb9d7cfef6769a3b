"""DDL from the proposal to the undo: off unless granted, always held, set aside, brought back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from tests.gateway.changes.shop import POLICY, STEN, Shop, opened, write_shop
from tests.gateway.changes.test_changes import approved

from metricgate.approvals.proposal import State
from metricgate.gateway.outcome import Answered, Held, RefusedCall
from metricgate.operations.maintenance import tidy
from metricgate.vocabulary.problem import Problems

GRANT = """  - {id: drops, roles: [desk], actions: [drop, alter], on: ["dataset:orders", "dataset:customers"]}
row_filters:"""
GRANTED = POLICY.replace("row_filters:", GRANT).replace(
    '"column:orders.*"]}', '"column:orders.*", "column:orders.amount"]}'
)


def played(folder: Path, story: Callable[[Shop], Awaitable[None]], policy: str = GRANTED) -> Path:
    async def run() -> None:
        async with opened(write_shop(folder / "shop", policy=policy)) as shop:
            await story(shop)

    asyncio.run(run())
    return folder / "shop" / "data.duckdb"


async def held(shop: Shop, sql: str) -> str:
    """Propose it, and return the id of the action that waits."""
    outcome = await shop.call("propose_write", sql=sql, dry_run=False, idempotency_key=sql[:40].replace(" ", "-"))
    assert isinstance(outcome, Held), outcome
    return outcome.action_id


def test_a_table_is_dropped_and_brought_back(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        shown = await shop.call("propose_write", sql="DROP TABLE orders")
        assert isinstance(shown, Answered), shown
        assert (shown.answer["state"], shown.answer["would"]) == ("previewed", "hold")
        preview = shown.answer["preview"]
        assert preview["structure"]["says"].endswith("orders with its 40 rows")
        assert preview["rows"]["delete"] == 40
        assert preview["reversibility"] == "R0"
        action = await approved(shop, await held(shop, "DROP TABLE orders"))
        assert action.state is State.EXECUTED, action.outcome
        gone = await shop.call("query_sql", sql="SELECT count(*) FROM orders")
        assert not isinstance(gone, Answered)
        undo = await shop.office.undo(STEN, action.id, reason="a mistake")
        assert not isinstance(undo, Problems), undo
        assert undo.state is State.EXECUTED, undo.outcome
        assert await shop.rows("SELECT count(*) FROM orders") == [[40]]
        known = await shop.call("get_action", action_id=action.id)
        assert known.answer["state"] == "undone"

    played(tmp_path, story)


def test_a_column_goes_and_comes_back(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        action = await approved(shop, await held(shop, "ALTER TABLE customers DROP COLUMN email"))
        assert action.state is State.EXECUTED, action.outcome
        assert action.preview.labels == ("pii",)
        assert action.proposal.reversibility == "R1"
        undo = await shop.office.undo(STEN, action.id, reason="a mistake")
        assert not isinstance(undo, Problems), undo
        assert undo.state is State.EXECUTED, undo.outcome

    file = played(tmp_path, story)
    with duckdb.connect(str(file)) as connection:
        assert connection.execute("SELECT email FROM customers WHERE id = 1").fetchall() == [("ana@x.example",)]


def test_what_was_set_aside_goes_when_its_undo_ends(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        action = await approved(shop, await held(shop, "DROP TABLE orders"))
        services = shop.parts.changes
        late = services.now() + timedelta(days=services.settings.undo_days, minutes=1)
        await tidy(services, late)
        undo = await shop.office.undo(STEN, action.id, reason="a mistake")
        assert isinstance(undo, Problems)
        assert undo.first.code.name == "E_NOTHING_TO_UNDO"

    file = played(tmp_path, story)
    with duckdb.connect(str(file)) as connection:
        found = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert sorted(name for (name,) in found) == ["customers", "metricgate_applied"]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("DROP TABLE orders CASCADE", "E_SQL_CONSTRUCT"),
        ("DROP TABLE IF EXISTS orders", "E_SQL_CONSTRUCT"),
        ("DROP TABLE orders, customers", "E_SQL_CONSTRUCT"),
        ("DROP TABLE orders; DROP TABLE customers", "E_SQL_SEVERAL_STATEMENTS"),
        ("DROP TABLE orders -- \n; DELETE FROM customers WHERE id = 1", "E_SQL_SEVERAL_STATEMENTS"),
        ("DROP VIEW orders", "E_SQL_CONSTRUCT"),
        ("DROP SCHEMA main", "E_SQL_CONSTRUCT"),
        ("DROP DATABASE data", "E_SQL_CONSTRUCT"),
        ("DROP TABLE metricgate_applied", "E_WRITE_UNKNOWN_TARGET"),
        ("DROP TABLE main.metricgate_aside_act_1", "E_WRITE_UNKNOWN_TARGET"),
        ("DROP TABLE information_schema.tables", "E_WRITE_UNKNOWN_TARGET"),
        ("DROP TABLE other.main.orders", "E_WRITE_UNKNOWN_TARGET"),
        ("ALTER TABLE orders RENAME TO gone", "E_SQL_CONSTRUCT"),
        ("ALTER TABLE orders ADD COLUMN c INT, DROP COLUMN status", "E_SQL_CONSTRUCT"),
        ("ALTER TABLE orders ADD COLUMN c INT DEFAULT 5", "E_SQL_CONSTRUCT"),
        ("ALTER TABLE orders ADD COLUMN c serial", "E_SQL_TYPE"),
        ("ALTER TABLE orders ALTER COLUMN status TYPE INT", "E_SQL_CONSTRUCT"),
        ("ALTER TABLE orders SET SCHEMA other", "E_SQL_CONSTRUCT"),
        ("ALTER TABLE orders ADD COLUMN status INT", "E_WRITE_UNKNOWN_COLUMN"),
        ("ALTER TABLE orders DROP COLUMN stauts", "E_WRITE_UNKNOWN_COLUMN"),
        ("ALTER TABLE orders DROP COLUMN id", "E_DEPENDED_ON"),
        ("ALTER TABLE customers RENAME COLUMN email TO note", "E_NOT_CHANGEABLE"),
        ("ALTER TABLE customers RENAME COLUMN EMAIL TO note", "E_NOT_CHANGEABLE"),
        ("ALTER TABLE orders RENAME COLUMN amount TO sum", "E_NOT_CHANGEABLE"),
        ("ALTER TABLE orders RENAME COLUMN status TO amount", "E_WRITE_UNKNOWN_COLUMN"),
        ("CREATE TABLE x (id INT)", "E_SQL_NO_WRITE"),
        ("GRANT ALL ON orders TO desk", "E_SQL_NO_WRITE"),
    ],
)
def test_ddl_of_other_kinds_is_refused(one_shop: Callable[..., object], sql: str, code: str) -> None:
    outcome = one_shop("propose_write", sql=sql)
    assert isinstance(outcome, RefusedCall), outcome
    assert outcome.problems.first.code.name == code
    if code == "E_SQL_CONSTRUCT":
        assert "ALTER TABLE t ADD COLUMN c type" in outcome.problems.first.hint, "it says what can be proposed"


@pytest.fixture(scope="module")
def one_shop(tmp_path_factory: pytest.TempPathFactory):
    with asyncio.Runner() as runner:
        context = opened(write_shop(tmp_path_factory.mktemp("ddl") / "shop", policy=GRANTED))
        shop = runner.run(context.__aenter__())
        yield lambda tool, **arguments: runner.run(shop.call(tool, **arguments))
        runner.run(context.__aexit__(None, None, None))


def test_it_is_off_unless_granted_and_stays_off_in_part(tmp_path: Path) -> None:
    """A star among the actions of a grant grants no DDL; who sees a part of the rows drops none of them."""
    star = POLICY.replace("actions: [truncate], on", 'actions: ["*"], on')

    async def not_granted(shop: Shop) -> None:
        for sql in ("DROP TABLE orders", "ALTER TABLE orders DROP COLUMN status"):
            outcome = await shop.call("propose_write", sql=sql)
            assert isinstance(outcome, RefusedCall), outcome
            assert outcome.rules

    async def in_part(shop: Shop) -> None:
        outcome = await shop.call("propose_write", sql="DROP TABLE customers", user="dora")
        assert isinstance(outcome, RefusedCall), outcome
        assert outcome.problems.first.code.name == "E_NOT_CHANGEABLE"

    played(tmp_path / "a", not_granted, POLICY)
    with pytest.raises(Exception, match="problems"):
        played(tmp_path / "b", not_granted, star)
    played(tmp_path / "c", in_part)


def test_a_table_that_changed_since_is_left_alone(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        waits = await held(shop, "DROP TABLE orders")
        change = "INSERT INTO orders (id, customer_id, status, amount) VALUES (99, 1, 'open', 1)"
        first = await shop.call("propose_write", sql=change, dry_run=False, idempotency_key="one-more")
        assert isinstance(first, Answered), first
        action = await approved(shop, waits)
        assert action.state is State.FAILED
        assert action.outcome.code == "E_ROWS_CHANGED"
        assert await shop.rows("SELECT count(*) FROM orders") == [[41]]

    played(tmp_path, story)
