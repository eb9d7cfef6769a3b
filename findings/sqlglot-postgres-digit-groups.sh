#!/usr/bin/env bash
# sqlglot reads PostgreSQL's digit groups (`1_000`, PostgreSQL 16 and later) as a number and an alias.
#
# `SELECT sum(x) / 1_000` is written back as `SELECT SUM(x) / 1 AS _000`: no error, and the answer is a thousand times
# too large. In DuckDB's dialect the same text is read rightly.
#
# Seen with sqlglot 30.30.0; both texts run on PostgreSQL 18 (PGlite 0.5.17). Needs python3, node, npm. Exits 1 if it changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check sqlglot==30.30.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @electric-sql/pglite@0.5.17
sent='SELECT sum(x) / 1_000 FROM (VALUES (40000)) AS t(x)'
written=$(python/bin/python -c 'import sys, sqlglot; print(sqlglot.transpile(sys.argv[1], read="postgres", write="postgres")[0])' "$sent")
duckdb=$(python/bin/python -c 'import sys, sqlglot; print(sqlglot.transpile(sys.argv[1], read="duckdb", write="duckdb")[0])' "$sent")
cat > run.mjs <<'JS'
import { PGlite } from "@electric-sql/pglite";
const db = new PGlite();
for (const text of process.argv.slice(2)) console.log(Object.values((await db.query(text)).rows[0])[0], "<-", text);
JS
echo "DuckDB's dialect writes: $duckdb"
node run.mjs "$sent" "$written" | tee seen.txt
grep -q '/ 1000 ' <<< "$duckdb"
grep -q '^40 <- SELECT sum(x) / 1_000 ' seen.txt
grep -q '^40000 <- SELECT SUM(x) / 1 AS _000 ' seen.txt
