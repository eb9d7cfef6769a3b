#!/usr/bin/env bash
# DuckDB 2.0.0 finds no groups where their rows are joined to a table without rows, and HAVING compares a sum of the join's key.
#
# A LEFT JOIN keeps every row of its left side; here two of three groups have a sum over 1. With a WHERE on the key of the join the
# answer is empty, without an error. One row in the empty table that matches nothing, no WHERE, or the optimizer
# `statistics_propagation` off: two rows.
#
# Seen with duckdb 2.0.0. Needs python3. Exits 1 if it changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.0
cat > run.py <<'PY'
import duckdb

grouped = (
    "SELECT sales.day, SUM(sales.k) AS amount FROM sales LEFT JOIN kinds ON kinds.k = sales.k {} "
    "GROUP BY 1 HAVING SUM(sales.k) > 1 ORDER BY 1"
)
connection = duckdb.connect()
connection.execute("CREATE TABLE kinds (k INTEGER); CREATE TABLE sales (k INTEGER, day INTEGER)")
connection.execute("INSERT INTO sales VALUES (7, 1), (5, 2), (-4, 3)")


def told(what: str, where: str) -> None:
    print(f"{what}: {connection.execute(grouped.format(where)).fetchall()}")


told("as it comes", "WHERE sales.k <> 1")
told("without WHERE", "")
connection.execute("SET disabled_optimizers = 'statistics_propagation'")
told("without statistics_propagation", "WHERE sales.k <> 1")
connection.execute("RESET disabled_optimizers; INSERT INTO kinds VALUES (99)")
told("with one row beside it", "WHERE sales.k <> 1")
PY
python/bin/python run.py | tee seen.txt
grep -qxF 'as it comes: []' seen.txt
test "$(grep -cF ': [(1, 7), (2, 5)]' seen.txt)" = 3
