#!/usr/bin/env bash
# sqlglot writes `ORDER BY NOT a NULLS LAST` for MySQL without the brackets that it needs: rows without a value come first.
#
# MySQL has no NULLS LAST, so a CASE is put before the key: `CASE WHEN NOT a IS NULL THEN 1 ELSE 0 END`. That reads as
# `NOT (a IS NULL)`, which is the opposite of `(NOT a) IS NULL`. DuckDB reads NOT and IS as MySQL does; there both texts
# are run.
#
# Seen with sqlglot 30.30.0, and DuckDB 2.0.0 to run them. Needs python3. Exits 1 if it changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.0
cat > run.py <<'PY'
import duckdb
import sqlglot

sent = "SELECT a FROM (VALUES (TRUE), (NULL), (FALSE)) AS t(a) ORDER BY NOT a NULLS LAST"
ends = sqlglot.transpile(sent, read="postgres", write="mysql")[0].partition(" ORDER BY ")[2]
written = sent.partition(" ORDER BY ")[0] + " ORDER BY " + ends
for name, text in (("sent", sent), ("written", written)):
    print(name, [row[0] for row in duckdb.sql(text).fetchall()], "<-", text.partition(" ORDER BY ")[2])
PY
python/bin/python run.py | tee seen.txt
grep -qF 'sent [True, False, None] <- NOT a NULLS LAST' seen.txt
grep -qF 'written [None, True, False] <- CASE WHEN NOT a IS NULL THEN 1 ELSE 0 END, NOT a' seen.txt
