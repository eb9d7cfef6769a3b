"""What sixteen callers ask: each call of another text, as agents' are."""

from __future__ import annotations

import random
from collections.abc import Mapping

from metricgate.vocabulary.json import Json

CALLERS = 16
_WRITERS = 4
"""The first of them change things; changes of one file take turns, so that more would only wait for one another."""

_GOOD = 0.6
"""The share of questions that are answered."""

Call = tuple[str, Mapping[str, Json]]


def next_call(drawn: random.Random, number: int) -> Call:
    """Return the next call of a caller: tool and arguments."""
    if number >= _WRITERS:
        return question(drawn, good=drawn.random() < _GOOD)
    what = drawn.choice(["dry run", "change", "held", "bad"])
    return change(drawn, number, what)


def change(drawn: random.Random, number: int, what: str) -> Call:
    """Return a change of a caller's own row: ``dry run``, ``change``, ``held`` (a person has to decide), or ``bad``."""
    key = _key(drawn, number)
    table = "orders" if number % 2 else "invoices"
    sql = f"UPDATE {table} SET status = '{key[:12]}' WHERE id = {number % 4 + 1}"
    run: Mapping[str, Json] = {"dry_run": False, "idempotency_key": key}
    match what:
        case "dry run":
            return "propose_write", {"sql": sql, "because": "soak"}
        case "change":
            return "propose_write", {"sql": sql, "because": "soak", **run}
        case "held":
            return "propose_write", {"sql": f"DELETE FROM {table} WHERE id = {drawn.randrange(10**6)}", **run}
        case _:
            return "propose_write", {"sql": f"UPDATE {table} SET nope = 1 WHERE id = {drawn.randrange(10**6)}"}


def question(drawn: random.Random, *, good: bool) -> Call:
    """Return a question that is answered, or one that is refused."""
    key, number = _key(drawn, 0), drawn.randrange(10**6)
    answered: list[Call] = [
        _sql("shop", f"SELECT id, status FROM orders WHERE id > {number} LIMIT 3"),
        _sql("shop", f"SELECT region, COUNT(*) AS n FROM customers WHERE name <> '{key}' GROUP BY region"),
        _sql("files", f"SELECT id, amount FROM lines WHERE id < {number} ORDER BY id LIMIT 20"),
        _sql("files", f"SELECT COUNT(*) AS n FROM lines WHERE amount <> {number}"),
        _sql("bills", f"SELECT id, status FROM invoices WHERE id <> {number}"),
        _sql("bills", f"SELECT count(*) AS n FROM invoices WHERE status <> '{key}'"),
        ("describe_dataset", {}),
        ("describe_dataset", {"dataset": drawn.choice(["orders", "lines"])}),
        ("search_catalog", {"text": key}),
    ]
    refused: list[Call] = [
        _sql("shop", f"SELECT id FROM orders WHERE nope = '{key}'"),
        _sql("bills", f"DROP TABLE {key}"),
        ("query_metrics", {"metrics": ["nope"], "limit": 1 + number}),
        ("describe_dataset", {"dataset": key}),
        ("nope", {"key": key}),
    ]
    return drawn.choice(answered if good else refused)


def _sql(warehouse: str, sql: str) -> Call:
    return "query_sql", {"sql": sql, "warehouse": warehouse}


def _key(drawn: random.Random, number: int) -> str:
    return f"{number}-{drawn.getrandbits(48):x}"
