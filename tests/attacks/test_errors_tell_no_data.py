"""An agent's own errors, on each live engine: told by class and place, never by the engine's words, which quote rows.

The sentinel is a value of a row that the engine's words hold in most of these errors; nothing here is answered, so that
it could come from the engine's words alone. It is long enough not to stand in a receipt's hashes by chance.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from conformance.sql_safety.probing import probe
from tests.attacks.test_live import SUITE

ERRORS: dict[str, dict[str, tuple[str, ...]]] = {
    "E_SQL_DIVISION_BY_ZERO": {
        "duckdb": ("SELECT 7 % (amount - amount) AS x FROM orders", "SELECT amount // 0 AS x FROM orders"),
        "postgres": ("SELECT 7 % (amount - amount) AS x FROM orders", "SELECT 1 / (amount - amount) AS x FROM orders"),
    },
    "E_SQL_BAD_CAST": {
        "duckdb": (
            "SELECT CAST(name AS INTEGER) AS x FROM customers",
            "SELECT CAST(name AS JSON) AS x FROM customers",
            "SELECT id FROM customers WHERE name",
            "SELECT id FROM customers WHERE CAST(name AS INTEGER) = 1 ORDER BY CAST(name AS INTEGER)",
            "SELECT CAST(name || CHR(10) || CHR(10) || 'LINE 1: SELECT' AS INTEGER) AS x FROM customers",
        ),
        "postgres": (
            "SELECT CAST(name AS INTEGER) AS x FROM customers",
            "SELECT CAST(name AS JSON) AS x FROM customers",
            "SELECT CAST(name AS UUID) AS x FROM customers",
        ),
    },
    "E_SQL_OUT_OF_RANGE": {
        "duckdb": (
            "SELECT amount * 9223372036854775807 AS x FROM orders",
            "SELECT CAST(amount * 100 AS TINYINT) AS x FROM orders",
        ),
        "postgres": (
            "SELECT amount * 2147483647 AS x FROM orders",
            "SELECT CAST(amount * 10000 AS SMALLINT) AS x FROM orders",
        ),
        "mariadb": ("SELECT amount * 9223372036854775807 AS x FROM orders", "SELECT EXP(amount * 1000) FROM orders"),
    },
    "E_SQL_BAD_TIME": {
        "duckdb": ("SELECT CAST(name AS DATE) AS x FROM customers", "SELECT strptime(name, '%Y') FROM customers"),
        "postgres": ("SELECT CAST(name AS DATE) AS x FROM customers", "SELECT TO_DATE(name, 'YYYY') FROM customers"),
        "mariadb": ("SELECT DATE '2020-02-30' AS x FROM customers",),
    },
    "E_SQL_MANY_ROWS": dict.fromkeys(("duckdb", "postgres", "mariadb"), ("SELECT (SELECT id FROM orders) AS x",)),
    "E_SQL_BAD_ARGUMENT": {
        "duckdb": (
            "SELECT regexp_matches(name, name || '(') AS x FROM customers",
            "SELECT MAP([name, name], [1, 2]) AS x FROM customers",
            "SELECT date_trunc(name, DATE '2020-01-01') AS x FROM customers",
        ),
        "postgres": (
            "SELECT name ~ (name || '(') AS x FROM customers",
            "SELECT LN(id - 1) AS x FROM customers",
        ),
        "mariadb": ("SELECT NTILE(0) OVER (ORDER BY id) AS x FROM customers",),
    },
    "E_SQL_GROUPING": {
        "duckdb": ("SELECT name, SUM(id) AS s FROM customers", "SELECT SUM(SUM(id)) AS x FROM customers"),
        "postgres": ("SELECT name, SUM(id) AS s FROM customers", "SELECT SUM(SUM(id)) AS x FROM customers"),
        "mariadb": ("SELECT SUM(SUM(id)) AS x FROM customers",),
    },
    "E_SQL_NO_FUNCTION": {
        "duckdb": ("SELECT name + 1 AS x FROM customers",),
        "postgres": ("SELECT name + 1 AS x FROM customers", "SELECT id = name AS x FROM customers"),
    },
    "E_SQL_MIXED_TYPES": {
        "duckdb": ("SELECT id, id IN (SELECT id, region FROM customers) AS x FROM customers",),
        "postgres": (
            "SELECT CASE WHEN id = 1 THEN name ELSE 1.5 END AS x FROM customers",
            "SELECT id FROM customers UNION SELECT name FROM customers",
        ),
        "mariadb": ("SELECT id FROM customers WHERE (id, name) = (SELECT 1)",),
    },
}
"""By class and engine. MariaDB gives NULL, with a warning that nobody sees, for most that fails elsewhere."""


@pytest.mark.parametrize("engine", ["duckdb", "postgres", "mariadb"])
def test_errors_have_a_class_and_quote_nothing(engine: str) -> None:
    """Not in the refusal, its receipt, logs, spans or metrics; a refusal of the caller's, not a fault of ours."""
    expected = [(code, sql) for code, engines in ERRORS.items() for sql in engines.get(engine, ())]
    report = probe(replace(SUITE, sentinel="Annamaria"), engine, [sql for _code, sql in expected])
    assert [(each.how, each.sql) for each in report.probed] == expected
    assert not report.leaking, [each.sql for each in report.leaking]
    assert not report.beside
