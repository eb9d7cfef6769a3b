"""What sixteen callers ask: each call of another text, as agents' are."""

from __future__ import annotations

import random
from collections.abc import Mapping

from metricgate.vocabulary.json import Json

CALLERS = 16
_WRITERS = 4
"""The first of them change things; changes of one file take turns, so that more would only wait for one another."""

Call = tuple[str, Mapping[str, Json]]


def next_call(drawn: random.Random, number: int) -> Call:
    """Return the next call of a caller: tool and arguments."""
    key = f"{number}-{drawn.getrandbits(48):x}"
    return _change(drawn, number, key) if number < _WRITERS else _question(drawn, key)


def _change(drawn: random.Random, number: int, key: str) -> Call:
    table = "orders" if number % 2 else "invoices"
    sql = f"UPDATE {table} SET status = '{key[:12]}' WHERE id = {number + 1}"
    run: Mapping[str, Json] = {"dry_run": False, "idempotency_key": key}
    return drawn.choice(
        [
            ("propose_write", {"sql": sql, "because": "soak"}),
            ("propose_write", {"sql": sql, "because": "soak", **run}),
            ("propose_write", {"sql": f"DELETE FROM {table} WHERE id = {drawn.randrange(10**6)}", **run}),
            ("propose_write", {"sql": f"UPDATE {table} SET nope = 1 WHERE id = {drawn.randrange(10**6)}"}),
        ]
    )


def _question(drawn: random.Random, key: str) -> Call:
    number = drawn.randrange(10**6)
    where, sql = drawn.choice(
        [
            ("shop", f"SELECT id, status FROM orders WHERE id > {number} LIMIT 3"),
            ("shop", f"SELECT region, COUNT(*) AS n FROM customers WHERE name <> '{key}' GROUP BY region"),
            ("files", f"SELECT id, amount FROM lines WHERE id < {number} ORDER BY id LIMIT 20"),
            ("files", f"SELECT COUNT(*) AS n FROM lines WHERE amount <> {number}"),
            ("bills", f"SELECT id, status FROM invoices WHERE id <> {number}"),
            ("bills", f"SELECT count(*) AS n FROM invoices WHERE status <> '{key}'"),
            ("shop", f"SELECT id FROM orders WHERE nope = '{key}'"),
            ("bills", f"DROP TABLE {key}"),
        ]
    )
    others: list[Call] = [
        ("query_metrics", {"metrics": ["nope"], "limit": 1 + number}),
        ("describe_dataset", {}),
        ("describe_dataset", {"dataset": drawn.choice(["orders", "lines", key])}),
        ("search_catalog", {"text": key}),
        ("nope", {"key": key}),
    ]
    return drawn.choice([("query_sql", {"sql": sql, "warehouse": where}), drawn.choice(others)])
