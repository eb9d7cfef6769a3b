#!/usr/bin/env bash
# DuckDB's `COPY ... TO 'x.parquet'` writes the SUM of a BIGINT column as DOUBLE, and loses units above 2^53 silently.
#
# SUM over integers is HUGEINT, which Parquet does not have. The Arrow way out of the same engine carries the same value
# whole, as decimal128(38, 0). Two exports of one answer differ.
#
# Seen with DuckDB 2.0.0 and pyarrow 26.0.1. Needs python3. Exits 1 if it changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.0 pyarrow==26.0.1
cat > run.py <<'PY'
import duckdb
import pyarrow.parquet as parquet

link = duckdb.connect()
link.execute("CREATE TABLE t AS SELECT * FROM (VALUES (9007199254740992::BIGINT), (1::BIGINT)) AS v(x)")
total = link.sql("SELECT sum(x) AS total FROM t")
print("asked     ", total.fetchall()[0][0], total.types[0])
link.execute("COPY (SELECT sum(x) AS total FROM t) TO 'total.parquet'")
table = parquet.read_table("total.parquet")
print("Parquet   ", int(table["total"][0].as_py()), table.schema.field("total").type)
arrow = link.sql("SELECT sum(x) AS total FROM t").to_arrow_table()
print("Arrow     ", arrow["total"][0].as_py(), arrow.schema.field("total").type)
PY
python/bin/python run.py | tee seen.txt
grep -Eq '^asked +9007199254740993 HUGEINT$' seen.txt
grep -Eq '^Parquet +9007199254740992 double$' seen.txt
grep -Eq '^Arrow +9007199254740993 decimal128\(38, 0\)$' seen.txt
