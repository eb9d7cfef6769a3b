"""Guarding an agent's SQL: read, bind, rewrite, for a short text, one of TPC-H's size, one of TPC-DS's size."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable

import sqlglot

from bench.timing import Figure
from metricgate import guarding
from metricgate.guarding import BoundQuery, FunctionAllowlist, GuardedQuery, ReadQuery
from metricgate.vocabulary.relation import GovernedTable, Relation
from metricgate.vocabulary.result import Column, DataType

SCHEMA = {
    "sales": "sale_id customer_id item_id store_id sold_on quantity price discount tax channel",
    "refunds": "refund_id sale_id returned_on amount reason",
    "customers": "customer_id name segment country born_on email",
    "items": "item_id brand category class color list_price",
    "stores": "store_id city state opened_on floor_space",
    "days": "day year quarter month week holiday",
}

SHORT = "SELECT country, count(*) FROM customers WHERE segment = 'home' GROUP BY country ORDER BY 2 DESC LIMIT 10"

MEDIUM = """
SELECT c.country, i.category, extract(year FROM f.sold_on) AS year,
       sum(f.price * (1 - f.discount)) AS revenue, avg(f.quantity) AS quantity, count(DISTINCT f.customer_id) AS buyers
FROM sales f
JOIN customers c ON c.customer_id = f.customer_id
JOIN items i ON i.item_id = f.item_id
WHERE c.segment = 'home' AND f.sold_on >= DATE '2024-01-01' AND f.sold_on < DATE '2024-04-01' AND i.list_price > 10
GROUP BY c.country, i.category, extract(year FROM f.sold_on)
HAVING sum(f.price) > 1000
ORDER BY revenue DESC, c.country
LIMIT 100
"""

LARGE = """
WITH by_customer AS (
  SELECT c.customer_id, c.country, d.year, sum(f.price * f.quantity - f.discount) AS total, 'store' AS kind
  FROM customers c JOIN sales f ON f.customer_id = c.customer_id JOIN days d ON d.day = f.sold_on
  WHERE f.channel = 'store' GROUP BY c.customer_id, c.country, d.year
  UNION ALL
  SELECT c.customer_id, c.country, d.year, sum(f.price * f.quantity - f.discount), 'web'
  FROM customers c JOIN sales f ON f.customer_id = c.customer_id JOIN days d ON d.day = f.sold_on
  WHERE f.channel = 'web' GROUP BY c.customer_id, c.country, d.year
  UNION ALL
  SELECT c.customer_id, c.country, d.year, sum(f.price * f.quantity - f.discount), 'phone'
  FROM customers c JOIN sales f ON f.customer_id = c.customer_id JOIN days d ON d.day = f.sold_on
  WHERE f.channel = 'phone' GROUP BY c.customer_id, c.country, d.year
), returned AS (
  SELECT f.item_id, i.category, sum(r.amount) AS amount, count(*) AS returns,
         rank() OVER (PARTITION BY i.category ORDER BY sum(r.amount) DESC) AS place
  FROM refunds r JOIN sales f ON f.sale_id = r.sale_id JOIN items i ON i.item_id = f.item_id
  GROUP BY f.item_id, i.category
), best AS (
  SELECT s.store_id, s.state, i.brand,
         sum(CASE WHEN d.quarter = 1 THEN f.price ELSE 0 END) AS q1,
         sum(CASE WHEN d.quarter = 2 THEN f.price ELSE 0 END) AS q2,
         sum(CASE WHEN d.quarter = 3 THEN f.price ELSE 0 END) AS q3,
         sum(CASE WHEN d.quarter = 4 THEN f.price ELSE 0 END) AS q4
  FROM sales f JOIN stores s ON s.store_id = f.store_id JOIN items i ON i.item_id = f.item_id
  JOIN days d ON d.day = f.sold_on
  WHERE d.year = 2024 AND f.item_id IN (SELECT item_id FROM returned WHERE place <= 10)
  GROUP BY s.store_id, s.state, i.brand
)
SELECT a.country, a.customer_id, a.total AS store_total, b.total AS web_total, p.total AS phone_total,
       round(b.total / nullif(a.total, 0), 2) AS web_share, coalesce(x.brand, 'none') AS brand,
       x.q1 + x.q2 + x.q3 + x.q4 AS year
