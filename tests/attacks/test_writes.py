"""Attempts on the lane of changes: SQL that does more than it says, reaches too far, or slips past people."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.gateway.changes.shop import POLICY, STEN, Shop, opened, write_shop

from metricgate.gateway.outcome import Held, RefusedCall
from metricgate.vocabulary.problem import Problems

SECRETS = POLICY.replace(
    'on: ["dataset:*", "column:*", "function:*"]}',
    'on: ["dataset:customers", "dataset:orders", "column:customers.*", "column:orders.*", "function:*"]}\n'
    '  - {id: no-credit, roles: [desk], actions: [read], on: ["column:customers.credit"], effect: deny}\n'
    '  - {id: no-key, roles: [desk], actions: [read], on: ["column:orders.id"], effect: deny}',
).replace(
    "row_filters:", "masks:\n  - {id: hush, roles: [desk], on: [column:customers.email], method: hash}\nrow_filters:"
)

ATTEMPTS = {
    "stacked": "UPDATE customers SET segment = 'x' WHERE id = 1; DROP TABLE orders",
    "stacked after a comment": "UPDATE customers SET segment = 'x' WHERE id = 1 -- \n; DELETE FROM orders WHERE id > 0",
    "commit first": "COMMIT; DROP TABLE customers",
    "begin first": "BEGIN; DELETE FROM customers WHERE id = 1; COMMIT",
    "ddl": "DROP TABLE customers",
    "alter": "ALTER TABLE customers ADD COLUMN x INTEGER",
    "create": "CREATE TABLE mine AS SELECT * FROM customers",
    "create or replace": "CREATE OR REPLACE TABLE customers AS SELECT 1 AS id",
    "copy out": "COPY customers TO '/tmp/out.csv'",
    "copy in": "COPY customers FROM '/etc/passwd'",
    "attach": "ATTACH '/tmp/other.duckdb' AS other",
    "pragma": "PRAGMA database_list",
    "set": "SET enable_external_access = true",
    "install": "INSTALL httpfs",
    "call": "CALL pragma_version()",
    "export": "EXPORT DATABASE '/tmp/x'",
    "no where": "DELETE FROM customers",
    "where true": "DELETE FROM customers WHERE true",
    "where one is one": "UPDATE customers SET segment = 'x' WHERE 1 = 1",
    "returning": "DELETE FROM customers WHERE id = 1 RETURNING email",
    "on conflict": "INSERT INTO customers (id, name) VALUES (1, 'x') ON CONFLICT DO UPDATE SET email = 'x'",
    "insert or replace": "INSERT OR REPLACE INTO customers (id, name) VALUES (1, 'x')",
    "cte that changes": "WITH gone AS (DELETE FROM orders RETURNING *) INSERT INTO customers (id, name) SELECT 9, 'x'",
    "select that is a query": "SELECT * FROM customers",
    "several at once": "UPDATE customers SET (segment, region) = ('a', 'b') WHERE id = 1",
    "another target": "UPDATE secrets SET value = 'x' WHERE id = 1",
    "the marker": "DELETE FROM metricgate_applied WHERE action_id <> ''",
    "the catalogue": "DELETE FROM information_schema.tables WHERE table_name = 'customers'",
    "another schema": "UPDATE other.main.customers SET segment = 'x' WHERE id = 1",
    "a file as target": "INSERT INTO 'customers.csv' (id) VALUES (1)",
    "a function as source": "INSERT INTO customers (id, name) SELECT 9, content FROM read_text('/etc/passwd')",
    "a file as source": "INSERT INTO customers (id, name) SELECT 9, column0 FROM '/etc/passwd'",
    "hidden table as source": "INSERT INTO customers (id, name) SELECT id, value FROM secrets",
    "hidden table in a sub-query": "UPDATE customers SET segment = (SELECT max(value) FROM secrets) WHERE id = 1",
    "hidden table in where": "DELETE FROM customers WHERE id = 1 AND 'S1' IN (SELECT value FROM secrets)",
    "hidden table by merge": (
        "MERGE INTO customers USING secrets AS s ON customers.id = s.id WHEN MATCHED THEN UPDATE SET segment = s.value"
    ),
    "hidden column as value": "UPDATE customers SET segment = CAST(credit AS VARCHAR) WHERE id = 1",
    "hidden column in where": "DELETE FROM customers WHERE credit > 10",
    "masked column as value": "UPDATE customers SET segment = email WHERE id = 1",
    "masked column in where": "DELETE FROM customers WHERE email LIKE 'ana%'",
    "masked column by star": "INSERT INTO customers (id, name, segment, region, email) SELECT id + 50, name, segment, "
    "region, email FROM customers",
    "hidden key": "DELETE FROM orders WHERE status = 'open'",
    "sequence": "UPDATE customers SET segment = nextval('s') WHERE id = 1",
    "setting": "UPDATE customers SET segment = current_setting('memory_limit') WHERE id = 1",
    "environment": "UPDATE customers SET segment = getenv('HOME') WHERE id = 1",
    "sleep": "UPDATE customers SET segment = sleep_ms(10000) WHERE id = 1",
    "default": "UPDATE customers SET segment = DEFAULT WHERE id = 1",
    "bound parameter": "UPDATE customers SET segment = $1 WHERE id = 1",
    "named parameter": "UPDATE customers SET segment = :segment WHERE id = 1",
    "row pointer": "DELETE FROM customers WHERE rowid = 0",
    "quoted twice": 'UPDATE "customers"" SET segment = \'x\' WHERE id = 1 --" SET a = 1',
    "nul": "UPDATE customers SET segment = 'a\x00b' WHERE id = 1",
    "denied column": "UPDATE customers SET email = 'evil@x.example' WHERE id = 1",
    "denied column by insert": "INSERT INTO orders (id, customer_id, status, secret) VALUES (99, 1, 'x', 'y')",
    "deep": "UPDATE customers SET segment = 'x' WHERE " + "(" * 300 + "id = 1" + ")" * 300,
    "long": "UPDATE customers SET segment = '" + "x" * 70_000 + "' WHERE id = 1",
    "many": "INSERT INTO orders (id, customer_id) SELECT n, 1 FROM generate_series(1, 100000000) AS g(n)",
    "truncate what is not granted": "TRUNCATE customers",
    "delete with limit": "DELETE FROM customers WHERE id > 0 LIMIT 1",
    "update of a view's rows": "UPDATE duckdb_tables() SET table_name = 'x' WHERE table_name = 'customers'",
    "alias games": "UPDATE customers AS orders SET segment = 'x' FROM secrets AS customers WHERE orders.id = 1",
    "explain": "EXPLAIN ANALYZE DELETE FROM customers WHERE id = 1",
    "prepared": "PREPARE p AS DELETE FROM customers WHERE id = 1",
    "vacuum": "VACUUM",
    "checkpoint": "FORCE CHECKPOINT",
}
"""What is tried -> the text. None of them may be carried out, held, or even shown."""


async def _state(shop: Shop) -> list[object]:
    rows = await shop.rows("SELECT id, name, segment, region FROM customers ORDER BY id")
    count = await shop.rows("SELECT count(*), sum(amount) FROM orders")
    return [rows, count]


def test_no_attempt_gets_through(tmp_path: Path) -> None:
    """Each is refused, whether it is a dry run or meant, and nothing is changed by all of them together."""

    async def run() -> None:
        folder = write_shop(tmp_path / "shop", policy=SECRETS)
        async with opened(folder) as shop:
            before = await _state(shop)
            for name, sql in ATTEMPTS.items():
                for more in ({}, {"dry_run": False, "idempotency_key": f"attempt-{abs(hash(name))}"}):
                    outcome = await shop.call("propose_write", sql=sql, **more)
                    assert isinstance(outcome, RefusedCall), (name, outcome)
                    told = " ".join(problem.message for problem in outcome.problems)
                    assert "10.50" not in told, name
                    assert "ana@x.example" not in told, name
            assert await _state(shop) == before

    asyncio.run(run())


HOSTILE = "'; DELETE FROM customers; -- <script>alert(1)</script> \u202e\u0000"


@pytest.mark.parametrize(
    "arguments",
    [
        {"id": "1 OR 1=1"},
        {"id": 1, "segment": HOSTILE},
        {"id": 1, "segment": "gold'--"},
        {"id": [1, 2]},
        {"id": 1, "sql": "DELETE FROM customers WHERE id > 0"},
        {"id": True},
        {"id": 1.5},
        {"id": -1},
        {},
    ],
    ids=str,
)
def test_parameters_of_actions_are_values(tmp_path: Path, arguments) -> None:
    """What is no value of the parameter's type and bounds is refused."""

    async def run() -> None:
        async with opened(write_shop(tmp_path / "shop")) as shop:
            outcome = await shop.call("action_pause_customer", **arguments)
            assert isinstance(outcome, RefusedCall)

    asyncio.run(run())


