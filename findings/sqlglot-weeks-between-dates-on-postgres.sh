#!/usr/bin/env bash
# sqlglot turns DuckDB's `date_diff('week', a, b)` into a ROUNDED number of elapsed weeks for PostgreSQL.
#
# DuckDB divides the days between by seven and drops what is left: no week from Monday to Friday. What sqlglot writes divides,
# too, and casts to BIGINT, and PostgreSQL's cast rounds: 4/7 is 1 week. Where 4 to 6 days are left over, the answer is one too large.
#
# Seen with sqlglot 30.30.0, DuckDB 2.0.0, PostgreSQL 18 (PGlite 0.5.17). Needs python3, node, npm. Exits 1 if it changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @electric-sql/pglite@0.5.17
cat > run.mjs <<'JS'
import { PGlite } from "@electric-sql/pglite";
const db = new PGlite();
for (const text of process.argv.slice(2)) console.log(`PostgreSQL ${Object.values((await db.query(text)).rows[0])[0]} <- ${text}`);
JS
cat > run.py <<'PY'
import subprocess

import duckdb
import sqlglot

for days in ("DATE '2024-01-01', DATE '2024-01-05'", "DATE '2024-01-01', DATE '2024-01-12'"):
    text = f"SELECT date_diff('week', {days})"
    print(f"DuckDB {duckdb.sql(text).fetchall()[0][0]} <- {text}", flush=True)
    subprocess.run(["node", "run.mjs", sqlglot.transpile(text, read="duckdb", write="postgres")[0]], check=True)
PY
python/bin/python run.py | tee seen.txt
[ "$(cut -d' ' -f1,2 seen.txt | tr '\n' ',')" = "DuckDB 0,PostgreSQL 1,DuckDB 1,PostgreSQL 2," ]
