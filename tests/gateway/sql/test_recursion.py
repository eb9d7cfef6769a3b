"""Recursive CTEs on each live engine: those that count their steps are answered in full, the others are refused."""

from __future__ import annotations

import pytest
from conformance.sql_safety.probing import ENGINES, asked
from tests.gateway.sql.test_parameters import SUITE

from metricgate.gateway.outcome import Answered, Outcome, RefusedCall

TREE = (
    "WITH RECURSIVE t(id, customer_id, step) AS (SELECT id, customer_id, 1 FROM orders WHERE id = 3 UNION ALL "
    "SELECT o.id, o.customer_id, t.step + 1 FROM orders o JOIN t ON o.id = t.customer_id WHERE t.step < 3) "
)
ANSWERED = {
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r ORDER BY n": [
        [1], [2], [3], [4], [5],
    ],
    "WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 1000) SELECT COUNT(*), MAX(n) FROM r": [
        [1001, 1000]
    ],
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT 2 + r.n FROM r WHERE 10 >= (r.n)) SELECT SUM(n) FROM r": [[36]],
    f"{TREE} SELECT id, step FROM t ORDER BY step": [[3, 1], [1, 2], [1, 3]],
    f"{TREE} SELECT COUNT(*) FROM t JOIN customers c ON c.id = t.customer_id": [[3]],
    "WITH RECURSIVE r(n, s) AS (SELECT 1, CAST('x' AS CHAR(20)) UNION ALL SELECT n + 1, s FROM r WHERE n < 3 AND "
    "(s = 'x' OR n = 1)), other AS (SELECT COUNT(*) AS c FROM r) SELECT c FROM other": [[3]],
}  # fmt: skip
REFUSED = (
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r WHERE n < 5) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n - 1 FROM r WHERE n < 5) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 0 FROM r WHERE n < 5) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5 OR 1 = 1) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE NOT n < 5) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n > 0) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n <> 5) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 1000000000) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT -5000 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < (SELECT 5)) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n, 1 AS m UNION ALL SELECT n + 1, m FROM r WHERE m < 5) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n, 1 AS m UNION ALL SELECT m, n + 1 FROM r WHERE n < 5) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT amount AS n FROM orders UNION ALL SELECT n + 1 FROM r WHERE n < 50) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT o.amount + 1 FROM r, orders o WHERE o.amount < 50) SELECT 1",
    (
        "WITH RECURSIVE r AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM orders LEFT JOIN r USING (id) WHERE id < 5) "
        "SELECT id FROM r"
    ),
    (
        "WITH RECURSIVE r AS (SELECT 1 AS id UNION ALL SELECT r.id + 1 FROM r FULL JOIN orders o ON o.id = r.id "
        "WHERE r.id < 5) SELECT id FROM r"
    ),
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT a.n + 1 FROM r a, r b WHERE a.n < 5) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM (SELECT * FROM r) x WHERE n < 5) SELECT n FROM r",
    (
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5 AND EXISTS (SELECT 1 FROM r)) "
        "SELECT n FROM r"
    ),
    (
        "WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM b WHERE n < 5), b AS (SELECT n FROM a) "
        "SELECT n FROM a"
    ),
    "WITH RECURSIVE orders AS (SELECT id FROM orders) SELECT id FROM orders",
    (
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5 UNION ALL SELECT n FROM r) "
        "SELECT n FROM r"
    ),
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT ssn FROM customers",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r, secrets WHERE n < 5) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT v, 1 AS n FROM secrets UNION ALL SELECT v, n + 1 FROM r WHERE n < 5) SELECT v FROM r",
)


def _of(outcome: Outcome) -> object:
    return [list(row) for row in outcome.answer["rows"]] if isinstance(outcome, Answered) else str(outcome)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_counted_recursion_is_answered_in_full(engine: str) -> None:
    """Also at the most steps there may be, which MariaDB would cut in silence; hidden rows are in no step."""
    found = asked(SUITE, engine, [{"sql": sql} for sql in ANSWERED])
    assert dict(zip(ANSWERED, map(_of, found), strict=True)) == ANSWERED


@pytest.mark.parametrize("engine", ENGINES)
def test_whatever_might_not_end_is_refused(engine: str) -> None:
    """By the reason, and with what to write; and a bounded one reads no more than the caller may."""
    found = asked(SUITE, engine, [{"sql": sql} for sql in REFUSED])
    assert [sql for sql, outcome in zip(REFUSED, found, strict=True) if not isinstance(outcome, RefusedCall)] == []
    assert all(outcome.problems.first.hint for outcome in found if isinstance(outcome, RefusedCall))
    assert {outcome.problems.first.code.name for outcome in found[:-4] if isinstance(outcome, RefusedCall)} == {
        "E_SQL_CONSTRUCT"
    }