FROM by_customer a
JOIN by_customer b ON b.customer_id = a.customer_id AND b.year = a.year AND b.kind = 'web'
LEFT JOIN by_customer p ON p.customer_id = a.customer_id AND p.year = a.year AND p.kind = 'phone'
LEFT JOIN best x ON x.state = a.country
WHERE a.kind = 'store' AND a.year = 2024 AND a.total > (SELECT avg(total) * 1.2 FROM by_customer WHERE kind = 'store')
  AND NOT EXISTS (SELECT 1 FROM refunds r JOIN sales f ON f.sale_id = r.sale_id WHERE f.customer_id = a.customer_id)
ORDER BY a.total DESC, a.customer_id
LIMIT 50
"""

TEXTS = (
    ("short", SHORT, ""),
    ("TPC-H size", MEDIUM, "<= 5,000 (p99 <= 25,000)"),
    ("TPC-DS size", LARGE, ""),
)
ROUNDS = 101


def figures() -> list[Figure]:
    """Measure each text in each dialect with a guard of its own, beside sqlglot's own parsing and writing."""
    return [figure for dialect in ("duckdb", "postgres", "mysql") for figure in _of_dialect(dialect)]


def _of_dialect(dialect: str) -> list[Figure]:
    tables, relations = _governed(dialect)
    book = FunctionAllowlist.all_reviewed(dialect)
    found = []
    for name, text, aim in TEXTS:
        steps = _steps(text, dialect, book, tables, relations)
        times = _times(steps)
        floor = statistics.median(_times(lambda text=text: sqlglot.parse_one(text, read=dialect).sql(dialect)))
        for what, value, target in (
            ("median", statistics.median(times), aim),
            ("p99", statistics.quantiles(times, n=100)[98], ""),
        ):
            found.append(
                Figure(
                    subject=f"guarding, {dialect}",
                    name=f"read, bind, rewrite: {name}, {what}",
                    value=value,
                    unit="µs",
                    floor_name="sqlglot: parse and write the text",
                    floor=floor,
                    aim=target,
                )
            )
    return found


def _steps(
    text: str,
    dialect: str,
    book: FunctionAllowlist,
    tables: tuple[GovernedTable, ...],
    relations: dict[str, Relation],
) -> Callable[[], GuardedQuery]:
    def work() -> GuardedQuery:
        reading = guarding.read(text, dialect=dialect, functions=book)
        assert isinstance(reading, ReadQuery), reading
        bound = guarding.bind(reading, tables)
        assert isinstance(bound, BoundQuery), bound
        guarded = guarding.rewrite(bound, relations, row_limit=1_001)
        assert isinstance(guarded, GuardedQuery), guarded
        return guarded

    return work


def _times(work: Callable[[], object]) -> list[float]:
    """Return microseconds of CPU, call by call: what other processes do to the clock is not the guard's."""
    work()
    # As `metricgate serve` does once it is up.
    gc.collect()
    gc.freeze()
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time_ns()
        work()
        times.append((time.process_time_ns() - begin) / 1_000)
    return times


def _governed(dialect: str) -> tuple[tuple[GovernedTable, ...], dict[str, Relation]]:
    quote, mark = ("`", "@") if dialect == "mysql" else ('"', "$")
    tables = tuple(
        GovernedTable(
            dataset=name,
            source=("shop", name),
            columns=tuple(Column(name=column, type=DataType.STRING) for column in columns.split()),
        )
        for name, columns in SCHEMA.items()
    )
    relations = {
        table.dataset: Relation(
            sql=(
                f"SELECT {', '.join(f'g.{quote}{column.name}{quote}' for column in table.columns)} "
                f"FROM {quote}shop{quote}.{quote}{table.dataset}{quote} AS g WHERE g.{quote}tenant{quote} = {mark}1"
            ),
            parameters=("acme",),
        )
        for table in tables
    }
    return tables, relations


if __name__ == "__main__":
    for figure in figures():
        print(f"{figure.subject:>20} {figure.name:46} {figure.value:9.1f} {figure.unit}  floor {figure.floor:.1f}")