def test_an_approval_is_of_one_thing_only(tmp_path: Path) -> None:
    """Neither another action's digest, nor one that was never shown, nor an agent's word counts as a decision."""

    async def run() -> None:
        async with opened(write_shop(tmp_path / "shop")) as shop:
            held = [
                await shop.call(
                    "propose_write",
                    sql=f"DELETE FROM orders WHERE id = {number}",
                    dry_run=False,
                    idempotency_key=f"delete-{number}",
                )
                for number in (1, 2)
            ]
            assert all(isinstance(each, Held) for each in held)
            first, second = [await shop.office.action(STEN, each.action_id) for each in held]

            async def decided(action_id: str, shown: str, bound: str, reason: str = "fine") -> str:
                done = await shop.office.decide(
                    STEN, action_id, approves=True, reason=reason, shown_digest=shown, bound_to=bound
                )
                return done.first.code.name if isinstance(done, Problems) else str(done.state)

            one, other = first.action.proposal.digest, second.action.proposal.digest
            assert await decided(first.action.id, first.shown_digest, other) == "E_NOT_WHAT_WAS_SHOWN"
            assert await decided(first.action.id, "sha256:" + "0" * 64, one) == "E_NOT_WHAT_WAS_SHOWN"
            assert await decided(first.action.id, first.shown_digest, one, reason="  ") == "E_REASON_MISSING"
            assert await decided(first.action.id, first.shown_digest, one) == "executed"
            assert await decided(first.action.id, first.shown_digest, one) == "E_NOT_DECIDABLE"
            assert await shop.rows("SELECT count(*) FROM orders") == [[39]]

    asyncio.run(run())


def test_a_policy_that_changed_meanwhile_voids_the_approval(tmp_path: Path) -> None:
    """What was decided under another wording of a rule that took part is not carried out."""

    async def run() -> None:
        folder = write_shop(tmp_path / "shop")
        async with opened(folder) as shop:
            held = await shop.call(
                "propose_write", sql="DELETE FROM orders WHERE id = 1", dry_run=False, idempotency_key="delete-1"
            )
            view = await shop.office.action(STEN, held.action_id)
            (folder / "policies" / "all.yaml").write_text(POLICY.replace("is looked at first", "is seen first"))
            shop.parts.governance.reload()
            done = await shop.office.decide(
                STEN,
                held.action_id,
                approves=True,
                reason="fine",
                shown_digest=view.shown_digest,
                bound_to=view.action.proposal.digest,
            )
            assert str(done.state) == "failed"
            assert done.outcome.code == "E_GOVERNANCE_CHANGED"
            assert await shop.rows("SELECT count(*) FROM orders") == [[40]]

    asyncio.run(run())
